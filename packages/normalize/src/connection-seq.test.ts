import type { Market } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, type Row, START_US, type Step } from './lane-fixture.ts'

const BTC = 'BTCUSDT'
const ETH = 'ETHUSDT'
const none = Number.NaN
const BOOK: Level[] = [
  ['bid', '10.0', '1'],
  ['ask', '11.0', '3'],
]
const of = (rows: readonly Row[], table: string): Row[] => rows.filter((row) => row.table === table)
const gaps = (rows: readonly Row[]): unknown[][] =>
  of(rows, 'gaps').map((row) => [row.symbol, row.stream, row.cause, row.from_seq, row.to_seq])
const at = (records: number): number => START_US + 1_000 * records
const connect = (market: Market, ...streams: (readonly [string, string])[]): Step => ({
  kind: 'connect',
  exchange: 'other',
  market,
  subscriptions: streams,
})
const frame = (connectionSeq: number, ...messages: Message[]): Step => ({
  kind: 'frame',
  connection: 1,
  connectionSeq,
  messages,
})
const trade = (textId: string): Message => ({ kind: 'trade', first: none, textId })
const delta = (seq: number, symbol = BTC): Message => ({
  kind: 'delta',
  symbol,
  first: seq,
  levels: [['bid', '9', '1']],
})
const snapshot = (seq: number, symbol = BTC): Message => ({
  kind: 'snapshot',
  symbol,
  first: seq,
  levels: BOOK,
})
const stateOf = (lane: FakeLane, key = 0): unknown =>
  JSON.parse(new TextDecoder().decode(lane.normalizer.image())).keys[key].keeper.state

/** A lane that heard frames 0 to 2 of a connection with a trade stream and a book without a sequence. */
function openLane(market: Market = 'inverse'): FakeLane {
  const lane = new FakeLane()
  lane.play(connect(market, [BTC, 'trade'], [BTC, 'depth'], [BTC, 'quote']))
  lane.play(frame(0, snapshot(market === 'linear' ? 1 : none)), frame(1), frame(2, trade('a')))
  return lane
}

