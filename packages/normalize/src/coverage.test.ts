import { describe, expect, it } from 'vitest'
import { WAIT_MINUTES } from './coverage.ts'
import { FakeLane, type Level, type Message, type Row, START_US, type Step } from './lane-fixture.ts'
import { MINUTE_HOLES_MAX } from './minutes.ts'

const BTC = 'BTCUSDT'
const none = Number.NaN
/** Seconds from the first minute on. */
const at = (seconds: number): { readonly atUs: number } => ({ atUs: START_US + Math.round(seconds * 1e6) })
const connect = (seconds: number, ...streams: string[]): Step => ({
  kind: 'connect',
  subscriptions: streams.map((stream) => [BTC, stream] as const),
  ...at(seconds),
})
const frame = (connection: number, seconds: number, ...messages: Message[]): Step => ({
  kind: 'frame',
  connection,
  messages,
  ...at(seconds),
})
const trade = (connection: number, seconds: number, id: number): Step =>
  frame(connection, seconds, { kind: 'trade', first: id })
const liquidation = (connection: number, seconds: number): Step =>
  frame(connection, seconds, { kind: 'trade', stream: 'plain', first: none })
const clock = (seconds: number): Step => ({ kind: 'clock', ...at(seconds) })
const disconnect = (connection: number, seconds: number): Step => ({
  kind: 'disconnect',
  connection,
  ...at(seconds),
})
/** A record in each minute from one to before another. */
const minutes = (from: number, to: number): Step[] =>
  Array.from({ length: to - from }, (_, i) => clock((from + i) * 60 + 1))

/** Table, minute from the first one on, gap seconds, causes. */
function holes(rows: readonly Row[]): unknown[][] {
  return covered(rows).map((row) => [row.table_name, minuteOf(row), Number(row.gap_seconds), row.causes])
}

/** Table, minute from the first one on, then the counts in the order of the columns. */
function counts(rows: readonly Row[]): unknown[][] {
  return covered(rows).map((row) => [
    row.table_name,
    minuteOf(row),
    ...[row.received, row.stored, row.duplicates, row.filtered, row.dead_letters],
  ])
}

const covered = (rows: readonly Row[]): Row[] => rows.filter(({ table }) => table === 'coverage')
const minuteOf = (row: Row): number => ((row.minute as number) - START_US) / 60e6

