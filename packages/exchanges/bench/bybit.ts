import { EventBatch, type Market, StringTable } from '@cryptoflow/model'
import { wires } from '../src/bybit/channels.ts'
import { decodeExact } from '../src/bybit/exact.ts'
import { decodeFrame } from '../src/bybit/frame.ts'
import { isSameBatch, readCaptures } from '../src/test-support.ts'
import { type BenchFrame, inOneBlock, interleaved } from './frames.ts'
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
 * process. Recordings hold too few frames of most channels, so those are made up after the documents; the books of
 * `capturesDirectory` are measured too. The first line decides; the others explain it.
 */
export function bybitBench(capturesDirectory?: string): BenchLine[] {
  const spot = madeUpFrames('spot')
  const linear = madeUpFrames('linear')
  const all = interleaved([...Object.values(spot), ...Object.values(linear)])
  const lines = [
    measure('decode, bybit mixed (made up)', all),
    ...Object.entries(spot).map(([name, frames]) => measure(`decode, bybit spot ${name} (made up)`, frames)),
    ...Object.entries(linear).map(([name, frames]) =>
      measure(`decode, bybit linear ${name} (made up)`, frames),
    ),
  ]
  if (capturesDirectory === undefined) return lines
  const captured = [...readCaptures(capturesDirectory, 'bybit-linear').values()].flat()
  const books = captured.map(({ raw }) => ({ market: 'linear' as const, bytes: Buffer.from(raw) }))
  return [...lines, measure('decode, bybit linear books of 500 levels (captures)', books)]
}

function measure(name: string, selected: readonly BenchFrame[]): BenchLine {
  const frames = inOneBlock(selected)
  const rows = verifiedRows(frames)
  const batch = new EventBatch(new StringTable())
  const plain = plainColumns(rows + 1, rows + 1)
  const ids = new Map<number, string>()
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; rows > 0 && round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const ourSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) batch.clear()
        const { market, bytes } = frames[i] as BenchFrame
        decodeFrame(wires[market], bytes, batch)
      }
    })
    const theirSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) {
          plain.count = plain.entryCount = 0
          ids.clear()
        }
        decodePlain((frames[i] as BenchFrame).bytes, plain, ids)
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
function verifiedRows(frames: readonly BenchFrame[]): number {
  const names = new StringTable()
  const ours = new EventBatch(names)
  const exact = new EventBatch(names)
  let rows = 0
  for (const { market, bytes } of frames) {
    ours.clear()
    exact.clear()
    decodeFrame(wires[market], bytes, ours)
    decodeExact(wires[market], bytes, exact)
    const isSame = isSameBatch(ours, exact) && [...ours.textIds].join() === [...exact.textIds].join()
    if (ours.count === 0 || !isSame) return 0
    rows += ours.entryCount
  }
  return rows
}

interface Trade {
  readonly T: number
  readonly s: string
  readonly S: string
  readonly v: string
  readonly p: string
  readonly i: string
  readonly BT: boolean
  readonly RPI?: boolean
}

interface Book {
  readonly s: string
  readonly b: readonly (readonly [string, string])[]
  readonly a: readonly (readonly [string, string])[]
  readonly u: number
}

interface Message {
  readonly topic: string
  readonly type: string
  readonly ts: number
  readonly cts?: number
  readonly data: Book & readonly Trade[]
}

/** The plain way that everybody begins with. */
function decodePlain(frame: Buffer, out: PlainColumns, ids: Map<number, string>): void {
  const { topic, type, ts, cts, data } = JSON.parse(frame.toString('utf8')) as Message
  const stream = topic.slice(0, topic.lastIndexOf('.'))
  if (stream === 'publicTrade') {
    for (const { T, s, S, v, p, i, BT, RPI } of data) {
      entry(out, S === 'Buy' ? 2 : 3, p, v)
      ids.set(out.count, i)
      out.tradeType[out.count] = RPI === true ? nameId(out.names, 'RPI') : -1
      endEvent(out, {
        kind: BT ? 10 : 0,
        stream,
        symbol: s,
        sentUs: ts * 1000,
        engineUs: T * 1000,
        seq: Number.NaN,
      })
    }
    return
  }
  for (const [price, quantity] of data.b) entry(out, 0, price, quantity)
  for (const [price, quantity] of data.a) entry(out, 1, price, quantity)
  const kind = stream === 'orderbook.1' ? 3 : type === 'snapshot' ? 2 : 1
  const engineUs = cts === undefined ? Number.NaN : cts * 1000
  endEvent(out, { kind, stream, symbol: data.s, sentUs: ts * 1000, engineUs, seq: data.u })
}

