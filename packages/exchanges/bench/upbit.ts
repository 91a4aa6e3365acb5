import { EventBatch, StringTable } from '@cryptoflow/model'
import { isSameBatch, readCaptures } from '../src/test-support.ts'
import { decodeExact } from '../src/upbit/exact.ts'
import { decodeFrame } from '../src/upbit/frame.ts'
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
const MADE_UP_BOOKS = 1000
const MADE_UP_TRADES = 6000

/**
 * Our decoder against JSON.parse into the same columns: rows per CPU second, both alternated in this process. Frames
 * of the format `SIMPLE` are captured ones; those of `DEFAULT`, which we ask for, are made up after the documents,
 * since published recordings hold few. `capturesDirectory` holds the captures.
 */
export function upbitBench(capturesDirectory?: string): BenchLine[] {
  const captured = capturesDirectory === undefined ? [] : capturedFrames(capturesDirectory)
  const books = madeUpBooks(MADE_UP_BOOKS, usual)
  const trades = madeUpTrades(MADE_UP_TRADES)
  return [
    measure('decode, upbit orderbook and trade (made up)', [...books, ...trades.slice(0, books.length)]),
    measure('decode, upbit orderbook (made up)', books),
    measure('decode, upbit orderbook, prices with exponents (made up)', madeUpBooks(MADE_UP_BOOKS, dear)),
    measure('decode, upbit trade (made up)', trades),
    measure('decode, upbit orderbook and trade, SIMPLE (captures)', captured),
  ].filter(({ value }) => value > 0)
}

function capturedFrames(directory: string): Buffer[] {
  const lines = [...readCaptures(directory, 'upbit-').values()].flat()
  return lines.filter(({ transport }) => transport === 'ws').map(({ raw }) => Buffer.from(raw))
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
        decodeFrame(frames[i] as Buffer, batch)
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
    decodeFrame(frame, ours)
    decodeExact(frame, exact)
    if (ours.count === 0 || !isSameBatch(ours, exact)) return 0
    if (ours.textIds.get(0) !== exact.textIds.get(0)) return 0
    rows += ours.entryCount
  }
  return rows
}

interface Unit {
  readonly ask_price: number
  readonly bid_price: number
  readonly ask_size: number
  readonly bid_size: number
  readonly ap: number
  readonly bp: number
  readonly as: number
  readonly bs: number
}

interface Message {
  readonly type?: string
  readonly code: string
  readonly timestamp: number
  readonly trade_timestamp: number
  readonly trade_price: number
  readonly trade_volume: number
  readonly ask_bid: string
  readonly sequential_id: number
  readonly orderbook_units: readonly Unit[]
  readonly ty: string
  readonly cd: string
  readonly tms: number
  readonly ttms: number
  readonly tp: number
  readonly tv: number
  readonly ab: string
  readonly sid: number
  readonly obu: readonly Unit[]
}

const ids = new Map<number, string>()

/** The plain version, which loses the last digit of an id. */
function decodePlain(frame: Buffer, out: PlainColumns): void {
  const message = JSON.parse(frame.toString('utf8')) as Message
  if (message.type === 'orderbook') {
    const { orderbook_units: units, code, timestamp } = message
    for (const { bid_price, bid_size } of units) if (bid_price > 0) entry(out, 0, bid_price, bid_size)
    for (const { ask_price, ask_size } of units) if (ask_price > 0) entry(out, 1, ask_price, ask_size)
    endEvent(out, 5, 'orderbook', code, Number.NaN, timestamp * 1000)
  } else if (message.type === 'trade') {
    const { trade_price, trade_volume, ask_bid, sequential_id, code, timestamp, trade_timestamp } = message
    entry(out, ask_bid === 'BID' ? 2 : 3, trade_price, trade_volume)
    ids.set(out.count, String(sequential_id))
    endEvent(out, 0, 'trade', code, trade_timestamp * 1000, timestamp * 1000)
  } else if (message.ty === 'orderbook') {
    for (const { bp, bs } of message.obu) if (bp > 0) entry(out, 0, bp, bs)
    for (const { ap, as } of message.obu) if (ap > 0) entry(out, 1, ap, as)
    endEvent(out, 5, 'orderbook', message.cd, Number.NaN, message.tms * 1000)
  } else {
    entry(out, message.ab === 'BID' ? 2 : 3, message.tp, message.tv)
    ids.set(out.count, String(message.sid))
    endEvent(out, 0, 'trade', message.cd, message.ttms * 1000, message.tms * 1000)
  }
}

