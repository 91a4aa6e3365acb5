import { describe, expect, it } from 'vitest'
import { FakeLane, type Message, type Row, START_US, type Step } from './lane-fixture.ts'
import { LEG_LAG_US_MAX } from './waiting-hole.ts'

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

  it('lose nothing that either of them brought, without a hole and with the book alive, in every order', () => {
    let late = 0
    for (const order of interleavings(MESSAGES - 1, MESSAGES - 1)) {
      // The first leg has no 3, the second no 5.
      const { lane, rows } = play(order, [[3], [5]])
      const name = order.join('')
      expect([...numbersOf(rows)].sort(), name).toEqual([1, 2, 3, 4, 5, 6])
      expect(of(rows, 'gaps'), name).toEqual([])
      const [{ counters, levels }] = lane.normalizer.keyCounters() as [
        ReturnType<typeof lane.normalizer.keyCounters>[number],
      ]
      expect([counters.asked, levels], name).toEqual([1, [MESSAGES, 1]])
      late += counters.late
    }
    expect(late).toBeGreaterThan(0)
  })

  it('have a hole where both lost the same message, when both have passed it, in every order', () => {
    for (const order of interleavings(MESSAGES - 1, MESSAGES - 1)) {
      const { rows } = play(order, [[3], [3]])
      expect(numbersOf(rows)).toEqual([1, 2, 4, 5, 6])
      const third = (leg: Leg): number => order.flatMap((one, at) => (one === leg ? [at] : []))[2] as number
      // Six records stand before those of the order.
      const passed = 7 + Math.max(third(0), third(1))
      expect(of(rows, 'gaps').map(({ frame }) => frame)).toEqual([passed, passed])
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

  /** Leg 0 has no 3 and is in front; leg 1 is silent. */
  const behind = [0, 0, 0] as const

  it('have a hole when the silent one has had its time, and not before', () => {
    const { lane, rows } = play(behind, [[3], []])
    const atUs = lane.nowUs + LEG_LAG_US_MAX
    expect(of([...rows, ...lane.play({ kind: 'clock', atUs: atUs - 1 })], 'gaps')).toEqual([])
    const declared = of(lane.play({ kind: 'clock', atUs }), 'gaps')
    expect(declared).toHaveLength(2)
    for (const gap of declared) {
      expect(gap).toMatchObject({ from_seq: 2, to_seq: 4, missing: 1, cause: 'sequence', received_ts: atUs })
      expect(gap).toMatchObject({ from_ts: START_US + 8_000, to_ts: START_US + 9_000 })
    }
    expect(lane.wanted.at(-1)).toMatchObject({ resync: 2 })
    // What comes after all is stored as what was in a hole.
    const [late] = of(lane.play(frame(1, 1), frame(1, 2), frame(1, 3)), 'spot_delta')
    expect(late).toMatchObject({ last_seq: 3, book_state: 'stale' })
    expect(
      lane.play({ kind: 'clock', atUs: atUs + 10 * LEG_LAG_US_MAX }).map(({ table }) => table),
    ).not.toContain('gaps')
  })

  it.each([
    ['ends', { kind: 'disconnect', connection: 3 }],
    ['ends with the process', { kind: 'start' }],
    ['is stopped', { kind: 'stop' }],
  ] as const)('have a hole when the one behind %s', (_, end) => {
    const { lane } = play(behind, [[3], []])
    const gaps = of(lane.play(end), 'gaps').filter(({ state }) => state === 'closed')
    expect(gaps.map(({ stream, from_seq, to_seq }) => [stream, from_seq, to_seq])).toEqual([
      ['trade', 2, 4],
      ['depth', 2, 4],
    ])
  })

  it('keep the minute open in which a hole begins that waits', () => {
    const MINUTE_US = 60_000_000
    const { lane } = play([0, 0, 1], [[], []])
    lane.play({ ...frame(0, 4), atUs: START_US + 2 * MINUTE_US - 100_000 })
    const minutes = (step: Step): unknown[] =>
      of(lane.play(step), 'coverage')
        .filter(({ table_name }) => table_name === 'ticks')
        .map(({ minute, causes }) => [(Number(minute) - START_US) / MINUTE_US, causes])
    expect(minutes({ kind: 'clock', atUs: START_US + 2 * MINUTE_US })).toEqual([])
    lane.play(frame(1, 2), frame(1, 4))
    expect(minutes({ kind: 'clock', atUs: START_US + 3 * MINUTE_US })).toEqual([[0, 'sequence,start']])
  })

  it('wait for the one that carries the stream on, not for the one that found the hole', () => {
    const { lane } = play(behind, [[3], []])
    expect(of(lane.play({ kind: 'disconnect', connection: 2 }), 'gaps')).toEqual([])
    expect(of(lane.play(frame(1, 1), frame(1, 2), frame(1, 3), frame(1, 4)), 'gaps')).toEqual([])
  })

  it('say how much of a hole is missing when the other brought a part of it', () => {
    const { lane } = play(behind, [[2, 3, 4, 5], []])
    const rows = lane.play(frame(1, 1), frame(1, 4), frame(1, 6))
    const own = of(rows, 'gaps').filter(({ stream }) => stream === 'trade')
    expect(own).toMatchObject([{ from_seq: 1, to_seq: 6, missing: 3 }])
  })

  it('let the book wait in line, and show it at the numbers that it has', () => {
    const lane = new FakeLane({ images: { derivedLevels: 20, derivedEveryUs: 100_000 } })
    const book = {
      kind: 'answer',
      resync: 1,
      snapshot: { last: 0, levels: [['ask', '200.0', '1']] },
    } as const
    lane.play({ kind: 'start' }, connect, connect, book, frame(0, 0), frame(1, 0), frame(0, 1))
    const waiting = lane.play(frame(0, 3), frame(0, 4))
    expect(of(waiting, 'spot_delta').map(({ book_state }) => book_state)).toEqual(['resync', 'resync'])
    const imageAt = (us: number): unknown[] => {
      const rows = lane.play({ kind: 'clock', atUs: START_US + us })
      return of(rows, 'spot_ob').map(({ last_seq, side, price }) => [last_seq, side, price])
    }
    expect(imageAt(100_000)).toEqual([
      [1, 'bid', '91.0'],
      [1, 'ask', '200.0'],
    ])
    expect(imageAt(200_000)).toEqual([])
    lane.play(frame(1, 1), frame(1, 2))
    expect(imageAt(300_000).map((level) => (level as unknown[]).slice(0, 2))).toEqual([
      [4, 'bid'],
      [4, 'bid'],
      [4, 'bid'],
      [4, 'bid'],
      [4, 'ask'],
    ])
    expect(lane.wanted).toHaveLength(1)
  })

  it('begin a book anew when more stands in line than it holds', () => {
    const { lane } = play(behind, [[3], []])
    for (let number = 5; number < 5 + 1_024; number++)
      lane.play({ ...frame(0, number), atUs: lane.nowUs + 1 })
    expect(lane.wanted.map(({ resync }) => resync)).toEqual([1, 2])
    expect(of(lane.rows, 'gaps').filter(({ from_seq }) => from_seq !== null)).toEqual([])
  })

  it('know by the number before that nothing is missing where numbers skip', () => {
    const lane = new FakeLane()
    const linked: Step = { kind: 'connect', subscriptions: [['BTCUSDT', 'chained']] }
    const update = (leg: Leg, last: number, prev: number): Step => ({
      kind: 'frame',
      connection: 2 + leg,
      messages: [{ kind: 'delta', stream: 'chained', first: last, last, prev }],
    })
    lane.play({ kind: 'start' }, linked, linked, update(0, 10, 5), update(1, 10, 5), update(0, 40, 30))
    expect(of(lane.play(update(1, 20, 10), update(1, 30, 20), update(1, 40, 30)), 'gaps')).toEqual([])
    lane.play(update(0, 80, 70))
    const [gap, ...others] = of(lane.play(update(1, 60, 50), update(1, 90, 80)), 'gaps')
    expect(gap).toMatchObject({ from_seq: 40, to_seq: 80, missing: null })
    expect(others).toEqual([])
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