interface PlainEvent {
  readonly kind: number
  readonly stream: string
  readonly symbol: string
  readonly sentUs: number
  readonly engineUs: number
  readonly seq: number
}

function endEvent(out: PlainColumns, { kind, stream, symbol, sentUs, engineUs, seq }: PlainEvent): void {
  const event = out.count
  out.kind[event] = kind
  out.stream[event] = nameId(out.names, stream)
  out.symbol[event] = nameId(out.names, symbol)
  out.sentUs[event] = sentUs
  out.engineUs[event] = engineUs
  out.firstSeq[event] = seq
  out.lastSeq[event] = seq
  out.prevSeq[event] = Number.NaN
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

/** Frames of a busy symbol: deltas of about ten levels, one to three trades, quotes of both sides. */
function madeUpFrames(market: Market): Readonly<Record<'books' | 'trades' | 'quotes', BenchFrame[]>> {
  let state = 0x2545f491
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const isSpot = market === 'spot'
  const digits = (count: number): string => String(next(10 ** count)).padStart(count, '0')
  const price = (): string => `${60_000 + next(3000)}.${digits(isSpot ? 1 : 2)}`
  const quantity = (): string => (next(5) === 0 ? '0' : `${next(3)}.${digits(isSpot ? 6 : 3)}`)
  const levels = (count: number): [string, string][] =>
    Array.from({ length: count }, () => [price(), quantity()])
  const s = 'BTCUSDT'
  const hex = (count: number): string => Array.from({ length: count }, () => next(16).toString(16)).join('')
  const uuid = (): string => [8, 4, 4, 4, 12].map(hex).join('-')
  let u = 271_249_961

  const messageOf = (channel: string, isTimeFirst: boolean, data: object, cts: object): BenchFrame => {
    const ts = 1_789_717_872_456 + next(600_000)
    const type = channel === 'orderbook.50' ? 'delta' : 'snapshot'
    const head = isTimeFirst ? { ts, type } : { type, ts }
    const text = JSON.stringify({ topic: `${channel}.${s}`, ...head, data, ...cts })
    return { market, bytes: Buffer.from(text) }
  }
  const book = (channel: string, isTimeFirst: boolean, count: () => number): BenchFrame => {
    u += 1
    const data = { s, b: levels(count()), a: levels(count()), u, seq: 114_178_894_363 + u }
    return messageOf(channel, isTimeFirst, data, { cts: 1_789_717_872_442 + next(600_000) })
  }
  const trade = (): object => {
    const [T, S, seq] = [1_789_717_872_442 + next(600_000), next(2) === 0 ? 'Buy' : 'Sell', 114_178_894_363]
    const [v, p] = [`${next(3)}.${digits(3)}`, price()]
    return isSpot
      ? { i: `22900000000${digits(8)}`, T, p, v, S, seq, s, BT: false, RPI: false }
      : { T, s, S, v, p, L: 'PlusTick', i: uuid(), BT: false, RPI: false, seq }
  }
  const many = (make: () => BenchFrame): BenchFrame[] => Array.from({ length: MADE_UP_FRAMES }, make)
  return {
    books: many(() => book('orderbook.50', isSpot, () => next(10))).filter(
      ({ bytes }) => !bytes.includes('"b":[],"a":[]'),
    ),
    trades: many(() => messageOf('publicTrade', isSpot, Array.from({ length: 1 + next(3) }, trade), {})),
    quotes: many(() => book('orderbook.1', true, () => 1)),
  }
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
