import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, type Row, START_US, type Step } from './lane-fixture.ts'

const BTC = 'BTCUSDT'
const connect = (...streams: string[]): Step => ({
  kind: 'connect',
  subscriptions: streams.map((stream) => [BTC, stream] as const),
})
const frame = (connection: number, ...messages: Message[]): Step => ({ kind: 'frame', connection, messages })
const trade = (id: number, more: Partial<Message> = {}): Message => ({ kind: 'trade', first: id, ...more })
const delta = (first: number, last: number, levels?: Level[], more: Partial<Message> = {}): Message => ({
  kind: 'delta',
  first,
  last,
  ...(levels === undefined ? {} : { levels }),
  ...more,
})
const answer = (resync: number, last: number, levels: Level[] = [['bid', '100.0', '1']]): Step => ({
  kind: 'answer',
  resync,
  snapshot: { last, levels },
})
const of = (rows: Row[], table: string): Row[] => rows.filter((row) => row.table === table)
const pick = (rows: Row[], ...names: string[]): unknown[][] =>
  rows.map((row) => names.map((name) => row[name]))

describe('trades', () => {
  it('become one row each with every common column', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start' }, connect('trade'))
    const engineUs = START_US + 5
    const [row] = of(
      lane.play(frame(2, trade(7, { engineUs, sentUs: START_US + 9, levels: [['ask', '1.50', '0.010']] }))),
      'ticks',
    )
    expect(row).toEqual({
      table: 'ticks',
      exchange: 'fake',
      market: 'spot',
      symbol: BTC,
      instrument: null,
      event_ts: engineUs,
      event_ts_source: 'engine',
      sent_ts: START_US + 9,
      received_ts: START_US + 3_000,
      source: 'ws',
      writer: 'J1',
      frame: 3,
      trade_id: '7',
      kind: 'trade',
      side: 'sell',
      price: '1.50',
      quantity: '0.010',
      quantity_unit: 'base',
      trade_count: null,
      first_trade_id: null,
      last_trade_id: null,
      trade_type: null,
    })
  })

  it('take the best clock there is and say whose it is', () => {
    const lane = new FakeLane()
    lane.play(connect('trade'))
    const sentUs = START_US + 1
    const old = Date.UTC(2009, 0, 3) * 1000 - 1
    const rows = lane.play(
      frame(1, trade(1, { sentUs })),
      frame(1, trade(2)),
      frame(1, trade(3, { engineUs: old, sentUs: old })),
      frame(1, trade(4, { engineUs: old + 1 })),
    )
    expect(pick(of(rows, 'ticks'), 'event_ts', 'event_ts_source', 'sent_ts')).toEqual([
      [sentUs, 'sent', sentUs],
      [START_US + 3_000, 'received', null],
      [START_US + 4_000, 'received', null],
      [old + 1, 'engine', null],
    ])
  })

  it('heard twice are stored once and counted', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('trade'), frame(1, trade(1)), frame(1, trade(1)), frame(1, trade(2)))
    expect(pick(of(rows, 'ticks'), 'trade_id')).toEqual([['1'], ['2']])
    const { received, stored, duplicates } = lane.normalizer.counters
    expect([received, stored, duplicates]).toEqual([3, 2, 1])
  })
})