describe('a minute', () => {
  it('is written once, when the stream was heard behind its end, with the record that showed it', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade'), trade(1, 0, 1), trade(1, 59.9, 2), trade(1, 60, 3), trade(1, 119.9, 4))
    expect(covered(lane.rows)).toEqual([])
    const rows = lane.play(trade(1, 120, 5))
    expect(covered(rows)).toEqual([
      {
        table: 'coverage',
        exchange: 'fake',
        market: 'spot',
        symbol: BTC,
        instrument: null,
        event_ts: START_US,
        event_ts_source: 'received',
        sent_ts: null,
        received_ts: START_US + 120e6,
        source: 'derived',
        writer: 'J1',
        frame: 6,
        table_name: 'ticks',
        minute: START_US,
        received: 2,
        stored: 2,
        duplicates: 0,
        filtered: 0,
        dead_letters: 0,
        gap_seconds: '0.000000',
        causes: null,
      },
    ])
  })

  it('in which nothing came is a row without a hole when the stream goes on', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade'), trade(1, 0, 1), ...minutes(1, 3), trade(1, 185, 2), clock(240))
    expect(counts(lane.rows)).toEqual([
      ['ticks', 0, 1, 1, 0, 0, 0],
      ['ticks', 1, 0, 0, 0, 0, 0],
      ['ticks', 2, 0, 0, 0, 0, 0],
    ])
    expect(holes(lane.rows).map(([, , seconds, causes]) => [seconds, causes])).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ])
  })

  it('has the seconds of a hole that lie in it, of as many minutes as the hole spans', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade'), trade(1, 0, 1), trade(1, 45, 2), ...minutes(1, 3), trade(1, 190.25, 9))
    lane.play(clock(240), trade(1, 241, 10), clock(300))
    expect(holes(lane.rows)).toEqual([
      ['ticks', 0, 15, 'sequence'],
      ['ticks', 1, 60, 'sequence'],
      ['ticks', 2, 60, 'sequence'],
      ['ticks', 3, 10.25, 'sequence'],
    ])
  })

  it('counts seconds of two holes once, and names both causes', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade', 'aggregate'), trade(1, 10, 1), trade(1, 30, 5))
    lane.play(frame(1, 20, { kind: 'aggregate', first: 1 }))
    lane.play(clock(61), trade(1, 62, 6), frame(1, 62, { kind: 'aggregate', first: 2 }), clock(120))
    expect(holes(lane.rows)).toEqual([['ticks', 0, 30, 'sequence,start']])
  })

  it('names the cause of a hole between two messages of the same microsecond', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade'), trade(1, 0, 1), trade(1, 0, 5), trade(1, 30, 6), trade(1, 30, 8))
    lane.play(trade(1, 60, 9), trade(1, 60, 20), trade(1, 120, 21), clock(180))
    expect(holes(lane.rows)).toEqual([
      ['ticks', 0, 0, 'sequence'],
      ['ticks', 1, 0, 'sequence'],
    ])
  })

  it('says what became of each message', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade'), trade(1, 0, 1), trade(1, 1, 1), trade(1, 2, 2))
    lane.play(frame(1, 3, { kind: 'trade', first: 3, engineUs: 2 * START_US }))
    lane.play(frame(1, 4, { kind: 'quote', stream: 'trade', first: 3 }))
    lane.play(
      { kind: 'dead', connection: 1, ...at(5) },
      frame(1, 6, { kind: 'trade', stream: 'x', first: 1 }),
    )
    lane.play(clock(60), trade(1, 61, 3), clock(120))
    expect(counts(lane.rows)).toEqual([
      ['dead_letter', 0, 1, 0, 0, 0, 1],
      ['dead_letter', 0, 1, 0, 0, 0, 1],
      ['ticks', 0, 5, 2, 1, 0, 2],
    ])
    expect(covered(lane.rows).map(({ symbol }) => symbol)).toEqual([BTC, '', BTC])
  })

  it('calls messages filtered that only serve the images of another table', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['spot_ob'] }, ...at(0) }, connect(0, 'depth', 'trade'))
    lane.play(trade(2, 1, 1), frame(2, 2, { kind: 'delta', first: 1 }))
    lane.play(frame(2, 61, { kind: 'delta', first: 2 }), clock(120))
    expect(counts(lane.rows)).toEqual([['spot_ob', 0, 1, 0, 0, 1, 0]])
  })

  it('is not written for tables that are not stored, of messages and of silence', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['bbo'] }, ...at(0) }, connect(0, 'trade'))
    lane.play(trade(2, 1, 1), trade(2, 61, 2), ...minutes(2, 70))
    expect(covered(lane.rows)).toEqual([])
  })
})

