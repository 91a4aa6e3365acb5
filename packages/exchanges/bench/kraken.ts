import { EventBatch, StringTable } from '@cryptoflow/model'
import { decodeFuturesExact, decodeFuturesFrame } from '../src/kraken/futures.ts'
import { decodeSpotExact, decodeSpotFrame } from '../src/kraken/spot.ts'
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
const MADE_UP_FRAMES = 8000

type Decode = typeof decodeSpotFrame

/** A protocol: our decoder, and the exact path that judges it. */
interface Subject {
  readonly decode: Decode
  readonly exact: Decode
}

const spot: Subject = { decode: decodeSpotFrame, exact: decodeSpotExact }
const futures: Subject = {
  decode: (bytes, out) => decodeFuturesFrame('inverse', bytes, out),
  exact: (bytes, out) => decodeFuturesExact('inverse', bytes, out),
}

/**
 * Our decoder against JSON.parse into the same columns: rows per CPU second, both alternated in this process. Frames
 * of futures are captured ones; those of spot are made up after the documents, since published recordings hold few.
 * `capturesDirectory` holds the captures.
 */
export function krakenBench(capturesDirectory?: string): BenchLine[] {
  const captured = capturesDirectory === undefined ? [] : capturedFrames(capturesDirectory)
  const updates = madeUpBooks('update', MADE_UP_FRAMES, 4)
  const trades = madeUpTrades(MADE_UP_FRAMES)
  return [
    measure('decode, kraken spot book and trade (made up)', spot, interleaved(updates, trades)),
    measure('decode, kraken spot book (made up)', spot, updates),
    measure('decode, kraken spot trade (made up)', spot, trades),
    measure(
      'decode, kraken spot book snapshot of 1000 levels (made up)',
      spot,
      madeUpBooks('snapshot', 8, 1000),
    ),
    measure('decode, kraken futures book and trade (captures)', futures, captured),
    measure(
      'decode, kraken futures book (captures)',
      futures,
      captured.filter((frame) => frame.includes('"feed":"book",')),
    ),
  ].filter(({ value }) => value > 0)
}