describe('gaps', () => {
  const gapColumns = [
    'state',
    'cause',
    'from_seq',
    'to_seq',
    'from_ts',
    'to_ts',
    'missing',
    'detail',
  ] as const
  const gapsOf = (rows: Row[]): unknown[][] => pick(of(rows, 'gaps'), ...gapColumns)

  it('begin with everything before the first message of a stream', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('trade'), frame(1, trade(10)))
    expect(gapsOf(rows)).toEqual([['closed', 'start', null, 10, null, START_US + 2_000, null, null]])
    expect(of(rows, 'gaps')[0]).toMatchObject({
      table_name: 'ticks',
      stream: 'trade',
      source: 'derived',
      event_ts: START_US + 2_000,
      event_ts_source: 'received',
      frame: 2,
    })
  })

  it('name both borders of a hole in the sequence, and the message behind it is stored', () => {
    const lane = new FakeLane()
    lane.play(connect('trade'), frame(1, trade(10)))
    const rows = lane.play(frame(1, trade(15)))
    expect(gapsOf(rows)).toEqual([
      ['closed', 'sequence', 10, 15, START_US + 2_000, START_US + 3_000, 4, null],
    ])
    expect(of(rows, 'ticks')).toHaveLength(1)
  })

  it('name the frame that could not be read in between', () => {
    const lane = new FakeLane()
    lane.play(connect('trade'), frame(1, trade(10)), { kind: 'dead', connection: 1 })
    const rows = lane.play(frame(1, trade(12)))
    expect(pick(of(rows, 'gaps'), 'cause', 'missing', 'detail')).toEqual([['undecodable', 1, 'frame 3']])
    expect(pick(of(lane.play(frame(1, trade(14))), 'gaps'), 'cause')).toEqual([['sequence']])
  })

  it('do not blame a dead letter of another connection', () => {
    const lane = new FakeLane()
    lane.play(connect('trade'), connect('depth'), frame(1, trade(10)), { kind: 'dead', connection: 2 })
    expect(pick(of(lane.play(frame(1, trade(12))), 'gaps'), 'cause')).toEqual([['sequence']])
  })

  it('are none when a disconnect cost nothing, and say disconnect when it did', () => {
    const lane = new FakeLane()
    lane.play(connect('trade'), frame(1, trade(10)), { kind: 'disconnect', connection: 1 }, connect('trade'))
    expect(gapsOf(lane.play(frame(4, trade(11))))).toEqual([])
    lane.play({ kind: 'disconnect', connection: 4 }, connect('trade'))
    expect(pick(of(lane.play(frame(7, trade(14))), 'gaps'), 'cause', 'missing')).toEqual([['disconnect', 2]])
    expect(pick(of(lane.play(frame(7, trade(16))), 'gaps'), 'cause')).toEqual([['sequence']])
  })

  it('say restart when the process was cut short', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start' }, connect('trade'), frame(2, trade(10)), { kind: 'start' }, connect('trade'))
    expect(pick(of(lane.play(frame(5, trade(12))), 'gaps'), 'cause', 'missing')).toEqual([['restart', 1]])
  })

  it('are none when a restart cost nothing', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start' }, connect('trade'), frame(2, trade(10)), { kind: 'start' }, connect('trade'))
    expect(gapsOf(lane.play(frame(5, trade(11))))).toEqual([])
  })

  it('of a stream without a rule are one for each interruption', () => {
    const lane = new FakeLane()
    lane.play(connect('plain'), frame(1, trade(5, { stream: 'plain' })))
    expect(gapsOf(lane.play(frame(1, trade(9, { stream: 'plain' }))))).toEqual([])
    lane.play({ kind: 'disconnect', connection: 1 }, connect('plain'))
    const rows = lane.play(frame(5, trade(12, { stream: 'plain' })))
    expect(pick(of(rows, 'gaps'), 'cause', 'from_ts', 'to_ts', 'missing')).toEqual([
      ['disconnect', START_US + 3_000, START_US + 6_000, null],
    ])
  })

  it('of a stream without a rule are none while another connection carries it', () => {
    const lane = new FakeLane()
    lane.play(connect('plain'), connect('plain'), frame(1, trade(5, { stream: 'plain' })))
    lane.play({ kind: 'disconnect', connection: 1 })
    expect(gapsOf(lane.play(frame(2, trade(6, { stream: 'plain' }))))).toEqual([])
  })

  it('open at a stop and close under the same id with the next message', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start' }, connect('trade'), frame(2, trade(10)))
    const opened = lane.play({ kind: 'stop' })
    expect(gapsOf(opened)).toEqual([['open', 'shutdown', 10, null, START_US + 3_000, null, null, null]])
    lane.play({ kind: 'start' }, connect('trade'))
    const closed = lane.play(frame(6, trade(11)))
    expect(gapsOf(closed)).toEqual([
      ['closed', 'shutdown', 10, 11, START_US + 3_000, START_US + 7_000, 0, null],
    ])
    expect(of(closed, 'gaps')[0]?.gap_id).toBe(of(opened, 'gaps')[0]?.gap_id)
    expect(lane.normalizer.counters.gaps).toBe(2)
  })

  it('open once, however often the process stops before a message comes', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start' }, connect('trade'), frame(2, trade(10)), { kind: 'stop' })
    expect(of(lane.play({ kind: 'start' }, connect('trade'), { kind: 'stop' }), 'gaps')).toEqual([])
    expect(pick(of(lane.play({ kind: 'start' }, frame(6, trade(13))), 'gaps'), 'cause', 'missing')).toEqual([
      ['shutdown', 2],
    ])
  })

  it('open with cause start for a stream that was never heard', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('trade'), { kind: 'stop' })
    expect(gapsOf(rows)).toEqual([['open', 'start', null, null, null, null, null, null]])
    const closed = lane.play({ kind: 'start' }, connect('trade'), frame(4, trade(5)))
    expect(pick(of(closed, 'gaps'), 'state', 'cause', 'to_seq')).toEqual([['closed', 'start', 5]])
    expect(of(closed, 'gaps')[0]?.gap_id).toBe(of(rows, 'gaps')[0]?.gap_id)
  })

  it('have ids that differ, also within one frame', () => {
    const lane = new FakeLane()
    const rows = lane.play(
      connect('trade', 'depth'),
      frame(1, trade(1), trade(3), trade(5), delta(1, 1), delta(4, 4)),
      { kind: 'stop' },
    )
    const ids = of(rows, 'gaps').map((row) => row.gap_id)
    expect(ids).toHaveLength(7)
    expect(new Set(ids).size).toBe(7)
  })

  it('count nothing as missing where the exchange lets ids skip', () => {
    const lane = new FakeLane()
    const chained = (first: number, last: number, prev: number): Message =>
      delta(first, last, undefined, { stream: 'chained', prev })
    lane.play(connect('chained'), frame(1, chained(10, 12, 5)), frame(1, chained(20, 22, 12)))
    expect(
      pick(of(lane.play(frame(1, chained(30, 32, 28))), 'gaps'), 'from_seq', 'to_seq', 'missing'),
    ).toEqual([[22, 30, null]])
  })

  it('hold late messages once, and only those that lie in them', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), frame(1, delta(1, 10)), frame(1, delta(20, 25)))
    const late = [delta(11, 14), delta(11, 14), delta(9, 15), delta(15, 19), delta(15, 19)]
    const rows = lane.play(...late.map((message) => frame(1, message)))
    expect(pick(of(rows, 'spot_delta'), 'first_seq', 'book_state')).toEqual([
      [11, 'stale'],
      [15, 'stale'],
    ])
    expect(of(rows, 'gaps')).toEqual([])
    const { duplicates, late: lateCount } = lane.normalizer.counters
    expect([duplicates, lateCount]).toEqual([3, 2])
  })

  it('hold what is older than the first message ever heard', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('trade'), frame(1, trade(10)), frame(1, trade(9)), frame(1, trade(9)))
    expect(pick(of(rows, 'ticks'), 'trade_id')).toEqual([['10'], ['9']])
  })
})

