import { crc32 } from 'node:zlib'
import { krakenSpot } from '@cryptoflow/exchanges'
import { planConnections } from '@cryptoflow/ingest'
import { blockOf } from '@cryptoflow/journal'
import { encodeNote, type JournalRecord, RecordKind } from '@cryptoflow/model'
import { imageDefaults } from '@cryptoflow/normalize'
import { afterAll, describe, expect, it } from 'vitest'
import { captureFolder, recordsOf } from './capture-support.ts'
import { createLane, type Lane, type LaneOptions, type LaneProgress } from './lane.ts'

const folder = captureFolder()
afterAll(folder.remove)

function openLane(more: Partial<LaneOptions> = {}): Lane {
  return createLane({
    writer: 'test',
    namespace: 'test',
    store: {
      location: (key) => key,
      put: async () => {},
      get: async () => new Uint8Array(0),
      size: async () => null,
    },
    discard: async () => {},
    imageDirectory: null,
    image: null,
    images: imageDefaults,
    compression: 'zstd',
    isImport: true,
    nowUs: () => 0,
    ...more,
  })
}

/** Of a socket whose frames are counted: a book's snapshot or change, or a heartbeat. */
function frame(seq: number, content: { product: string; type: 'snapshot' | 'update' } | null): string {
  const head = { client_id: '', timestamp: `2026-04-07T14:30:0${seq}.123456Z`, sequence_num: seq }
  const level = {
    side: 'bid',
    event_time: head.timestamp,
    price_level: '68900.00',
    new_quantity: `${seq + 1}`,
  }
  const event =
    content === null
      ? { current_time: '2026-04-07 14:30:00 +0000 UTC', heartbeat_counter: seq }
      : { type: content.type, product_id: content.product, updates: [level] }
  return JSON.stringify({ channel: content === null ? 'heartbeats' : 'l2_data', ...head, events: [event] })
}

let captures = 0

/** What a lane makes of frames that one socket brought for several markets; `end` is what it makes of the stop. */
async function replayed(
  frames: readonly string[],
  more: readonly object[] = [],
  options: Partial<LaneOptions> = {},
): Promise<{ lane: Lane; progress: LaneProgress; end: () => LaneProgress }> {
  captures += 1
  const about = { market: 'mixed', transport: 'ws', conn: 'a', recv_ts_us: 1_775_572_200_000_000, url: null }
  const lines = frames.map((raw) => ({ ...about, exchange: 'coinbase', raw }))
  const others = more.map((line) => ({ ...about, ...line }))
  const records = await recordsOf(folder.write(`${captures}.jsonl`, [...lines, ...others]))
  const lane = openLane(options)
  const progress = lane.accept(blockOf(records.slice(0, -1)))
  return { lane, progress, end: () => lane.accept(blockOf(records.slice(-1))) }
}

const spot = (type: 'snapshot' | 'update') => ({ product: 'BTC-USD', type })
const linear = (type: 'snapshot' | 'update') => ({ product: 'BTC-PERP-INTX', type })

describe('a socket whose frames are counted', () => {
  it('has no hole where the frames between are another market’s, or no data', async () => {
    const { lane, progress } = await replayed([
      frame(0, spot('snapshot')),
      frame(1, linear('snapshot')),
      frame(2, null),
      frame(3, linear('update')),
      frame(4, spot('update')),
    ])
    expect(progress.broken).toEqual([])
    expect(progress.deadLetters).toBe(0)
    const books = lane.books()
    expect(books.map(({ market, snapshots, applied }) => [market, snapshots, applied])).toEqual([
      ['spot', 1, 1],
      ['linear', 1, 1],
    ])
    expect(books.map(({ levels }) => levels)).toEqual(Array(2).fill({ bids: 1, asks: 0 }))
  })

  it('is to be replaced, once, when a frame is missing, since its books cannot tell what it said', async () => {
    const { lane, progress, end } = await replayed([
      frame(0, spot('snapshot')),
      frame(1, spot('update')),
      frame(3, null),
      frame(4, spot('update')),
    ])
    expect(progress.broken.length).toBe(1)
    expect(lane.books().map(({ applied, levels }) => [applied, levels])).toEqual([[1, null]])
    expect(end().broken).toEqual([])
  })

  it('lends its count to nobody else', async () => {
    const trade = (id: number): object => ({
      exchange: 'binance',
      raw: `{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":${id},"p":"1.0","q":"2.0","T":1700000000000,"m":true,"M":true}`,
    })
    const { progress } = await replayed([frame(0, spot('snapshot'))], [trade(1), trade(2), trade(3)])
    expect(progress).toMatchObject({ duplicates: 0, broken: [] })
  })

  it('counts messages of other markets as refused', async () => {
    const { lane } = await replayed([frame(0, spot('snapshot')), frame(1, linear('snapshot'))])
    expect(lane.tally()).toMatchObject({ decodedMessages: 2, refused: { other_market: 2 } })
  })
})

