import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { findMarket, hasMarket } from '@cryptoflow/exchanges'
import { EventBatch, EventKind, type ExchangeMarket, type Market, StringTable } from '@cryptoflow/model'
import { type CaptureLine, marketOfWord } from '../src/capture-lines.ts'
import { isTruthTable, openOurs } from './our-rows.ts'

/** A websocket frame as it lies in a journal block. */
export interface BenchFrame {
  readonly bytes: Buffer
  /** Microseconds; never decreases within a source. */
  readonly receivedUs: number
  /** Index of the connection that it came by. */
  readonly source: number
}

/** Frames in the order in which every candidate reads them. */
export interface FrameSet {
  readonly name: string
  /** What each connection speaks. */
  readonly sources: readonly ExchangeMarket[]
  readonly frames: readonly BenchFrame[]
}

/** Frames of one market before another has its turn, in the mixed set. */
const RUN_FRAMES = 32

/** Frames of one market, and of the mixed set: what the slowest candidate reads in a tenth of a second. */
const FRAMES_MAX = 60_000

const STORED_KINDS: readonly number[] = [
  EventKind.trade,
  EventKind.aggregate,
  EventKind.bookDelta,
  EventKind.quote,
]

/** Capture files of the exchange whose markets we read, in the order of their names. */
export function captureFiles(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => /^binance-.*\.jsonl(\.zst)?$/.test(name))
    .sort()
    .map((name) => join(directory, name))
}

/**
 * Frames of trades, aggregates, diffs and quotes by market, then of all markets in turns of 32 frames.
 *
 * Frames without a row, and those that a sequence check finds to be duplicates, are left out: every candidate makes
 * the same rows of what is left, whether it checks sequences or not.
 */
export function frameSets(files: readonly string[]): FrameSet[] {
  const byMarket = new Map<Market, { sources: ExchangeMarket[]; frames: BenchFrame[] }>()
  for (const file of files) {
    const known = new Map<ExchangeMarket, number>()
    let receivedUs = 0
    for (const line of captureLines(file)) {
      const word = marketOfWord(line.market)
      if (word === null || !hasMarket(line.exchange, word)) continue
      if (line.transport !== 'ws' || line.encoding !== undefined) continue
      const market = findMarket(line.exchange, word)
      const set = byMarket.get(word) ?? { sources: [], frames: [] }
      byMarket.set(word, set)
      if (set.frames.length >= FRAMES_MAX) break
      const source = known.get(market) ?? set.sources.push(market) - 1
      known.set(market, source)
      receivedUs = Math.max(receivedUs, line.recv_ts_us ?? 0)
      set.frames.push({ bytes: Buffer.from(line.raw), receivedUs, source })
    }
  }
  const sets = [...byMarket].map(([name, { sources, frames }]) => stored({ name, sources, frames }))
  return [...sets, mixed(sets)]
}

/** All at once and not line by line as an import reads them: what is measured does not begin here. */
function* captureLines(file: string): Generator<CaptureLine> {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString('utf8')
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end)
    at = end < 0 ? text.length : end + 1
    if (line !== '') yield JSON.parse(line) as CaptureLine
  }
}

/** The set without what nobody stores. */
function stored(set: FrameSet): FrameSet {
  const batch = new EventBatch(new StringTable())
  const reader = openOurs(set)
  const frames = set.frames.filter((frame, i) => {
    batch.clear()
    const { kind } = (set.sources[frame.source] as ExchangeMarket).decodeFrame(frame.bytes, batch)
    if (kind !== 'events' || !STORED_KINDS.includes(batch.kind[0] as number)) return false
    reader.reset()
    reader.read(frame, i)
    return [...reader.tables].some(([table, { count }]) => !isTruthTable(table) && count > 0)
  })
  return laidOut({ ...set, frames })
}

/** The same frames as views of one block of bytes in the order in which they are read, as they lie in a journal. */
function laidOut(set: FrameSet): FrameSet {
  const block = Buffer.concat(set.frames.map(({ bytes }) => bytes))
  let at = 0
  const frames = set.frames.map((frame) => {
    at += frame.bytes.length
    return { ...frame, bytes: block.subarray(at - frame.bytes.length, at) }
  })
  return { ...set, frames }
}

function mixed(sets: readonly FrameSet[]): FrameSet {
  const sources = sets.flatMap((set) => set.sources)
  const frames: BenchFrame[] = []
  const longest = Math.max(...sets.map((set) => set.frames.length))
  for (let at = 0; at < longest; at += RUN_FRAMES) {
    let firstSource = 0
    for (const set of sets) {
      for (const frame of set.frames.slice(at, at + RUN_FRAMES)) {
        frames.push({ ...frame, source: firstSource + frame.source })
      }
      firstSource += set.sources.length
    }
  }
  return laidOut({ name: 'mixed', sources, frames: frames.slice(0, FRAMES_MAX) })
}

/** The set without one kind of event. */
export function without(kind: number, set: FrameSet, name = set.name): FrameSet {
  const batch = new EventBatch(new StringTable())
  const frames = set.frames.filter(({ bytes, source }) => {
    batch.clear()
    ;(set.sources[source] as ExchangeMarket).decodeFrame(bytes, batch)
    return batch.kind[0] !== kind
  })
  return laidOut({ ...set, name, frames })
}