function endEvent(
  out: PlainColumns,
  kind: number,
  stream: string,
  symbol: string,
  engineUs: number,
  sentUs: number,
): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = nameId(out.names, symbol)
  out.stream[event] = nameId(out.names, stream)
  out.engineUs[event] = engineUs
  out.sentUs[event] = sentUs
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = -1
  out.count = event + 1
  out.entryStart[out.count] = out.entryCount
}

function entry(out: PlainColumns, side: number, price: number, quantity: number): void {
  const row = out.entryCount
  out.side[row] = side
  out.price[row] = price
  out.quantity[row] = quantity
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

/** Symbols with a price and its step in units of a tenth. */
const dear = [['KRW-BTC', 1_160_000_000, 10_000]] as const
const usual = [
  ['KRW-ETH', 45_210_000, 10_000],
  ['KRW-XRP', 30_210, 10],
  ['KRW-DOGE', 2531, 10],
  ['USDT-BTC', 763_412, 1],
  ['KRW-SOL', 2_101_500, 500],
] as const
type Symbols = typeof dear | typeof usual

/** Zeros are cut off, and beyond ten millions an exponent is written. */
function priceText(tenths: number): string {
  const price = tenths / 10
  return price < 1e7 ? String(price) : price.toExponential().replace('e+', 'E')
}
const quantity = (): string => `${next(300)}.${String(next(100_000_000)).padStart(8, '0')}`

/** Books of 30 levels a side, one step apart. */
function madeUpBooks(count: number, symbols: Symbols): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const [symbol, middle, step] = symbols[next(symbols.length)] as (typeof usual)[number]
    const best = middle + next(20) * step
    const units = Array.from({ length: 30 }, (_, level) => {
      const [ask, bid] = [priceText(best + (level + 1) * step), priceText(best - level * step)]
      return `{"ask_price":${ask},"bid_price":${bid},"ask_size":${quantity()},"bid_size":${quantity()}}`
    })
    return Buffer.from(
      `{"type":"orderbook","code":"${symbol}","timestamp":${1_790_134_742_106 + i},` +
        `"total_ask_size":${quantity()},"total_bid_size":${quantity()},"orderbook_units":[${units.join()}],` +
        '"stream_type":"REALTIME","level":0}',
    )
  })
}

function madeUpTrades(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const ms = 1_788_335_180_423 + i
    // One trade in five is of a price so high that its digits are beyond 2^53.
    const [symbol, middle, step] = [...dear, ...usual.slice(1)][next(5)] as (typeof usual)[number]
    const price = (middle + next(20) * step) / 10
    return Buffer.from(
      `{"type":"trade","code":"${symbol}","timestamp":${ms},"trade_date":"2026-09-02","trade_time":"07:46:20",` +
        `"trade_timestamp":${ms - 46},"trade_price":${price.toFixed(8)},` +
        `"trade_volume":${quantity()},"ask_bid":"${next(2) > 0 ? 'ASK' : 'BID'}",` +
        `"prev_closing_price":${(middle / 10).toFixed(8)},"change":"FALL","change_price":${((20 * step) / 10).toFixed(8)},` +
        `"sequential_id":${ms - 46}${String(next(10_000)).padStart(4, '0')},"best_ask_price":${price},` +
        `"best_ask_size":${quantity()},"best_bid_price":${price},"best_bid_size":${quantity()},` +
        '"stream_type":"REALTIME"}',
    )
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
