import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline as join } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { findMarket, hasMarket } from '@cryptoflow/exchanges'
import {
  type AnswerContext,
  EventBatch,
  type ExchangeMarket,
  encodeAnswer,
  encodeNote,
  type JournalRecord,
  type Market,
  RecordKind,
  StringTable,
  type Subscription,
} from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'

/** One line of a capture file: a message as somebody else's recorder stored it. */
interface CaptureLine {
  readonly exchange: string
  readonly market: string
  readonly transport: 'ws' | 'rest'
  readonly conn: string
  readonly recv_ts_us: number | null
  readonly url: string | null
  readonly raw: string
  readonly encoding?: string
}

/** Longest line accepted, characters. */
const LINE_LENGTH_MAX = 64 * 1024 * 1024

/** What a capture file holds, learnt in one pass over it. */
export interface CaptureFile {
  readonly path: string
  /** Stands in for the journal id: the same file always replays under the same id. */
  readonly writer: string
  readonly messages: number
  /** Messages that no adapter reads, by reason. */
  readonly refused: Readonly<Record<string, number>>
  readonly connections: ReadonlyMap<string, { market: ExchangeMarket; subscriptions: Subscription[] }>
}

/** Answers which resync a book waits for once every record before its snapshot has been read. */
export type ResyncOf = (market: ExchangeMarket, symbol: string, stream: string) => Promise<number>

/** Reads a capture file once to learn its connections, streams and symbols. */
export async function openCapture(path: string): Promise<CaptureFile> {
  const seen = new Map<string, { market: ExchangeMarket; streams: Map<string, Subscription> }>()
  const refused = new Map<string, number>()
  let messages = 0
  for await (const line of captureLines(path)) {
    messages += 1
    const reason = refusal(line)
    if (reason !== null) {
      refused.set(reason, (refused.get(reason) ?? 0) + 1)
      continue
    }
    const connection = seen.get(line.conn) ?? {
      market: findMarket(line.exchange, line.market as Market),
      streams: new Map<string, Subscription>(),
    }
    seen.set(line.conn, connection)
    if (line.transport === 'ws') learnStreams(connection, line)
  }
  const connections = new Map(
    [...seen].map(([conn, { market, streams }]) => [conn, { market, subscriptions: [...streams.values()] }]),
  )
  return { path, writer: await contentId(path), messages, refused: Object.fromEntries(refused), connections }
}

/**
 * The records that a journal would hold had we received the capture ourselves: start, connects, frames,
 * answers, stop, numbered from 1. Lines that were refused are left out.
 *
 * A line without a received time takes the one before it, else the Unix epoch: captures are exempt from
 * the check against absurd times.
 */
export async function* captureRecords(file: CaptureFile, resyncOf: ResyncOf): AsyncGenerator<JournalRecord> {
  const numbers = new Map<string, number>()
  let number = 0
  let receivedUs = 0
  const record = (kind: RecordKind, connection: number, payload: Uint8Array): JournalRecord => {
    number += 1
    return { number, kind, connection, receivedUs, payload }
  }
  yield record(RecordKind.start, 0, encodeNote({ lastRecord: 0, clean: true, version: 'capture' }))
  for await (const line of captureLines(file.path)) {
    if (refusal(line) !== null) continue
    const connection = file.connections.get(line.conn)
    if (connection === undefined) continue
    receivedUs = Math.max(receivedUs, line.recv_ts_us ?? 0)
    const { market, subscriptions } = connection
    if (!numbers.has(line.conn)) {
      const note = { exchange: market.exchange, market: market.market, subscriptions }
      const opened = record(RecordKind.connect, 0, encodeNote(note))
      numbers.set(line.conn, opened.number)
      yield opened
    }
    const body = Buffer.from(line.raw, 'utf8')
    if (line.transport === 'ws') yield record(RecordKind.frame, numbers.get(line.conn) as number, body)
    else {
      const context = await answerContext(file, line, market, resyncOf)
      if (context !== null) yield record(RecordKind.answer, 0, encodeAnswer(context, body))
    }
  }
  yield record(RecordKind.stop, 0, new Uint8Array(0))
}

function refusal(line: CaptureLine): string | null {
  if (!hasMarket(line.exchange, line.market as Market)) return 'unsupported_market'
  return line.encoding === undefined ? null : 'binary_frames'
}

function learnStreams(
  connection: { market: ExchangeMarket; streams: Map<string, Subscription> },
  line: CaptureLine,
): void {
  const names = new StringTable()
  const batch = new EventBatch(names)
  connection.market.decodeFrame(Buffer.from(line.raw, 'utf8'), batch)
  for (let i = 0; i < batch.count; i++) {
    const symbol = names.text(batch.symbol[i] as number)
    const stream = names.text(batch.stream[i] as number)
    connection.streams.set(`${symbol}\0${stream}`, { symbol, stream })
  }
}

/** Which book a REST answer of a capture restarts: by its URL, else the one symbol of its connection. */
async function answerContext(
  file: CaptureFile,
  line: CaptureLine,
  market: ExchangeMarket,
  resyncOf: ResyncOf,
): Promise<AnswerContext | null> {
  const subscriptions = [...file.connections.values()]
    .filter((other) => other.market === market)
    .flatMap((other) => other.subscriptions)
  const inUrl = line.url === null ? null : new URL(line.url).searchParams.get('symbol')
  const symbols = new Set((file.connections.get(line.conn)?.subscriptions ?? []).map(({ symbol }) => symbol))
  const symbol = inUrl ?? (symbols.size === 1 ? ([...symbols][0] as string) : null)
  const books = new Set(market.streams.filter(({ book }) => book !== null).map(({ name }) => name))
  const stream = subscriptions.find((one) => one.symbol === symbol && books.has(one.stream))?.stream
  if (symbol === null || stream === undefined) return null
  const resync = await resyncOf(market, symbol, stream)
  return { exchange: market.exchange, market: market.market, symbol, stream, resync, status: 200 }
}

async function* captureLines(path: string): AsyncGenerator<CaptureLine> {
  const file = createReadStream(path)
  const text = path.endsWith('.zst') ? createZstdDecompress() : null
  const flowing = text === null ? null : join(file, text)
  flowing?.catch(() => {})
  let number = 0
  for await (const line of createInterface({ input: text ?? file, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1
    if (line.length > LINE_LENGTH_MAX) throw badLine(path, number, 'the line is longer than 64 MB')
    yield parseLine(path, number, line)
  }
  await flowing
}

function parseLine(path: string, number: number, line: string): CaptureLine {
  let value: Partial<CaptureLine>
  try {
    value = JSON.parse(line)
  } catch {
    throw badLine(path, number, 'the line is not JSON')
  }
  const isText = [value.exchange, value.market, value.conn, value.raw].every(
    (part) => typeof part === 'string',
  )
  if (!isText) throw badLine(path, number, 'the line lacks exchange, market, conn or raw')
  return value as CaptureLine
}

function badLine(path: string, line: number, found: string): CryptoFlowError {
  return new CryptoFlowError(`reading a capture: ${found}, expected one JSON object per line`, {
    kind: 'data',
    reaction: 'reject',
    context: { path, line },
  })
}

async function contentId(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return `capture${hash.digest('hex').slice(0, 24)}`
}
