import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, type Step } from './lane-fixture.ts'

/**
 * Two connections that carry the same streams of one key, in every order in which their messages can be heard: each leg
 * brings its own in order, whatever the other does.
 */

const MESSAGES = 6
type Leg = 0 | 1

/** Every way in which `a` messages of one leg and `b` of the other can follow each other. */
function interleavings(a: number, b: number): Leg[][] {
  if (a === 0 || b === 0) return [Array<Leg>(a + b).fill(a === 0 ? 1 : 0)]
  const withFirst = (leg: Leg, rest: Leg[][]): Leg[][] => rest.map((legs) => [leg, ...legs])
  return [...withFirst(0, interleavings(a - 1, b)), ...withFirst(1, interleavings(a, b - 1))]
}

const connect: Step = {
  kind: 'connect',
  subscriptions: [
    ['BTCUSDT', 'trade'],
    ['BTCUSDT', 'depth'],
  ],
}

/** A trade and an update of the book in one frame, both of this number. */
function frame(leg: Leg, number: number): Step {
  const levels = [['bid', `${90 + number}.0`, `${number}`]] as const
  const messages: Message[] = [
    { kind: 'trade', first: number },
    { kind: 'delta', first: number, last: number, levels },
  ]
  return { kind: 'frame', connection: 2 + leg, messages }
}

interface Played {
  readonly lane: FakeLane
  readonly rows: readonly Row[]
}

/** Both legs from number 0 on, which the book joins; then one after the other as told, without what a leg loses. */
function play(order: readonly Leg[], lost: readonly [readonly number[], readonly number[]]): Played {
  const lane = new FakeLane({ images: { derivedLevels: 0, checkpointEveryUs: 1e12 } })
  const book = { kind: 'answer', resync: 1, snapshot: { last: 0, levels: [['ask', '200.0', '1']] } } as const
  lane.play({ kind: 'start' }, connect, connect, book, frame(0, 0), frame(1, 0))
  const next = [1, 1]
  const rows: Row[] = []
  for (const leg of order) {
    while (lost[leg].includes(next[leg] as number)) next[leg] = (next[leg] as number) + 1
    rows.push(...lane.play(frame(leg, next[leg] as number)))
    next[leg] = (next[leg] as number) + 1
  }
  return { lane, rows }
}

const of = (rows: readonly Row[], table: string): Row[] => rows.filter((row) => row.table === table)
const numbersOf = (rows: readonly Row[]): number[] =>
  of(rows, 'ticks').map(({ trade_id }) => Number(trade_id))

describe('two connections of one key', () => {
  const whole = interleavings(MESSAGES, MESSAGES)

  it('store every message once, where it was heard first, in all 924 orders', () => {
    expect(whole).toHaveLength(924)
    for (const order of whole) {
      const { lane, rows } = play(order, [[], []])
      const name = order.join('')
      expect(numbersOf(rows), name).toEqual([1, 2, 3, 4, 5, 6])
      expect(
        of(rows, 'spot_delta').map(({ last_seq }) => last_seq),
        name,
      ).toEqual([1, 2, 3, 4, 5, 6])
      expect(of(rows, 'gaps'), name).toEqual([])
      const [{ counters, levels }] = lane.normalizer.keyCounters() as [
        ReturnType<typeof lane.normalizer.keyCounters>[number],
      ]
      expect(counters.duplicates, name).toBe(2 * (MESSAGES + 1))
      expect(levels, name).toEqual([MESSAGES, 1])
    }
  })

  it('lose nothing that either of them brought, and say so where the one with the hole was first', () => {
    // The first leg has no 3, the second no 5.
    const lost = [[3], [5]] as const
    let declared = 0
    for (const order of interleavings(MESSAGES - 1, MESSAGES - 1)) {
      const { rows } = play(order, lost)
      const name = order.join('')
      expect([...numbersOf(rows)].sort(), name).toEqual([1, 2, 3, 4, 5, 6])
      const missing = of(rows, 'gaps').filter(({ stream }) => stream === 'trade')
      const late = numbersOf(rows).filter((number, at, all) =>
        all.slice(0, at).some((before) => before > number),
      )
      // A hole is written at once and not when the slower leg has passed it, though that leg may fill it (D16).
      expect(missing.length, name).toBe(late.length)
      for (const gap of missing) expect(gap, name).toMatchObject({ cause: 'sequence', missing: 1 })
      declared += missing.length
    }
    expect(declared).toBeGreaterThan(0)
  })

  it('have a hole where both lost the same message, in every order', () => {
    for (const order of interleavings(MESSAGES - 1, MESSAGES - 1)) {
      const { rows } = play(order, [[3], [3]])
      expect(numbersOf(rows)).toEqual([1, 2, 4, 5, 6])
      const borders = of(rows, 'gaps').map(({ stream, from_seq, to_seq, missing }) => [
        stream,
        from_seq,
        to_seq,
        missing,
      ])
      expect(borders.sort()).toEqual([
        ['depth', 2, 4, 1],
        ['trade', 2, 4, 1],
      ])
    }
  })

  it('go on with one where the other ends, in every order and at every message', () => {
    for (const order of interleavings(3, 3)) {
      for (let at = 0; at <= order.length; at++) {
        const lane = new FakeLane()
        lane.play({ kind: 'start' }, connect, connect, frame(0, 0), frame(1, 0))
        const rows: Row[] = []
        let ended = false
        const next = [1, 1]
        for (const [index, leg] of [...order, 1 as Leg].entries()) {
          if (index === at) rows.push(...lane.play({ kind: 'disconnect', connection: 2 }))
          ended ||= index === at
          if (ended && leg === 0) continue
          rows.push(...lane.play(frame(leg, next[leg] as number)))
          next[leg] = (next[leg] as number) + 1
        }
        const heard = Math.max(next[0] as number, next[1] as number) - 1
        expect(numbersOf(rows)).toEqual(Array.from({ length: heard }, (_, i) => i + 1))
        expect(of(rows, 'gaps')).toEqual([])
      }
    }
  })
})
