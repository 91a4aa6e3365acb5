import { EventBatch, type Market, StringTable } from '@cryptoflow/model'
import { wires } from '../src/okx/channels.ts'
import { decodeExact } from '../src/okx/exact.ts'
import { decodeFrame } from '../src/okx/frame.ts'
import { isSameBatch, readCaptures } from '../src/test-support.ts'
import { type BenchFrame, inOneBlock } from './frames.ts'
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
const MADE_UP_FRAMES = 4_000

/**
 * Our decoder against JSON.parse and Number into the same columns: rows per CPU second, both alternated in this
 * process. A row is a trade, a side of a quote or a book level. The first line decides; the others explain it.
 *
 * `capturesDirectory` holds the captures, of 2022 and without ids; frames as they are sent today are made up.
 */
export function okxBench(capturesDirectory?: string): BenchLine[] {
  const recorded = capturesDirectory === undefined ? [] : capturedFrames(capturesDirectory)
  const today = madeUpFrames(MADE_UP_FRAMES)
  const lines = [
    measure('decode, okx mixed of today (made up)', today),
    measure('decode, okx books of today (made up)', today.filter(isOf('books'))),
    measure('decode, okx trades of today (made up)', today.filter(isOf('trades'))),
    measure('decode, okx quotes of today (made up)', today.filter(isOf('bbo-tbt'))),
  ]
  if (recorded.length === 0) return lines
  return [measure('decode, okx, capture of 2022', recorded), ...lines]
}

function isOf(channel: string): (frame: BenchFrame) => boolean {
  return ({ bytes }) => bytes.includes(`"channel":"${channel}"`)
}

function measure(name: string, selected: readonly BenchFrame[]): BenchLine {
  const frames = inOneBlock(selected)
  const rows = verifiedRows(frames)
  const batch = new EventBatch(new StringTable())
  const plain = plainColumns(FRAMES_PER_BATCH * 4, Math.max(rows, 1))
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const ourSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) batch.clear()
        const { market, bytes } = frames[i] as BenchFrame
        decodeFrame(wires[market], bytes, batch)
      }
    })
    const theirSeconds = cpuSecondsOfOne(() => {
      for (let i = 0; i < frames.length; i++) {
        if (i % FRAMES_PER_BATCH === 0) plain.count = plain.entryCount = 0
        decodePlain((frames[i] as BenchFrame).bytes, plain)
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
    if (ours.count === 0 || !isSameBatch(ours, exact)) return 0
    rows += ours.entryCount
  }
  return rows
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
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}

interface PlainElement {
  readonly asks: readonly (readonly string[])[]
  readonly bids: readonly (readonly string[])[]
  readonly tradeId: string
  readonly px: string
  readonly sz: string
  readonly side: 'buy' | 'sell'
  readonly count?: string
  readonly source?: string
  readonly ts: string
  readonly checksum?: number
  readonly prevSeqId?: number
  readonly seqId?: number
}

interface PlainMessage {
  readonly arg: { readonly channel: string; readonly instId: string }
  readonly action?: 'snapshot' | 'update'
  readonly data: readonly PlainElement[]
}

/** The plain way that everybody begins with. */
function decodePlain(frame: Buffer, out: PlainColumns): void {
  const { arg, action, data } = JSON.parse(frame.toString('utf8')) as PlainMessage
  for (const element of data) {
    const event = out.count
    out.symbol[event] = nameId(out.names, arg.instId)
    out.stream[event] = nameId(out.names, arg.channel)
    out.engineUs[event] = Number(element.ts) * 1000
    out.sentUs[event] = Number.NaN
    if (arg.channel === 'trades') addTrade(element, out)
    else addBook(element, arg.channel === 'bbo-tbt' ? 3 : action === 'snapshot' ? 2 : 1, out)
    out.count = event + 1
    out.entryStart[out.count] = out.entryCount
  }
}

function addTrade({ tradeId, count, source, side, px, sz }: PlainElement, out: PlainColumns): void {
  const event = out.count
  const id = Number(tradeId)
  const first = id - Number(count ?? '1') + 1
  out.kind[event] = first < id ? 4 : 0
  out.firstSeq[event] = first
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  out.firstTradeId[event] = first
  out.lastTradeId[event] = id
  out.tradeType[event] = source === undefined ? -1 : nameId(out.names, source)
  entry(out, side === 'buy' ? 2 : 3, px, sz)
}

function addBook({ asks, bids, seqId, prevSeqId }: PlainElement, kind: number, out: PlainColumns): void {
  const event = out.count
  out.kind[event] = kind
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = seqId ?? Number.NaN
  out.prevSeq[event] = prevSeqId ?? Number.NaN
  for (const [price, quantity] of asks) entry(out, 1, price as string, quantity as string)
  for (const [price, quantity] of bids) entry(out, 0, price as string, quantity as string)
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

/** Books and trades of the capture, each for its market. */
function capturedFrames(directory: string): BenchFrame[] {
  const lines = [...readCaptures(directory, 'okx-').values()].flat()
  return lines
    .filter(({ raw }) => /^\{"arg":\{"channel":"(books|trades)"/.test(raw))
    .map(({ raw }) => ({ market: marketOf(raw), bytes: Buffer.from(raw) }))
}

function marketOf(raw: string): Market {
  if (raw.includes('"instId":"BTC-USDT"')) return 'spot'
  return raw.includes('-USD-') ? 'inverse' : 'linear'
}

/** Of 100 frames 40 updates of about 20 levels, 30 trades and 30 quotes, on 50 contracts. */
function madeUpFrames(count: number): BenchFrame[] {
  let state = 0x2545f491
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const price = (): string => `${60_000 + next(3000)}.${next(10)}`
  const quantity = (): string => (next(3) === 0 ? '0' : `${next(500)}.${1 + next(98)}`)
  const level = (): string[] => [price(), quantity(), '0', String(next(20))]
  const levels = (): string[][] => Array.from({ length: next(21) }, level)
  const id = (): number => 60_000_000_000 + next(1_000_000_000)
  return Array.from({ length: count }, () => {
    const instId = `COIN${next(50)}-USDT-SWAP`
    const ts = String(1_791_565_600_771 + next(600_000))
    const kind = next(100)
    const [channel, action, element] =
      kind < 40
        ? [
            'books',
            'update',
            { asks: levels(), bids: levels(), ts, checksum: 0, prevSeqId: id(), seqId: id() },
          ]
        : kind < 70
          ? [
              'trades',
              undefined,
              {
                ...{ instId, tradeId: String(id()), px: price(), sz: `${1 + next(99)}.${1 + next(9)}` },
                ...{
                  side: next(2) > 0 ? 'buy' : 'sell',
                  ts,
                  count: String(1 + next(4)),
                  source: '0',
                  seqId: id(),
                },
              },
            ]
          : ['bbo-tbt', undefined, { asks: [level()], bids: [level()], ts, seqId: id() }]
    const text = JSON.stringify({ arg: { channel, instId }, action, data: [element] })
    return { market: 'linear', bytes: Buffer.from(text) }
  })
}