describe('a connection whose frames are counted', () => {
  it('stores the place of its frames with book updates, and nothing where there is none', () => {
    const lane = openLane()
    const rows = lane.play(frame(3, delta(none), delta(none)), frame(none, delta(none)))
    expect(of(rows, 'futures_delta').map((row) => row.connection_seq)).toEqual([3, 3, null])
    expect(of(lane.rows, 'futures_delta')[0]?.connection_seq).toBe(0)
  })

  it('says nothing of it in rows of answers', () => {
    const lane = openLane()
    const rows = lane.play({
      kind: 'answer',
      exchange: 'other',
      market: 'inverse',
      resync: 0,
      snapshot: { last: none, levels: BOOK },
    })
    expect(of(rows, 'futures_delta').map((row) => row.connection_seq)).toEqual([null, null])
  })

  it('counts frames without events too', () => {
    const lane = openLane()
    lane.play(frame(3), frame(4), frame(5, trade('b'), delta(none)))
    expect([lane.replaced, stateOf(lane)]).toEqual([[], 'live'])
    expect(gaps(lane.rows).filter(([, , cause]) => cause !== 'start')).toEqual([])
  })

  it('stores nothing of a frame that comes again or too late, and counts its events as duplicates', () => {
    const lane = openLane()
    const before = lane.normalizer.counters
    const rows = lane.play(frame(2, trade('x'), delta(none)), frame(1, trade('y')), frame(3, trade('z')))
    expect(rows.map((row) => row.trade_id)).toEqual(['z'])
    const { received, duplicates, stored } = lane.normalizer.counters
    expect([received - before.received, duplicates, stored - before.stored]).toEqual([4, 3, 1])
    expect(lane.replaced).toEqual([])
  })

  it('loses with a missing frame what has no sequence: a gap, the book, and the connection is to be replaced', () => {
    const lane = openLane()
    const rows = lane.play(frame(4, trade('b')), frame(5, delta(none)))
    expect(gaps(rows)).toEqual([[BTC, 'trade', 'sequence', null, null]])
    expect(of(rows, 'gaps')[0]).toMatchObject({ from_ts: at(4), to_ts: at(5) })
    expect([lane.replaced, stateOf(lane), lane.wanted]).toEqual([[1], 'cut', []])
    expect(of(rows, 'futures_delta')[0]?.book_state).toBe('resync')
    lane.play({ kind: 'disconnect', connection: 1 }, connect('inverse', [BTC, 'depth']))
    const last = lane.play({ kind: 'frame', connection: 8, connectionSeq: 0, messages: [snapshot(none)] })
    expect(of(last, 'gaps')[0]).toMatchObject({ cause: 'sequence', from_ts: at(2), to_ts: at(9) })
    expect(stateOf(lane)).toBe('live')
  })

  it('asks for its replacement once per hole', () => {
    const lane = openLane()
    lane.play(frame(5), frame(6), frame(7, delta(none)))
    expect(lane.replaced).toEqual([1])
    lane.play(frame(9))
    expect(lane.replaced).toEqual([1, 1])
  })

  it('leaves streams alone that prove by their own sequence that nothing of theirs is missing', () => {
    const lane = openLane('linear')
    const rows = lane.play(frame(9, delta(2), { kind: 'quote', first: 7 }))
    expect(gaps(rows)).toEqual([[BTC, 'quote', 'start', null, 7]])
    expect([stateOf(lane), lane.replaced]).toEqual(['live', [1]])
    expect(gaps(lane.play(frame(19, delta(4))))).toEqual([[BTC, 'depth', 'sequence', 2, 4]])
    expect(gaps(lane.play(frame(29, { kind: 'quote', first: 8 })))).toEqual([
      [BTC, 'quote', 'sequence', 7, 8],
    ])
  })

  it('begins at 0: a first frame with another number has missed some, which cost what was heard before', () => {
    const lane = openLane()
    lane.play({ kind: 'disconnect', connection: 1 }, connect('inverse', [BTC, 'depth']))
    lane.play({ kind: 'frame', connection: 6, connectionSeq: 1, messages: [] })
    expect([lane.replaced, stateOf(lane)]).toEqual([[6], 'cut'])
    const rows = lane.play({ kind: 'frame', connection: 6, connectionSeq: 2, messages: [snapshot(none)] })
    expect(gaps(rows)).toEqual([[BTC, 'depth', 'disconnect', null, null]])
    expect(stateOf(lane)).toBe('live')
  })

  it('says that a frame which could not be read is what is missing', () => {
    const lane = openLane()
    const rows = lane.play({ kind: 'dead', connection: 1 }, frame(4, trade('b')))
    expect(of(rows, 'gaps')[0]).toMatchObject({ cause: 'undecodable', detail: 'frame 5' })
    expect(gaps(lane.play(frame(6, trade('c'))))).toEqual([[BTC, 'trade', 'sequence', null, null]])
  })

  it.each([
    ['is counted', 4, 'undecodable', 'frame 5'],
    ['is not counted', none, 'disconnect', null],
  ])('which %s names the unreadable frame also when another one reveals the gap', (_, seq, cause, detail) => {
    const lane = openLane()
    lane.play({ kind: 'dead', connection: 1 }, frame(seq))
    const rows = lane.play(
      { kind: 'disconnect', connection: 1 },
      connect('inverse', [BTC, 'depth'], [BTC, 'trade']),
      { kind: 'frame', connection: 8, connectionSeq: 0, messages: [snapshot(none), trade('b')] },
    )
    expect(of(rows, 'gaps')).toMatchObject([
      { stream: 'depth', cause: 'undecodable', detail: 'frame 5' },
      { stream: 'trade', cause, detail },
    ])
  })

  it('costs only what that connection carries', () => {
    const lane = new FakeLane()
    lane.play(connect('inverse', [BTC, 'depth']), connect('inverse', [ETH, 'depth']))
    lane.play(frame(0, snapshot(none)))
    lane.play({ kind: 'frame', connection: 2, connectionSeq: 0, messages: [snapshot(none, ETH)] })
    lane.play(frame(5))
    expect([stateOf(lane, 0), stateOf(lane, 1)]).toEqual(['cut', 'live'])
  })

  it('is counted on in a process that goes on from a state image', () => {
    const lane = openLane()
    const other = new FakeLane()
    other.normalizer.restore(lane.normalizer.image())
    other.number = lane.number
    other.nowUs = lane.nowUs
    expect(other.play(frame(2, trade('x')))).toEqual([])
    other.play(frame(3, delta(none)))
    expect(other.replaced).toEqual([])
    other.play(frame(5))
    expect(other.replaced).toEqual([1])
  })

  it('needs nobody who replaces it', () => {
    const lane = new FakeLane({ wantReplace: undefined as never })
    lane.play(connect('inverse', [BTC, 'depth']), frame(0, snapshot(none)), frame(7, delta(none)))
    expect(stateOf(lane)).toBe('cut')
    lane.play(frame(8, snapshot(none)))
    expect(stateOf(lane)).toBe('live')
  })
})