describe('book updates', () => {
  it('are one row per level in wire order with positions on each side', () => {
    const lane = new FakeLane()
    const levels: Level[] = [
      ['ask', '2.0', '1'],
      ['bid', '1.5', '0'],
      ['ask', '2.10', '3'],
    ]
    const rows = of(lane.play(connect('depth'), frame(1, delta(5, 8, levels))), 'spot_delta')
    expect(pick(rows, 'side', 'price', 'quantity', 'level_index', 'first_seq', 'last_seq')).toEqual([
      ['ask', '2.0', '1', 0, 5, 8],
      ['bid', '1.5', '0', 0, 5, 8],
      ['ask', '2.10', '3', 1, 5, 8],
    ])
    expect(rows[0]).toMatchObject({ is_snapshot: 0, prev_seq: null, checksum: null, book_state: 'waiting' })
  })

  it('carry what the book was when they came', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'))
    const rows = lane.play(
      frame(1, delta(1, 5)),
      answer(1, 5),
      frame(1, delta(6, 6)),
      frame(1, delta(7, 7)),
      frame(1, delta(9, 9)),
      frame(1, delta(10, 10)),
      answer(2, 9),
      frame(1, delta(11, 11)),
    )
    expect(pick(of(rows, 'spot_delta'), 'source', 'last_seq', 'is_snapshot', 'book_state')).toEqual([
      ['ws', 5, 0, 'waiting'],
      ['rest', 5, 1, 'waiting'],
      ['ws', 6, 0, 'waiting'],
      ['ws', 7, 0, 'live'],
      ['ws', 9, 0, 'live'],
      ['ws', 10, 0, 'resync'],
      ['rest', 9, 1, 'resync'],
      ['ws', 11, 0, 'live'],
    ])
    expect(of(rows, 'spot_delta')[1]?.first_seq).toBeNull()
  })

  it('ask for a snapshot on the first subscription only, and again after each gap', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), connect('depth'))
    expect(lane.wanted).toEqual([
      { exchange: 'fake', market: 'spot', symbol: BTC, stream: 'depth', resync: 1 },
    ])
    lane.play(
      frame(1, delta(1, 5)),
      answer(1, 4),
      { kind: 'disconnect', connection: 2 },
      frame(1, delta(9, 9)),
    )
    expect(lane.wanted.map(({ resync }) => resync)).toEqual([1, 2])
  })

  it('hold deltas until a snapshot joins them', () => {
    const lane = new FakeLane()
    const rows = lane.play(
      connect('depth'),
      frame(1, delta(1, 3, [['bid', '9', '1']])),
      frame(1, delta(4, 6, [['bid', '9', '2']])),
      frame(1, delta(7, 7, [['ask', '11', '5']])),
      answer(1, 4, [['bid', '8', '1']]),
    )
    expect(pick(of(rows, 'spot_ob'), 'kind', 'side', 'price', 'quantity', 'last_seq', 'frame')).toEqual([
      ['checkpoint', 'bid', '9', '2', 7, 4],
      ['checkpoint', 'bid', '8', '1', 7, 4],
      ['checkpoint', 'ask', '11', '5', 7, 4],
    ])
    const { applied, bridged } = lane.normalizer.counters
    expect([applied, bridged]).toEqual([2, 1])
  })

  it('ask again when the snapshot is older than the first held delta', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), frame(1, delta(10, 12)), answer(1, 8))
    expect(lane.wanted.at(-1)?.resync).toBe(2)
    expect(lane.normalizer.outstanding().map(({ resync }) => resync)).toEqual([2])
    lane.play(answer(2, 9))
    expect(lane.normalizer.outstanding()).toEqual([])
    expect(lane.normalizer.counters.bridged).toBe(1)
  })

  it('ask again when the answer held no snapshot', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), { kind: 'answer', resync: 1, snapshot: null })
    expect(lane.wanted.at(-1)?.resync).toBe(2)
  })

  it('leave the book alone when an answer comes to an earlier question or a second time', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), frame(1, delta(10, 12)), answer(1, 8))
    const rows = lane.play(answer(1, 11))
    expect(of(rows, 'spot_delta')).toHaveLength(1)
    expect(lane.normalizer.counters).toMatchObject({ bridged: 0, oldAnswers: 1 })
    lane.play(answer(2, 11), answer(2, 50))
    expect(lane.normalizer.counters.bridged).toBe(1)
    expect(pick(of(lane.play(frame(1, delta(13, 13))), 'spot_delta'), 'book_state')).toEqual([['live']])
  })

  it('are judged against a newer snapshot by the delta that comes next', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), frame(1, delta(1, 5)), answer(1, 20))
    lane.play(frame(1, delta(6, 18)), frame(1, delta(22, 23)))
    expect(lane.wanted.map(({ resync }) => resync)).toEqual([1, 2])
    lane.play(answer(2, 30), frame(1, delta(24, 31)))
    expect(lane.normalizer.counters).toMatchObject({ bridged: 1, applied: 1 })
  })

  it('keep the book over a disconnect and a restart that cost nothing', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start' }, connect('depth'), frame(2, delta(1, 5)), answer(1, 4))
    lane.play({ kind: 'disconnect', connection: 2 }, connect('depth'), frame(6, delta(6, 6)))
    lane.play({ kind: 'start' }, connect('depth'))
    expect(pick(of(lane.play(frame(9, delta(7, 7))), 'spot_delta'), 'book_state')).toEqual([['live']])
    expect(lane.wanted).toHaveLength(1)
    lane.play({ kind: 'disconnect', connection: 9 }, frame(9, delta(9, 9)))
    expect(lane.wanted).toHaveLength(2)
  })

  it('resync a crossed book without a gap row', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), frame(1, delta(1, 5)), answer(1, 4, [['ask', '101', '1']]))
    const rows = lane.play(frame(1, delta(6, 6, [['bid', '101.00', '1']])), frame(1, delta(7, 7)))
    expect(of(rows, 'gaps')).toEqual([])
    expect(pick(of(rows, 'spot_delta'), 'book_state')).toEqual([['live'], ['resync']])
    expect(lane.normalizer.counters.crossed).toBe(1)
    lane.play(answer(2, 6, [['bid', '99', '1']]))
    expect(lane.normalizer.counters.bridged).toBe(2)
  })

  it('go from a crossing while held deltas are applied', () => {
    const lane = new FakeLane()
    lane.play(connect('depth'), frame(1, delta(1, 5, [['bid', '102', '1']])), frame(1, delta(6, 6)))
    const rows = lane.play(answer(1, 3, [['ask', '101', '1']]))
    expect(of(rows, 'spot_ob')).toEqual([])
    expect(lane.wanted.map(({ resync }) => resync)).toEqual([1, 2])
    lane.play(answer(2, 3, [['ask', '103', '1']]))
    expect(lane.normalizer.counters).toMatchObject({ crossed: 1, bridged: 2, applied: 3 })
  })

  it('drop the oldest held deltas when too many wait, and only the book has to ask again', () => {
    const lane = new FakeLane({ held: { deltas: 2, levels: 100 } })
    lane.play(connect('depth'))
    const rows = lane.play(...[1, 2, 3, 4].map((seq) => frame(1, delta(seq, seq))))
    expect(of(rows, 'spot_delta')).toHaveLength(4)
    expect(lane.normalizer.counters.heldDropped).toBe(2)
    lane.play(answer(1, 1))
    expect(lane.wanted.at(-1)?.resync).toBe(2)
    lane.play(answer(2, 2))
    expect(lane.normalizer.counters.bridged).toBe(1)
  })

  it('drop a held delta that is too wide for the bound by itself', () => {
    const lane = new FakeLane({ held: { deltas: 10, levels: 1 } })
    const wide: Level[] = [
      ['bid', '1', '1'],
      ['bid', '2', '1'],
    ]
    lane.play(connect('depth'), frame(1, delta(1, 1, wide)))
    expect(lane.normalizer.counters.heldDropped).toBe(1)
  })

  it('of an unknown stream are dead letters, not lost', () => {
    const lane = new FakeLane()
    const rows = lane.play(connect('depth'), frame(1, delta(1, 1, undefined, { stream: '../x' })))
    expect(pick(rows, 'table', 'reason', 'stream', 'symbol')).toEqual([
      ['dead_letter', 'unknown_message', '../x', BTC],
    ])
  })

  it('keep hostile symbols apart', () => {
    const lane = new FakeLane()
    const symbols = ['__proto__', 'constructor', '测试USDT', 'a\u202eb', '../../etc']
    const subscriptions = symbols.map((symbol) => [symbol, 'depth'] as const)
    lane.play({ kind: 'connect', subscriptions })
    const rows = lane.play(
      ...symbols.map((symbol, i) => frame(1, delta(i + 1, i + 1, undefined, { symbol }))),
    )
    expect(of(rows, 'spot_delta').map((row) => row.symbol)).toEqual(symbols)
    expect(of(rows, 'gaps').map((row) => row.to_seq)).toEqual([1, 2, 3, 4, 5])
    expect(lane.wanted.map(({ symbol }) => symbol)).toEqual(symbols)
    const copy = new FakeLane()
    copy.normalizer.restore(lane.normalizer.image())
    expect(copy.normalizer.outstanding().map(({ symbol }) => symbol)).toEqual(symbols)
  })
})