function capturedFrames(directory: string): Buffer[] {
  const lines = [...readCaptures(directory, 'kraken_futures').values()].flat()
  const stored = lines.filter(
    ({ transport, raw }) => transport === 'ws' && /^{"feed":"(book|book_snapshot|trade)",/.test(raw),
  )
  return stored.map(({ raw }) => Buffer.from(raw))
}

function interleaved(a: readonly Buffer[], b: readonly Buffer[]): Buffer[] {
  return a.flatMap((frame, i) => [frame, b[i] as Buffer])
}

function measure(name: string, subject: Subject, frames: readonly Buffer[]): BenchLine {
  const rows = frames.length === 0 ? 0 : verifiedRows(subject, frames)
  const batch = new EventBatch(new StringTable())
  const plain = plainColumns(rows + 1, rows + 1)
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; rows > 0 && round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const ourSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) batch.clear()
        subject.decode(frames[i] as Buffer, batch)
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
function verifiedRows({ decode, exact }: Subject, frames: readonly Buffer[]): number {
  const names = new StringTable()
  const ours = new EventBatch(names)
  const theirs = new EventBatch(names)
  let rows = 0
  for (const frame of frames) {
    ours.clear()
    theirs.clear()
    decode(frame, ours)
    exact(frame, theirs)
    if (ours.count === 0 || !isSameBatch(ours, theirs)) return 0
    rows += ours.entryCount
  }
  return rows
}

interface Level {
  readonly price: number
  readonly qty: number
}

interface Message extends Level {
  readonly channel?: string
  readonly type: string
  readonly data: readonly (Level & {
    readonly symbol: string
    readonly bids: readonly Level[]
    readonly asks: readonly Level[]
    readonly checksum: number
    readonly side: string
    readonly ord_type: string
    readonly trade_id: number
    readonly timestamp: string
  })[]
  readonly feed: string
  readonly product_id: string
  readonly side: string
  readonly seq: number
  readonly uid: string
  readonly time: number
  readonly timestamp: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

const checksums = new Float64Array(1)
const ids = new Map<number, string>()

/** The plain version: milliseconds are enough for it. */
function decodePlain(frame: Buffer, out: PlainColumns): void {
  const message = JSON.parse(frame.toString('utf8')) as Message
  if (message.channel === 'book') {
    for (const { symbol, bids, asks, checksum, timestamp } of message.data) {
      levels(out, bids, asks)
      checksums[0] = checksum
      const kind = message.type === 'snapshot' ? 2 : 1
      endEvent(out, kind, 'book', symbol, Date.parse(timestamp) * 1000, Number.NaN)
    }
  } else if (message.channel === 'trade') {
    for (const trade of message.data) {
      entry(out, trade.side === 'buy' ? 2 : 3, trade)
      out.tradeType[out.count] = nameId(out.names, trade.ord_type)
      endEvent(out, 0, 'trade', trade.symbol, Date.parse(trade.timestamp) * 1000, trade.trade_id)
    }
  } else if (message.feed === 'book') {
    entry(out, message.side === 'buy' ? 0 : 1, message)
    endEvent(out, 1, 'book', message.product_id, message.timestamp * 1000, message.seq)
  } else if (message.feed === 'book_snapshot') {
    levels(out, message.bids, message.asks)
    endEvent(out, 2, 'book', message.product_id, message.timestamp * 1000, message.seq)
  } else {
    entry(out, message.side === 'buy' ? 2 : 3, message)
    ids.set(0, message.uid)
    out.tradeType[out.count] = nameId(out.names, message.type)
    endEvent(out, 0, 'trade', message.product_id, message.time * 1000, message.seq)
  }
}

function levels(out: PlainColumns, bids: readonly Level[], asks: readonly Level[]): void {
  for (const level of bids) entry(out, 0, level)
  for (const level of asks) entry(out, 1, level)
}

function entry(out: PlainColumns, side: number, { price, qty }: Level): void {
  const row = out.entryCount
  out.side[row] = side
  out.price[row] = price
  out.quantity[row] = qty
  out.entryCount = row + 1
}

function endEvent(
  out: PlainColumns,
  kind: number,
  stream: string,
  symbol: string,
  engineUs: number,
  seq: number,
): void {
  const event = out.count
  out.kind[event] = kind
  out.symbol[event] = nameId(out.names, symbol)
  out.stream[event] = nameId(out.names, stream)
  out.engineUs[event] = engineUs
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = seq
  out.lastSeq[event] = seq
  out.prevSeq[event] = Number.NaN
  out.count = event + 1
  out.entryStart[out.count] = out.entryCount
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

const price = (): string => `${60_000 + next(3000)}.${next(10)}`
const quantity = (): string => `${next(3)}.${String(next(100_000_000)).padStart(8, '0')}`
const symbols = ['BTC/USD', 'ETH/USD', 'SOL/EUR', 'XDG/USD', 'AAPLx/USD']
const timeOf = (i: number): string =>
  new Date(Date.UTC(2026, 7, 16) + i * 50).toISOString().replace('Z', '295Z')

function madeUpLevels(count: number): string {
  return Array.from({ length: count }, () => `{"price":${price()},"qty":${quantity()}}`).join(',')
}

/** Books with up to `levelsMax` levels a side; updates mostly change one side, snapshots have all of both. */
function madeUpBooks(type: 'update' | 'snapshot', count: number, levelsMax: number): Buffer[] {
  const some = (): number => (type === 'snapshot' ? levelsMax : next(2) * (1 + next(levelsMax)))
  return Array.from({ length: count }, (_, i) => {
    const sides = `"bids":[${madeUpLevels(Math.max(some(), 1))}],"asks":[${madeUpLevels(some())}]`
    const book = `{"symbol":"${symbols[next(5)]}",${sides},"checksum":${next(2 ** 32)},"timestamp":"${timeOf(i)}"}`
    return Buffer.from(`{"channel":"book","type":"${type}","data":[${book}]}`)
  })
}

/** Messages of 1 to 4 trades. */
function madeUpTrades(count: number): Buffer[] {
  let id = 84_614_979
  return Array.from({ length: count }, (_, i) => {
    const symbol = symbols[next(5)]
    const trades = Array.from({ length: 1 + next(4) }, () => {
      id += 1
      const told = `"symbol":"${symbol}","side":"${next(2) > 0 ? 'buy' : 'sell'}","price":${price()},"qty":${quantity()}`
      return `{${told},"ord_type":"${next(2) > 0 ? 'limit' : 'market'}","trade_id":${id},"timestamp":"${timeOf(i)}"}`
    })
    return Buffer.from(`{"channel":"trade","type":"update","data":[${trades.join(',')}]}`)
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
