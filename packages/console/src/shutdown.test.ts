import { openBoard } from '@cryptoflow/pipeline'
import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { openStop, pendingText, stopOnce, stopWithin } from './shutdown.ts'

describe('a signal to stop', () => {
  it('stops once, takes its echo for the same signal, and ends at once when it comes again', () => {
    const clock = manualClock()
    const calls: string[] = []
    const signalled = stopOnce(
      clock,
      () => calls.push('stop'),
      () => calls.push('end'),
    )
    signalled()
    clock.advance(900)
    signalled()
    expect(calls).toEqual(['stop'])
    clock.advance(101)
    signalled()
    expect(calls).toEqual(['stop', 'end'])
  })
})

describe('a stop within its time', () => {
  const stopping = () => {
    const clock = manualClock()
    const said: string[] = []
    const say = (text: string): void => {
      said.push(text)
    }
    let ends = 0
    const end = (): void => {
      ends += 1
    }
    const cancel = stopWithin({ clock, withinMs: 12_000, pending: () => '7 records to be read', say, end })
    return { clock, said, cancel, ends: () => ends }
  }

  it('says every five seconds what it waits for, and at the end that the journal keeps it', () => {
    const { clock, said, ends } = stopping()
    clock.advance(11_999)
    expect(said).toEqual([
      'stopping, 5 of 12 s: 7 records to be read',
      'stopping, 10 of 12 s: 7 records to be read',
    ])
    expect(ends()).toBe(0)
    clock.advance(60_000)
    expect(ends()).toBe(1)
    expect(said.slice(2)).toEqual([
      'not everything was done within 12 s (shutdown.within_ms): 7 records to be read',
      'the journal keeps what is pending, and the next start goes on from there',
    ])
  })

  it('says and ends nothing once it is done', () => {
    const { clock, said, cancel, ends } = stopping()
    cancel()
    clock.advance(60_000)
    expect(said).toEqual([])
    expect(ends()).toBe(0)
  })
})

describe('a stop that was begun', () => {
  it('has its time anew when it is begun again, and none when all is done', () => {
    const clock = manualClock()
    const said: string[] = []
    let stops = 0
    const stopping = openStop({
      clock,
      withinMs: 12_000,
      pending: () => 'a round is under way',
      teller: { say: (text) => void said.push(text), end: async () => {} },
      does: 'finishing the round',
      async stop() {
        stops += 1
      },
    })
    stopping.begin()
    clock.advance(9_000)
    stopping.begin()
    clock.advance(9_000)
    stopping.done()
    clock.advance(60_000)
    expect(stops).toBe(2)
    expect(said).toEqual([
      'stopping: finishing the round ...',
      'stopping, 5 of 12 s: a round is under way',
      'stopping: finishing the round ...',
      'stopping, 5 of 12 s: a round is under way',
    ])
  })
})

describe('what is pending', () => {
  it('names each stretch of the way that records are on', () => {
    const board = openBoard()
    expect(pendingText(board)).toBe('nothing is pending')
    board.set('appended', 12_000)
    board.set('durable', 11_990)
    board.set('read', 9_990)
    board.set('sealed', 9_000)
    board.set('released', 8_500)
    expect(pendingText(board)).toBe(
      '10 records to be written to the journal, 2,000 records to be read, 990 records to be sealed, 500 records to be committed',
    )
  })
})
