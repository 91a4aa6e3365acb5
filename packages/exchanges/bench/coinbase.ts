import { EventBatch, StringTable } from '@cryptoflow/model'
import { decodeExact } from '../src/coinbase/exact.ts'
import { decodeFrame } from '../src/coinbase/frame.ts'
import { isSameBatch, readCaptures } from '../src/test-support.ts'
import type { BenchLine } from './line.ts'
import { type PlainColumns, plainColumns } from './plain.ts'

const ROUNDS = 7
const WARM_UP_ROUNDS = 2
/** Frames between two uses of a batch, as a lane decodes them: block by block. */
const FRAMES_PER_BATCH = 256
/** The thread's CPU clock goes in steps of 4 ms on common kernels. */
const MEASURED_US = 150_000
const FLOOR = 4
const GOAL = 6
const MADE_UP_FRAMES = 6000

/**
 * Our decoder against JSON.parse and Number into the same columns: rows per CPU second, both alternated in this
 * process. Frames of the Exchange socket are captured ones, those of the Advanced socket made up after the documents,
 * since nobody published a recording of it. `capturesDirectory` holds the captures.
 */
export function coinbaseBench(capturesDirectory?: string): BenchLine[] {
  const captured = capturesDirectory === undefined ? [] : capturedFrames(capturesDirectory)
  const books = madeUpBooks(MADE_UP_FRAMES)
  const trades = madeUpTrades(MADE_UP_FRAMES)
  return [
    measure('decode, coinbase level2 and market_trades (made up)', interleaved(books, trades)),
    measure('decode, coinbase level2 (made up)', books),
    measure('decode, coinbase market_trades (made up)', trades),
    measure('decode, coinbase level2 snapshot (made up)', madeUpSnapshots()),
    measure('decode, coinbase l2update and match (captures)', captured),
    measure(
      'decode, coinbase l2update (captures)',
      captured.filter((frame) => frame.includes('"l2update"')),
    ),
    measure(
      'decode, coinbase match (captures)',
      captured.filter((frame) => frame.includes('match"')),
    ),
  ].filter(({ value }) => value > 0)
}

function capturedFrames(directory: string): Buffer[] {
  const lines = [...readCaptures(directory, 'coinbase-spot__cryptofeed').values()].flat()
  const stored = lines.filter(
    ({ transport, raw }) => transport === 'ws' && /^{"type":"(l2update|(last_)?match)"/.test(raw),
  )
  return stored.map(({ raw }) => Buffer.from(raw))
}

function interleaved(a: readonly Buffer[], b: readonly Buffer[]): Buffer[] {
  return a.flatMap((frame, i) => [frame, b[i] as Buffer])
}

function measure(name: string, frames: readonly Buffer[]): BenchLine {
  const rows = frames.length === 0 ? 0 : verifiedRows(frames)
  const batch = new EventBatch(new StringTable())
  const plain = plainColumns(rows + 1, rows + 1)
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; rows > 0 && round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const ourSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) batch.clear()
        decodeFrame('spot', frames[i] as Buffer, batch)
      }
    })
    const theirSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) plain.count = plain.entryCount = 0
        decodePlain(frames[i] as Buffer, plain)
      }
    })
    if (round < WARM_UP_ROUNDS) continue
    ours.push(rows / ourSeconds)
    theirs.push(rows / theirSeconds)
  }
  const value = median(ours)
  const baseline = median(theirs)
  const ratio = value / baseline
  return { name, value, unit: 'rows/CPU-s', baseline, ratio, floor: FLOOR, goal: GOAL, met: ratio >= FLOOR }
}

/** Rows of all frames, 0 when one column of one row differs from the exact path. */
function verifiedRows(frames: readonly Buffer[]): number {
  const names = new StringTable()
  const ours = new EventBatch(names)
  const exact = new EventBatch(names)
  let rows = 0
  for (const frame of frames) {
    ours.clear()
    exact.clear()
    decodeFrame('spot', frame, ours)
    decodeExact('spot', frame, exact)
    if (ours.count === 0 || !isSameBatch(ours, exact)) return 0
    rows += ours.entryCount
  }
  return rows
}

interface Message {
  readonly channel?: string
  readonly type?: string
  readonly timestamp: string
  readonly events: readonly {
    readonly type: string
    readonly product_id: string
    readonly updates: readonly {
      side: string
      event_time: string
      price_level: string
      new_quantity: string
    }[]
    readonly trades: readonly Trade[]
  }[]
  readonly product_id: string
  readonly changes: readonly [string, string, string][]
  readonly time: string
}

interface Trade {
  readonly trade_id: string | number
  readonly product_id: string
  readonly price: string
  readonly size: string
  readonly side: string
  readonly time: string
}

