import { type FileHandle, open } from 'node:fs/promises'
import { type InstrumentKey, keyText } from '@cryptoflow/model'
import { logLines } from './log-lines.ts'
import { deltaTables } from './prints.ts'
import { type BookUpdate, imageFault, SecondBook, type StoredImageSide } from './second-book.ts'

/** A stored image of a key's book: `depth` levels a side at most. */
export interface ImageAtSequence {
  /** `keyText` of its key. */
  readonly key: string
  readonly lastSeq: number
  readonly bids: StoredImageSide
  readonly asks: StoredImageSide
  readonly depth: number
}

interface LogMessage extends BookUpdate, InstrumentKey {
  readonly n: number
  readonly stream: string
  readonly is_snapshot: boolean
  readonly depth: number | null
}

/** Where a snapshot's line lies: snapshots are large, and needed one at a time. */
interface SnapshotPlace {
  readonly last: number
  readonly offset: number
  readonly size: number
}

/**
 * The second books of all symbols, moved along an emission log.
 *
 * A snapshot may be logged behind deltas newer than it, so all are found first and merged in their sequence.
 */
export class Truth {
  private readonly file: FileHandle
  private readonly waiting: Map<string, SnapshotPlace[]>
  private readonly streams: ReadonlyMap<string, string>
  private readonly books = new Map<string, SecondBook>()

  /** Use `openTruth`. */
  constructor(file: FileHandle, waiting: Map<string, SnapshotPlace[]>, streams: ReadonlyMap<string, string>) {
    this.file = file
    this.waiting = waiting
    this.streams = streams
  }

  /** Takes the next line of the log. Answers its number when it was an update of a book's own stream. */
  async take(line: Buffer): Promise<number | null> {
    if (!isDelta(line) || line.includes(IS_ANSWER)) return null
    const message = JSON.parse(line.toString()) as LogMessage
    const key = keyText(message)
    if (this.streams.get(key) !== message.stream) return null
    if (this.mustMerge(key, message.last - 1)) await this.mergeUpTo(key, message.last - 1)
    const book = this.bookOf(key)
    if (message.is_snapshot) book.replace(message)
    else book.apply(message)
    if (message.depth !== null) book.cut(message.depth)
    return message.n
  }

  /** What is wrong with an image whose sequence the log has reached, null when nothing is. */
  async fault(image: ImageAtSequence): Promise<string | null> {
    if (this.mustMerge(image.key, image.lastSeq)) await this.mergeUpTo(image.key, image.lastSeq)
    const { bids, asks } = this.bookOf(image.key)
    const bidFault = imageFault(bids, image.bids, image.depth)
    if (bidFault !== null) return `bids: ${bidFault}`
    const askFault = imageFault(asks, image.asks, image.depth)
    return askFault === null ? null : `asks: ${askFault}`
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  private bookOf(key: string): SecondBook {
    let book = this.books.get(key)
    if (book === undefined) {
      book = new SecondBook()
      this.books.set(key, book)
    }
    return book
  }

  private mustMerge(key: string, seq: number): boolean {
    const next = this.waiting.get(key)?.[0]
    return next !== undefined && next.last <= seq
  }

  private async mergeUpTo(key: string, seq: number): Promise<void> {
    const places = this.waiting.get(key) ?? []
    while (this.mustMerge(key, seq)) {
      const { offset, size } = places.shift() as SnapshotPlace
      const { buffer } = await this.file.read(Buffer.allocUnsafe(size), 0, size, offset)
      this.bookOf(key).merge(JSON.parse(buffer.toString()) as BookUpdate)
    }
  }
}

/**
 * Reads through the log once to find its snapshots; `streams` names the stream that feeds each key's book, by
 * `keyText`. Close it after use.
 */
export async function openTruth(log: string, streams: ReadonlyMap<string, string>): Promise<Truth> {
  const waiting = await snapshotPlaces(log)
  return new Truth(await open(log), waiting, streams)
}

/** The log's own spelling; inside of a JSON text the quotes would be escaped. */
const DELTA_TABLES = deltaTables.map((table) => Buffer.from(`"table":"${table}"`))
const IS_ANSWER = Buffer.from('"is_answer":true')

const isDelta = (line: Buffer): boolean => DELTA_TABLES.some((table) => line.includes(table))

/** All snapshots by key, in order of their sequence. */
async function snapshotPlaces(log: string): Promise<Map<string, SnapshotPlace[]>> {
  const places = new Map<string, SnapshotPlace[]>()
  for await (const lines of logLines(log)) {
    for (const { offset, bytes } of lines) {
      if (!bytes.includes(IS_ANSWER) || !isDelta(bytes)) continue
      const message = JSON.parse(bytes.toString()) as LogMessage
      const place = { last: message.last, offset, size: bytes.length }
      const known = places.get(keyText(message))
      if (known === undefined) places.set(keyText(message), [place])
      else known.push(place)
    }
  }
  for (const known of places.values()) known.sort((a, b) => a.last - b.last)
  return places
}
