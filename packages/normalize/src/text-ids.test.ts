import { describe, expect, it } from 'vitest'
import { IdWindow } from './id-window.ts'
import { chanceOf, FakeLane, type Message, type Row, type Step } from './lane-fixture.ts'

const A = 'A'
const connect = (...streams: string[]): Step => ({
  kind: 'connect',
  exchange: 'other',
  subscriptions: streams.map((stream) => [A, stream] as const),
})
const frame = (...messages: Message[]): Step => frameOf(1, ...messages)
const frameOf = (connection: number, ...messages: Message[]): Step => ({
  kind: 'frame',
  connection,
  messages,
})
const trade = (textId: string, first = Number.NaN, more: Partial<Message> = {}): Message => ({
  kind: 'trade',
  symbol: A,
  first,
  textId,
  ...more,
})
const ids = (rows: readonly Row[]): unknown[] =>
  rows.filter(({ table }) => table === 'ticks').map((row) => row.trade_id)
const gaps = (rows: readonly Row[]): unknown[] =>
  rows.filter(({ table }) => table === 'gaps').map((row) => row.cause)

describe('messages that are known by a name', () => {
  it('are stored once, under that name, while it is among the last ones', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('trade'), frame(trade('a'), trade('b'), trade('a'), trade('c')))
    expect(ids(rows)).toEqual(['a', 'b', 'c'])
    expect(lane.normalizer.counters).toMatchObject({ received: 4, stored: 3, duplicates: 1 })
    // Four are remembered.
    expect(ids(lane.play(frame(trade('d'), trade('e'), trade('b'), trade('a'))))).toEqual(['d', 'e', 'a'])
  })

  it('are told from those of other keys', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('trade'), frame(trade('a'), trade('a', Number.NaN, { symbol: 'B' })))
    expect(ids(rows)).toEqual(['a', 'a'])
  })

  it('close no gap when they come again after a reconnect, and the first new one does', () => {
    const lane = new FakeLane()
    lane.play(connect('trade'), frame(trade('a'), trade('b')))
    lane.play({ kind: 'disconnect', connection: 1 }, connect('trade'))
    expect(gaps(lane.play(frameOf(4, trade('a'), trade('b'))))).toEqual([])
    const rows = lane.play(frameOf(4, trade('c')))
    expect([gaps(rows), ids(rows)]).toEqual([['disconnect'], ['c']])
  })

  it('without a name stand for themselves', () => {
    const lane = new FakeLane()
    const nameless: Message = { kind: 'trade', symbol: A, first: Number.NaN }
    expect(ids(lane.play(connect('trade'), frame(nameless, nameless)))).toEqual([null, null])
  })

  it('are judged by their numbers first, where they have both', () => {
    const lane = new FakeLane()
    const numbered = (textId: string, first: number): Message => trade(textId, first, { stream: 'numbered' })
    const rows = lane.play(
      connect('numbered'),
      frame(numbered('a', 10), numbered('b', 11), numbered('x', 11), numbered('e', 15)),
      // Late, a repetition of it, a repetition under a number that follows, and what was older than all.
      frame(numbered('c', 12), numbered('c', 12), numbered('e', 16), numbered('old', 3)),
      frame(numbered('f', 16)),
    )
    expect(ids(rows)).toEqual(['a', 'b', 'e', 'c', 'old', 'f'])
    expect(gaps(rows)).toEqual(['start', 'sequence'])
    expect(lane.normalizer.counters).toMatchObject({ duplicates: 3, late: 2 })
  })

  it('are no late ones when they come again under a number that was missing', () => {
    const lane = new FakeLane()
    const numbered = (textId: string, first: number): Message => trade(textId, first, { stream: 'numbered' })
    const rows = lane.play(
      connect('numbered'),
      frame(numbered('a', 10), numbered('b', 15), numbered('a', 12), numbered('c', 13)),
    )
    expect(ids(rows)).toEqual(['a', 'b', 'c'])
  })

  it('may be told by answers, and are remembered by the state image', () => {
    const told = (...names: string[]): Step => ({
      kind: 'told',
      exchange: 'other',
      symbol: A,
      stream: 'told',
      messages: names.map((name) => trade(name, Number.NaN, { stream: 'told' })),
    })
    const lane = new FakeLane()
    expect(ids(lane.play(told('a', 'b', 'c', 'd', 'e', 'b')))).toEqual(['a', 'b', 'c', 'd', 'e'])
    const other = new FakeLane()
    other.normalizer.restore(lane.normalizer.image())
    expect(other.normalizer.image()).toEqual(lane.normalizer.image())
    other.number = lane.number
    other.nowUs = lane.nowUs
    for (const each of [lane, other])
      expect(ids(each.play(told('b', 'c', 'f', 'c', 'b')))).toEqual(['f', 'b'])
    expect(other.normalizer.image()).toEqual(lane.normalizer.image())
    expect(gaps(lane.rows)).toEqual([])
  })

  it('are no matter for the trades of streams without names', () => {
    const lane = new FakeLane()
    const rows = lane.play(
      { kind: 'connect', subscriptions: [[A, 'plain']] },
      frame(
        { kind: 'trade', symbol: A, stream: 'plain', first: 1, textId: '18446744073709551615' },
        { kind: 'trade', symbol: A, stream: 'plain', first: 2 },
      ),
    )
    expect(ids(rows)).toEqual(['18446744073709551615', '2'])
  })
})

describe('trades of other kinds', () => {
  it('say that they were agreed outside the book', () => {
    const lane = new FakeLane()
    const rows = lane.play(
      connect('trade'),
      frame(trade('a', Number.NaN, { kind: 'block', tradeType: 'otc' })),
    )
    expect(rows.filter(({ table }) => table === 'ticks')).toMatchObject([
      { kind: 'block', trade_id: 'a', trade_count: null, first_trade_id: null, last_trade_id: null },
    ])
  })

  it('that join several trades go on by the trades in them, and are called by the last one', () => {
    const lane = new FakeLane()
    const joint = (first: number, last: number): Message => ({
      kind: 'aggregate',
      symbol: A,
      stream: 'numbered',
      first,
      last,
      trades: [first, last],
    })
    const rows = lane.play(connect('numbered'), frame(joint(5, 7), joint(8, 8), joint(6, 7), joint(10, 12)))
    const ticks = rows.filter(({ table }) => table === 'ticks')
    expect(
      ticks.map((row) => [row.trade_id, row.trade_count, row.first_trade_id, row.last_trade_id]),
    ).toEqual([
      ['7', 3, '5', '7'],
      ['8', 1, '8', '8'],
      ['12', 3, '10', '12'],
    ])
    const last = rows.filter(({ table }) => table === 'gaps').at(-1)
    expect([last?.from_seq, last?.to_seq, last?.missing]).toEqual([8, 10, 1])
  })
})

describe('an id window', () => {
  it('is the set of the last different ids, whatever comes', () => {
    for (const seed of [1, 2, 3]) {
      const chance = chanceOf(seed)
      let ours = new IdWindow(5)
      let plain: number[] = []
      for (let i = 0; i < 2_000; i++) {
        const id = chance(12)
        const isNew = !plain.includes(id)
        expect(ours.add(id)).toBe(isNew)
        if (isNew) plain = [...plain, id].slice(-5)
        expect(ours.hashes()).toEqual(plain)
        if (chance(50) > 0) continue
        const again = new IdWindow(5)
        for (const hash of ours.hashes()) again.add(hash)
        ours = again
      }
    }
  })
})