describe('a book whose depth its subscriber chose', () => {
  const START_US = 1_775_572_200_000_000
  const encoder = new TextEncoder()
  /** Prices away from the middle of the book. */
  const levelsOf = (from: number, to: number, step: number) =>
    Array.from({ length: to - from }, (_, at) => ({ price: 5_000 + step * (from + at + 1), qty: 7 }))

  /** Of `levels` a side, those from `from` on are news. */
  function message(type: 'snapshot' | 'update', from: number, levels: number): string {
    const top = [...levelsOf(0, 10, 1), ...levelsOf(0, 10, -1)]
    const checksum = crc32(top.map(({ price, qty }) => `${price}${qty}`).join(''))
    const [asks, bids] = [levelsOf(from, levels, 1), levelsOf(from, levels, -1)]
    const times = type === 'update' ? { timestamp: '2026-04-07T14:30:00.123456Z' } : {}
    return JSON.stringify({
      channel: 'book',
      type,
      data: [{ symbol: 'BTC/USD', bids, asks, checksum, ...times }],
    })
  }

  /** What a collector that was told `depth` writes while a thin book grows to `levels` a side. */
  function journalOf(depth: number, levels: number): JournalRecord[] {
    const [plan] = planConnections(krakenSpot({ bookDepth: depth }), ['BTC/USD'], ['book'])
    const note = encodeNote({ exchange: 'kraken', market: 'spot', subscriptions: [], ...plan?.note })
    const frames = [message('snapshot', 0, 12), message('update', 12, levels)]
    const payloads = [note, ...frames.map((text) => encoder.encode(text))]
    return payloads.map((payload, at) => ({
      number: at + 1,
      kind: at === 0 ? RecordKind.connect : RecordKind.frame,
      connection: at === 0 ? 0 : 1,
      receivedUs: START_US + at,
      payload,
    }))
  }

  it.each([
    [10, 12, 10],
    [25, 30, 25],
    [100, 90, 90],
    [100, 130, 100],
    [500, 400, 400],
    [1000, 900, 900],
  ])(
    'of %i levels, thin at first, is kept at its depth when it has %i, record by record and in a replay',
    (...row) => {
      const [depth, levels, kept] = row
      const records = journalOf(depth, levels)
      const [live, replay] = [openLane(), openLane()]
      for (const record of records) live.accept(blockOf([record]))
      replay.accept(blockOf(records))
      for (const lane of [live, replay]) {
        expect(lane.books()).toMatchObject([{ snapshots: 1, applied: 1, levels: { bids: kept, asks: kept } }])
      }
      expect(replay.books()).toEqual(live.books())
    },
  )
})

describe('a cut on a disk that is full', () => {
  it('leaves no file behind, and says that it may be tried again', async () => {
    const there = new Set<string>()
    let room = 1
    const store: LaneOptions['store'] = {
      location: (key) => key,
      async put(key) {
        if (there.size >= room) throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
        there.add(key)
      },
      get: async () => new Uint8Array(0),
      size: async () => null,
    }
    const discard = async (key: string): Promise<void> => void there.delete(key)
    const frames = [frame(0, spot('snapshot')), frame(1, linear('snapshot'))]
    const { lane } = await replayed(frames, [], { store, discard })
    await expect(lane.cut(1)).rejects.toMatchObject({ kind: 'disk', reaction: 'retry' })
    expect(there.size).toBe(0)
    room = 100
    const again = await replayed(frames, [], { store, discard })
    await again.lane.cut(1)
    expect(there.size).toBeGreaterThan(1)
  })
})

describe('a lane', () => {
  it('tells how long it worked on a block, and how much of that was no reading', async () => {
    let us = 0
    const { progress } = await replayed([frame(0, spot('snapshot')), frame(1, spot('update'))], [], {
      nowUs: () => us++,
    })
    const { seconds, operators } = progress.measures
    expect(operators.map(({ operator }) => operator).sort()).toEqual(['images', 'normalize'])
    const normalize = operators.find(({ operator }) => operator === 'normalize')
    expect(normalize?.seconds).toBeGreaterThan(0)
    expect(seconds).toBeGreaterThan(normalize?.seconds ?? seconds)
  })
})