describe('a stream that is not heard', () => {
  it('after its connection ended keeps its minutes open until it is known what was missed', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade'), trade(1, 0, 1), trade(1, 40, 2), disconnect(1, 50), ...minutes(1, 4))
    expect(covered(lane.rows)).toEqual([])
    const proven = new FakeLane()
    proven.normalizer.restore(lane.normalizer.image())
    Object.assign(proven, { number: lane.number, nowUs: lane.nowUs })
    const next = lane.number + 1
    const again = connect(250, 'trade')
    lane.play(again, trade(next, 251, 4), clock(300))
    expect(holes(lane.rows).map(([, , seconds, causes]) => [seconds, causes])).toEqual([
      [20, 'disconnect'],
      [60, 'disconnect'],
      [60, 'disconnect'],
      [60, 'disconnect'],
    ])
    proven.play(again, trade(next, 251, 3), clock(300))
    expect(holes(proven.rows).map(([, , seconds]) => seconds)).toEqual([0, 0, 0, 0])
  })

  it('for an hour has an open gap, and its minutes are written as they come', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade'), trade(1, 0, 1), disconnect(1, 30), ...minutes(1, WAIT_MINUTES + 1))
    expect(covered(lane.rows)).toEqual([])
    const rows = lane.play(...minutes(WAIT_MINUTES + 1, WAIT_MINUTES + 3))
    const gap = rows.find(({ table }) => table === 'gaps')
    expect(gap).toMatchObject({ state: 'open', cause: 'disconnect', from_ts: START_US, to_ts: null })
    // The minute of now is not over, and all before it lie in a hole that everybody can see.
    expect(holes(rows)).toEqual(
      Array.from({ length: WAIT_MINUTES + 2 }, (_, minute) => ['ticks', minute, 60, 'disconnect']),
    )
    const next = lane.number + 1
    const later = (WAIT_MINUTES + 3) * 60
    const closing = lane.play(connect(later, 'trade'), trade(next, later + 5, 2), clock(later + 60))
    expect(closing.find(({ table }) => table === 'gaps')).toMatchObject({
      gap_id: gap?.gap_id,
      state: 'closed',
      missing: 0,
    })
    expect(holes(closing)).toEqual([['ticks', WAIT_MINUTES + 2, 60, 'disconnect']])
  })

  it('since it was subscribed an hour ago has an open gap from the beginning', () => {
    const lane = new FakeLane()
    lane.play(connect(30, 'plain'), ...minutes(1, WAIT_MINUTES + 3))
    expect(lane.rows.filter(({ table }) => table === 'gaps')).toMatchObject([
      { state: 'open', cause: 'start', stream: 'plain', from_ts: null },
    ])
    expect(holes(lane.rows)).toHaveLength(WAIT_MINUTES + 2)
    expect(holes(lane.rows)[0]).toEqual(['ticks', 0, 60, 'start'])
  })

  it('is taken to be silent after an hour when its connection lives, at most an hour is written at once', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'plain'), liquidation(1, 0))
    for (let minute = 1; minute < 3 * WAIT_MINUTES; minute++) {
      expect(covered(lane.play(clock(minute * 60))).length).toBe(minute > WAIT_MINUTES ? 1 : 0)
    }
    expect(holes(lane.rows).every(([, , seconds]) => seconds === 0)).toBe(true)
    const rows = lane.play(liquidation(1, 3 * WAIT_MINUTES * 60), clock((3 * WAIT_MINUTES + 1) * 60))
    expect(covered(rows).length).toBe(WAIT_MINUTES + 1)
    expect(lane.rows.filter(({ table }) => table === 'gaps')).toHaveLength(1)
  })

  it('does not keep other tables of its key waiting', () => {
    const lane = new FakeLane()
    lane.play(connect(0, 'trade', 'quote'), trade(1, 0, 1), trade(1, 60, 2), clock(120))
    expect(holes(lane.rows)).toEqual([['ticks', 0, 0, null]])
  })
})

describe('a book that only its checksum proves', () => {
  it('keeps minutes open until it is proven behind them: a wrong checksum reaches back', () => {
    const levels: Level[] = [
      ['bid', '10', '1'],
      ['ask', '11', '1'],
    ]
    const book = (seconds: number, kind: 'snapshot' | 'delta', checksum = none): Step =>
      frame(1, seconds, { kind, first: none, levels, checksum })
    const lane = new FakeLane()
    lane.play({ kind: 'connect', exchange: 'other', subscriptions: [[BTC, 'depth']], ...at(0) })
    lane.play(book(10, 'snapshot'), book(20, 'delta'), book(70, 'delta'), clock(120))
    expect(covered(lane.rows)).toEqual([])
    lane.play(book(125, 'delta', 1), book(130, 'snapshot'), clock(180), book(185, 'snapshot'))
    expect(holes(lane.rows)).toEqual([
      ['spot_delta', 0, 60, 'checksum,start'],
      ['spot_delta', 1, 60, 'checksum'],
    ])
  })
})

