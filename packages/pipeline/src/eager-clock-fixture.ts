import { type Clock, manualClock } from '@cryptoflow/runtime'

/** A clock whose waits end as soon as nothing else is to be done, and that tells how long they were. */
export function eagerClock(): Clock & { readonly waitsMs: number[]; advance(ms: number): void } {
  const clock = manualClock()
  const waitsMs: number[] = []
  return {
    ...clock,
    waitsMs,
    after(ms, callback) {
      waitsMs.push(ms)
      const cancel = clock.after(ms, callback)
      queueMicrotask(() => clock.advance(ms))
      return cancel
    },
  }
}
