import { describe, expect, it } from 'vitest'
import { manualClock } from './manual-clock.ts'

describe('manualClock', () => {
  it('stands still until it is advanced', () => {
    const clock = manualClock(5_000)
    expect(clock.nowUs()).toBe(5_000)
    clock.advance(1.5)
    expect(clock.nowUs()).toBe(6_500)
  })

  it('fires timers in order of time, then of registration, each at its own moment', () => {
    const clock = manualClock(0)
    const fired: string[] = []
    clock.after(30, () => fired.push(`c at ${clock.nowUs()}`))
    clock.after(10, () => fired.push(`a at ${clock.nowUs()}`))
    clock.after(10, () => fired.push(`b at ${clock.nowUs()}`))
    clock.advance(20)
    expect(fired).toEqual(['a at 10000', 'b at 10000'])
    clock.advance(10)
    expect(fired).toEqual(['a at 10000', 'b at 10000', 'c at 30000'])
  })

  it('repeats an interval until it is cancelled, also from inside its own callback', () => {
    const clock = manualClock(0)
    let calls = 0
    const cancel = clock.every(10, () => {
      calls += 1
      if (calls === 3) cancel()
    })
    clock.advance(100)
    expect(calls).toBe(3)
  })

  it('does not fire what was cancelled', () => {
    const clock = manualClock(0)
    let calls = 0
    clock.after(10, () => {
      calls += 1
    })()
    clock.advance(20)
    expect(calls).toBe(0)
  })

  it('fires timers that a callback sets for the same stretch of time', () => {
    const clock = manualClock(0)
    const fired: number[] = []
    clock.after(10, () => {
      clock.after(5, () => fired.push(clock.nowUs()))
      clock.after(50, () => fired.push(clock.nowUs()))
    })
    clock.advance(20)
    expect(fired).toEqual([15_000])
  })
})
