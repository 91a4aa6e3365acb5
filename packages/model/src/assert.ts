/** Stops the process on our own mistake: what must hold does not. Restart is safe by design. */
export function assert(condition: boolean, whatMustHold: string): asserts condition {
  if (!condition) throw new Error(`bug: ${whatMustHold}`)
}
