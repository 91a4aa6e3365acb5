import { describe, expect, it } from 'vitest'
import { createCounters } from '../counters.ts'
import { isDelivered, type Past, type Print, Tape } from './tape.ts'

function print(id: number): Print {
  const trade = {
    id,
    timeMs: 1,
    price: 1,
    quantity: 1,
    side: 'buy' as const,
    order: 1,
    isOffBook: false,
  }
  return { trade, price: '1', quantity: '1' }
}

function shown(tape: Tape, isDelivered = true): { readonly ids: number[]; readonly isNews: boolean } | null {
  let seen: Past | null = null
  tape.open((past) => {
    seen = past
    return isDelivered
  })
  const past = seen as Past | null
  return past === null ? null : { ids: past.prints.map(({ trade }) => trade.id), isNews: past.isNews }
}

describe('a tape', () => {
  it('is news to the first subscriber only, and shows the last trades', () => {
    const tape = new Tape(2)
    tape.keep([print(1), print(2), print(3)])
    expect(shown(tape)).toEqual({ ids: [2, 3], isNews: true })
    tape.keep([print(4)])
    expect(shown(tape)).toEqual({ ids: [3, 4], isNews: false })
  })

  it('shows nothing where nothing happened, and nobody what the first subscriber did not get', () => {
    const tape = new Tape(2)
    expect(shown(tape)).toBeNull()
    const lost = new Tape(2)
    lost.keep([print(1)])
    expect(shown(lost, false)).toEqual({ ids: [1], isNews: true })
    expect(shown(lost)).toBeNull()
  })
})

describe('what a listener got', () => {
  it('is what was sent whole, and nothing that cannot be told from a repeat', () => {
    const counters = createCounters()
    const send = (...faults: readonly ('malformed' | 'duplicateAfterReconnect' | 'duplicate')[]) =>
      isDelivered(counters, () => {
        counters.framesSent += 1
        for (const fault of faults) counters.faults[fault] += 1
      })
    expect(send()).toBe(true)
    expect(send('duplicate')).toBe(true)
    expect(send('malformed')).toBe(false)
    expect(send('duplicateAfterReconnect')).toBe(false)
    expect(isDelivered(counters, () => {})).toBe(false)
  })
})
