/** The same port, where calls of its methods go through `around`; `call` makes the real one. */
export function around<T extends object>(
  port: T,
  through: (method: string, call: () => Promise<unknown>) => Promise<unknown>,
): T {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key)
      if (typeof member !== 'function') return member
      return (...values: unknown[]) => through(String(key), async () => member.apply(target, values))
    },
  })
}