describe('a process that stops', () => {
  it('leaves its last minute to the next one, whenever that begins', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', ...at(0) }, connect(0, 'trade'), trade(2, 0, 1), trade(2, 20, 2))
    lane.play({ kind: 'stop', ...at(30) })
    expect(covered(lane.rows)).toEqual([])
    const rows = lane.play({ kind: 'start', ...at(7210) }, connect(7211, 'trade'))
    expect(counts(rows)).toEqual([['ticks', 0, 2, 2, 0, 0, 0]])
    expect(holes(rows)).toEqual([['ticks', 0, 40, 'shutdown']])
    lane.play(trade(lane.number, 7220, 3), trade(lane.number, 7260, 4), clock(7320))
    // What no process recorded has no row.
    expect(holes(lane.rows)).toEqual([
      ['ticks', 0, 40, 'shutdown'],
      ['ticks', 120, 20, 'shutdown'],
    ])
  })

  it('and begins again in the same minute has one row of it', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', ...at(0) }, connect(0, 'trade'), trade(2, 0, 1), { kind: 'stop', ...at(20) })
    lane.play({ kind: 'start', ...at(30) }, connect(31, 'trade'))
    lane.play(trade(lane.number, 40, 2), trade(lane.number, 60, 3), clock(120))
    expect(counts(lane.rows)).toEqual([['ticks', 0, 2, 2, 0, 0, 0]])
    expect(holes(lane.rows)).toEqual([['ticks', 0, 40, 'shutdown']])
  })

  it('and begins again with other tables leaves to each what it received for it', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', ...at(0) }, connect(0, 'trade', 'quote'), trade(2, 0, 1), trade(2, 1, 1))
    lane.play({ kind: 'start', stored: { 'fake spot': ['bbo'] }, ...at(20) }, connect(21, 'trade', 'quote'))
    const quote = (seconds: number, last: number): Step => frame(6, seconds, { kind: 'quote', first: last })
    lane.play(trade(6, 22, 2), quote(23, 1), quote(60, 2), clock(120), ...minutes(3, WAIT_MINUTES + 3))
    expect(counts(lane.rows).filter(([, minute]) => minute === 0)).toEqual([
      ['ticks', 0, 2, 1, 1, 0, 0],
      ['bbo', 0, 1, 1, 0, 0, 0],
    ])
  })

  it('and does not subscribe a stream again has no more minutes of it', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', ...at(0) }, connect(0, 'trade', 'quote'), trade(2, 0, 1))
    lane.play({ kind: 'stop', ...at(20) }, { kind: 'start', ...at(70) }, connect(71, 'quote'))
    lane.play(frame(lane.number, 72, { kind: 'quote', first: 1 }), ...minutes(2, 5))
    expect(holes(lane.rows).filter(([table]) => table === 'ticks')).toEqual([['ticks', 0, 60, 'shutdown']])
  })

  it('without a word leaves the hole to the first message that tells of it', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', ...at(0) }, connect(0, 'trade'), trade(2, 0, 1), trade(2, 20, 2))
    lane.play({ kind: 'start', ...at(100) }, connect(101, 'trade'), trade(6, 110, 4), clock(121))
    expect(holes(lane.rows)).toEqual([['ticks', 0, 40, 'restart']])
  })
})

describe('the bounds', () => {
  it('keep so many holes of a minute apart, and count time between further ones as missing', () => {
    const lane = new FakeLane()
    const total = MINUTE_HOLES_MAX + 40
    lane.play(connect(0, 'trade'), trade(1, 0, 1))
    // Each second message shows a hole of a tenth of a second.
    for (let i = 0; i < total; i++)
      lane.play(trade(1, i / 5 + 0.1, 10 * i + 8), trade(1, i / 5 + 0.2, 10 * i + 9))
    const image = JSON.parse(new TextDecoder().decode(lane.normalizer.image()))
    expect(image.keys[0].ledgers).toEqual([
      ['ticks', [[expect.any(Number), expect.any(Array), expect.any(Array), ['sequence']]]],
    ])
    expect(image.keys[0].ledgers[0][1][0][2]).toHaveLength(2 * MINUTE_HOLES_MAX)
    lane.play(trade(1, 61, 10 * total), clock(120))
    const [[, , seconds]] = holes(lane.rows) as [unknown[]]
    expect(seconds).toBeGreaterThanOrEqual(total / 10)
    expect(seconds).toBeLessThanOrEqual(60)
  })
})