/** The plain version: milliseconds are enough for it, and of a book it looks at its last time only. */
function decodePlain(frame: Buffer, out: PlainColumns): void {
  const message = JSON.parse(frame.toString('utf8')) as Message
  if (message.channel === 'l2_data') {
    const sentUs = Date.parse(message.timestamp) * 1000
    for (const { type, product_id, updates } of message.events) {
      for (const { side, price_level, new_quantity } of updates) {
        entry(out, side === 'bid' ? 0 : 1, price_level, new_quantity)
      }
      const engineUs = Date.parse(updates.at(-1)?.event_time ?? '') * 1000
      endEvent(out, type === 'snapshot' ? 2 : 1, 'level2', product_id, engineUs, sentUs, Number.NaN)
    }
  } else if (message.channel === 'market_trades') {
    const sentUs = Date.parse(message.timestamp) * 1000
    const trades = message.events.flatMap((event) => event.trades)
    trades.sort((a, b) => Number(a.trade_id) - Number(b.trade_id))
    for (const trade of trades) endTrade(out, trade, 'market_trades', sentUs)
  } else if (message.type === 'l2update') {
    for (const [side, price, quantity] of message.changes) entry(out, side === 'buy' ? 0 : 1, price, quantity)
    endEvent(
      out,
      1,
      'level2_batch',
      message.product_id,
      Date.parse(message.time) * 1000,
      Number.NaN,
      Number.NaN,
    )
  } else endTrade(out, message as unknown as Trade, 'matches', Number.NaN)
}

function endTrade(out: PlainColumns, trade: Trade, stream: string, sentUs: number): void {
  entry(out, trade.side === 'BUY' || trade.side === 'buy' ? 3 : 2, trade.price, trade.size)
  const engineUs = Date.parse(trade.time) * 1000
  endEvent(out, 0, stream, trade.product_id, engineUs, sentUs, Number(trade.trade_id))
}

function endEvent(
  out: PlainColumns,
  kind: number,
  stream: string,
  symbol: string,
  engineUs: number,
  sentUs: number,
  id: number,
): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = nameId(out.names, symbol)
  out.stream[event] = nameId(out.names, stream)
  out.engineUs[event] = engineUs
  out.sentUs[event] = sentUs
  out.firstSeq[event] = id
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = -1
  out.count = event + 1
  out.entryStart[out.count] = out.entryCount
}

function entry(out: PlainColumns, side: number, price: string, quantity: string): void {
  const row = out.entryCount
  out.side[row] = side
  out.price[row] = Number(price)
  out.quantity[row] = Number(quantity)
  out.entryCount = row + 1
}

function nameId(names: Map<string, number>, name: string): number {
  const known = names.get(name)
  if (known !== undefined) return known
  names.set(name, names.size)
  return names.size - 1
}

let state = 0x2545f491
function next(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const price = (): string => `${60_000 + next(3000)}.${String(next(100)).padStart(2, '0')}`
const quantity = (): string => `${next(3)}.${String(next(100_000_000)).padStart(8, '0')}`
const symbols = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'DOGE-USD', 'SHIB-USD']

function timeText(us: number): string {
  return `${new Date(us / 1000).toISOString().slice(0, 19)}.${String(us % 1_000_000).padStart(6, '0')}Z`
}

function enveloped(channel: string, us: number, sequence_num: number, event: object): Buffer {
  const timestamp = `${timeText(us).slice(0, -1)}123Z`
  return Buffer.from(JSON.stringify({ channel, client_id: '', timestamp, sequence_num, events: [event] }))
}

/** Updates of 1 to 20 levels, a third of which have times of their own. */
function madeUpBooks(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const us = Date.UTC(2026, 8, 7) * 1000 + i * 50_000
    return enveloped('l2_data', us, i, {
      type: 'update',
      product_id: symbols[next(5)],
      updates: levels(1 + next(20), us),
    })
  })
}

function madeUpSnapshots(): Buffer[] {
  const us = Date.UTC(2026, 8, 7) * 1000
  return Array.from({ length: 4 }, (_, i) => {
    return enveloped('l2_data', us, i, {
      type: 'snapshot',
      product_id: symbols[i],
      updates: levels(20_000, us, 0),
    })
  })
}

function levels(count: number, us: number, distinct = 3): object[] {
  let event_time = timeText(us)
  return Array.from({ length: count }, () => {
    if (distinct > 0 && next(distinct) === 0) event_time = timeText(us + next(50_000))
    return { side: next(2) > 0 ? 'bid' : 'offer', event_time, price_level: price(), new_quantity: quantity() }
  })
}

/** Messages of 1 to 4 trades, oldest first. */
function madeUpTrades(count: number): Buffer[] {
  let id = 846_149_798
  return Array.from({ length: count }, (_, i) => {
    const us = Date.UTC(2026, 8, 7) * 1000 + i * 50_000
    const product_id = symbols[next(5)]
    const trades = Array.from({ length: 1 + next(4) }, () => {
      id += 1
      const time = timeText(us + next(50_000))
      return {
        product_id,
        trade_id: String(id),
        price: price(),
        size: quantity(),
        time,
        side: next(2) > 0 ? 'BUY' : 'SELL',
      }
    })
    return enveloped('market_trades', us, i, { type: 'update', trades })
  })
}

/** CPU time of this thread for one pass, over as many passes as outlast the clock's coarse steps. */
function cpuSecondsOfOne(pass: () => void): number {
  const before = process.threadCpuUsage()
  for (let passes = 1; ; passes++) {
    pass()
    const { user, system } = process.threadCpuUsage(before)
    if (user + system >= MEASURED_US) return (user + system) / 1e6 / passes
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