describe('dead letters', () => {
  it('keep a copy of the bytes and say where they came from', () => {
    const lane = new FakeLane()
    const [row] = lane.play(connect('trade'), { kind: 'dead', connection: 1 })
    expect(row).toMatchObject({
      table: 'dead_letter',
      symbol: '',
      connection: 'fake.spot.1',
      stream: null,
      reason: 'malformed',
      detail: 'no JSON',
      decoder_version: 'fake-1',
      source: 'ws',
      frame: 2,
      received_ts: START_US + 2_000,
    })
    expect(new TextDecoder().decode(row?.raw as Uint8Array)).toBe('bytes of 2')
  })

  it('take messages from the future, whose hole is then named', () => {
    const lane = new FakeLane()
    lane.play(connect('trade'), frame(1, trade(1)))
    const dayUs = 24 * 3_600_000_000
    const soon = frame(1, trade(2, { engineUs: START_US + 3_000 + dayUs }))
    expect(pick(lane.play(soon), 'table')).toEqual([['ticks']])
    const rows = lane.play(frame(1, trade(3, { engineUs: START_US + 4_001 + dayUs })))
    expect(pick(rows, 'table', 'reason', 'symbol', 'stream')).toEqual([
      ['dead_letter', 'absurd_time', BTC, 'trade'],
    ])
    const resumed = new FakeLane()
    resumed.number = 4
    resumed.normalizer.restore(lane.normalizer.image())
    for (const either of [lane, resumed]) {
      expect(pick(of(either.play(frame(1, trade(4))), 'gaps'), 'cause', 'detail')).toEqual([
        ['undecodable', 'frame 4'],
      ])
    }
  })

  it('take nothing of an import for its time', () => {
    const lane = new FakeLane({ imports: true })
    const rows = lane.play(connect('trade'), frame(1, trade(1, { engineUs: START_US * 2 })))
    expect(of(rows, 'ticks')).toHaveLength(1)
  })

  it('are counted so that received is stored, duplicate or dead', () => {
    const lane = new FakeLane()
    lane.play(connect('trade', 'quote'), frame(1, trade(1), trade(1), trade(2, { engineUs: START_US * 2 })))
    lane.play(frame(1, { kind: 'quote', first: 5 }), { kind: 'dead', connection: 1 })
    expect(lane.normalizer.counters).toMatchObject({
      received: 5,
      stored: 2,
      duplicates: 1,
      deadLetters: 2,
      rows: 6,
    })
  })
})

describe('lanes', () => {
  it('do not let what one key said decide the cause of another key’s gap', () => {
    const lane = new FakeLane()
    const subscriptions = ['A', 'B'].map((symbol) => [symbol, 'trade'] as const)
    lane.play({ kind: 'connect', subscriptions })
    lane.play(frame(1, trade(1, { symbol: 'A' }), trade(1, { symbol: 'B' })))
    lane.play(frame(1, trade(2, { symbol: 'A', engineUs: START_US * 2 })))
    const rows = lane.play(frame(1, trade(3, { symbol: 'A' }), trade(3, { symbol: 'B' })))
    expect(pick(of(rows, 'gaps'), 'symbol', 'cause')).toEqual([
      ['A', 'undecodable'],
      ['B', 'sequence'],
    ])
  })

  it('write rows of their own keys only, and together all rows once', () => {
    const script: Step[] = [
      { kind: 'start' },
      {
        kind: 'connect',
        subscriptions: [
          ['A', 'depth'],
          ['B', 'depth'],
        ],
      },
      frame(2, delta(1, 1, undefined, { symbol: 'A' }), delta(1, 1, undefined, { symbol: 'B' })),
      { kind: 'answer', symbol: 'B', resync: 1, snapshot: { last: 0, levels: [['ask', '200', '1']] } },
      { kind: 'dead', connection: 2 },
      frame(2, delta(5, 5, undefined, { symbol: 'A' }), delta(2, 2, undefined, { symbol: 'B' })),
      { kind: 'clock', atUs: START_US + 5_000_000 },
      { kind: 'stop' },
    ]
    const whole = new FakeLane()
    const parts = [true, false].map((isA) => new FakeLane({ owns: ({ symbol }) => (symbol === 'A') === isA }))
    for (const lane of [whole, ...parts]) lane.play(...script)
    const texts = (rows: Row[]): string[] => rows.map((row) => JSON.stringify(row)).sort()
    expect(texts(parts.flatMap(({ rows }) => rows))).toEqual(texts(whole.rows))
    expect(parts.every(({ rows }) => rows.length > 0)).toBe(true)
  })

  it('take over keys from the images of another number of lanes', () => {
    const script: Step[] = [
      { kind: 'connect', subscriptions: ['A', 'B', 'C'].map((symbol) => [symbol, 'depth'] as const) },
      frame(1, ...['A', 'B', 'C'].map((symbol) => delta(1, 1, undefined, { symbol }))),
    ]
    const next = frame(1, ...['A', 'B', 'C'].map((symbol) => delta(3, 3, undefined, { symbol })))
    const old = [0, 1].map((n) => new FakeLane({ owns: ({ symbol }) => (symbol === 'A' ? 0 : 1) === n }))
    for (const lane of old) lane.play(...script)
    const merged = new FakeLane()
    merged.number = 2
    merged.nowUs = START_US + 2_000
    for (const lane of old) merged.normalizer.restore(lane.normalizer.image())
    const one = new FakeLane()
    one.play(...script)
    expect(merged.play(next)).toEqual(one.play(next))
  })
})
