import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { findMarket, hasMarket } from '@cryptoflow/exchanges'
import {
  EventBatch,
  type ExchangeMarket,
  encodeAnswer,
  encodeNote,
  type JournalRecord,
  RecordKind,
  StringTable,
  type Subscription,
} from '@cryptoflow/model'
import { type CaptureLine, captureLines, marketOfWord } from './capture-lines.ts'

/** A socket of the recorder: its lines share a name, an exchange and a market. */
interface CaptureConnection {
  readonly market: ExchangeMarket
  readonly streams: Map<string, Subscription>
}

/** What a recorded REST answer answers: a polled stream, or the book of a stream. */
interface AnswerPlace {
  readonly symbol: string
  readonly stream: string
  readonly isBook: boolean
}

/** What a capture file holds, learnt in one pass over it. */
export interface CaptureFile {
  readonly path: string
  /** Stands in for the journal id: the same file always replays under the same id. */
  readonly writer: string
  readonly messages: number
  /** Messages that no adapter reads, by reason. */
  readonly refused: Readonly<Record<string, number>>
  readonly connections: ReadonlyMap<string, CaptureConnection>
  /** By line, from 0: which REST answers are read, and as what. */
  readonly answers: ReadonlyMap<number, AnswerPlace>
}

/** Answers which resync a book waits for once every record before its snapshot has been read. */
export type ResyncOf = (market: ExchangeMarket, symbol: string, stream: string) => Promise<number>

/** Reads a capture file once to learn its connections, streams and symbols. */
export async function openCapture(path: string): Promise<CaptureFile> {
  const connections = new Map<string, CaptureConnection>()
  const rest: { at: number; line: string; market: ExchangeMarket; found: Recognised }[] = []
  const refused = new Map<string, number>()
  const refuse = (reason: string): void => void refused.set(reason, (refused.get(reason) ?? 0) + 1)
  const batch = new EventBatch(new StringTable())
  let messages = 0
  for await (const line of captureLines(path)) {
    const at = messages
    messages += 1
    const market = marketOf(line)
    if (market === null) refuse('unsupported_market')
    else if (line.encoding !== undefined) refuse('binary_frames')
    else {
      const connection = connections.get(connectionOf(line)) ?? { market, streams: new Map() }
      connections.set(connectionOf(line), connection)
      if (line.transport === 'ws') learnStreams(connection, line, batch)
      else {
        const found = market.recognise(line.url, Buffer.from(line.raw, 'utf8'))
        if (found === null) refuse('unsupported_endpoint')
        else rest.push({ at, line: connectionOf(line), market, found })
      }
    }
  }
  const answers = new Map<number, AnswerPlace>()
  for (const { at, line, market, found } of rest) {
    const place = placeOf(connections, line, market, found)
    if (place === null) refuse('no_symbol')
    else answers.set(at, place)
  }
  const writer = await contentId(path)
  return { path, writer, messages, refused: Object.fromEntries(refused), connections, answers }
}

/**
 * The records that a journal would hold had we received the capture ourselves: start, connects, frames,
 * answers, stop, numbered from 1. Lines that were refused are left out.
 *
 * A line without a received time takes the last one of its connection, else its message's own time, else
 * `receivedAtUs`; captures are exempt from the check against absurd times. A journal's times never go back, so
 * neither do these.
 */
export async function* captureRecords(
  file: CaptureFile,
  resyncOf: ResyncOf,
  receivedAtUs = 0,
): AsyncGenerator<JournalRecord> {
  const numbers = new Map<string, number>()
  const lastUs = new Map<string, number>()
  const batch = new EventBatch(new StringTable())
  let number = 0
  let receivedUs = 0
  let at = -1
  const record = (kind: RecordKind, connection: number, payload: Uint8Array): JournalRecord => {
    number += 1
    return { number, kind, connection, receivedUs, payload }
  }
  const open = (name: string, { market, streams }: CaptureConnection): JournalRecord => {
    const note = {
      exchange: market.exchange,
      market: market.market,
      subscriptions: [...streams.values()],
    }
    const opened = record(RecordKind.connect, 0, encodeNote(note))
    numbers.set(name, opened.number)
    return opened
  }
  yield record(RecordKind.start, 0, encodeNote({ lastRecord: 0, clean: true, version: 'capture' }))
  for await (const line of captureLines(file.path)) {
    at += 1
    const name = connectionOf(line)
    const connection = file.connections.get(name)
    const place = file.answers.get(at)
    const isAnswer = line.transport === 'rest'
    if (connection === undefined || line.encoding !== undefined || (isAnswer && place === undefined)) continue
    const { market } = connection
    const body = Buffer.from(line.raw, 'utf8')
    if (line.recv_ts_us !== null) lastUs.set(name, line.recv_ts_us)
    const ownUs = lastUs.get(name) ?? timeOf(market, body, batch) ?? receivedAtUs
    receivedUs = Math.max(receivedUs, ownUs)
    if (place === undefined) {
      if (!numbers.has(name)) yield open(name, connection)
      yield record(RecordKind.frame, numbers.get(name) as number, body)
      continue
    }
    // The recorder listened before it fetched a book: what carries the stream is open.
    for (const [other, carrier] of file.connections) {
      if (numbers.has(other) || carrier.market !== market) continue
      if (carrier.streams.has(`${place.symbol}\0${place.stream}`)) yield open(other, carrier)
    }
    const { symbol, stream, isBook } = place
    const resync = isBook ? await resyncOf(market, symbol, stream) : 0
    const context = { exchange: market.exchange, market: market.market, symbol, stream, resync, status: 200 }
    yield record(RecordKind.answer, 0, encodeAnswer(context, body))
  }
  yield record(RecordKind.stop, 0, new Uint8Array(0))
}

type Recognised = NonNullable<ReturnType<ExchangeMarket['recognise']>>

function marketOf({ exchange, market: word }: CaptureLine): ExchangeMarket | null {
  const market = marketOfWord(word)
  return market === null || !hasMarket(exchange, market) ? null : findMarket(exchange, market)
}

function connectionOf({ conn, exchange, market }: CaptureLine): string {
  return [conn, exchange, market].join('\0')
}

function learnStreams(connection: CaptureConnection, line: CaptureLine, batch: EventBatch): void {
  const { market, streams } = connection
  batch.clear()
  market.decodeFrame(Buffer.from(line.raw, 'utf8'), batch)
  for (let i = 0; i < batch.count; i++) {
    const stream = batch.names.text(batch.stream[i] as number)
    const isWide = market.streams.find(({ name }) => name === stream)?.scope === 'market'
    const symbol = isWide ? '' : batch.names.text(batch.symbol[i] as number)
    streams.set(`${symbol}\0${stream}`, { symbol, stream })
  }
}

/**
 * Whose answer it is: by its address or body, else the one symbol that its connection speaks of. A book restarts
 * the stream of its symbol that was heard, else the one that a collector would take.
 */
function placeOf(
  connections: ReadonlyMap<string, CaptureConnection>,
  own: string,
  market: ExchangeMarket,
  { stream, symbol: named }: Recognised,
): AnswerPlace | null {
  const heard = [...(connections.get(own)?.streams.values() ?? [])]
  const symbols = new Set(heard.map(({ symbol }) => symbol).filter((symbol) => symbol !== ''))
  const symbol = named ?? (symbols.size === 1 ? ([...symbols][0] as string) : null)
  if (symbol === null) return null
  if (stream !== 'book') return { symbol, stream, isBook: false }
  const books = market.streams.filter(({ book }) => book !== null).map(({ name }) => name)
  const carried = [...connections.values()]
    .filter((connection) => connection.market === market)
    .flatMap((connection) => books.filter((name) => connection.streams.has(`${symbol}\0${name}`)))
  const usual = Object.values(market.collectors).flat()
  const book = carried[0] ?? books.find((name) => usual.includes(name)) ?? books[0]
  return book === undefined ? null : { symbol, stream: book, isBook: true }
}

/** A frame's own time: its first event's engine or send time; null when it has none. */
function timeOf(market: ExchangeMarket, frame: Uint8Array, batch: EventBatch): number | null {
  batch.clear()
  market.decodeFrame(frame, batch)
  if (batch.count === 0) return null
  const us = Number.isNaN(batch.engineUs[0]) ? batch.sentUs[0] : batch.engineUs[0]
  return us === undefined || Number.isNaN(us) ? null : us
}

async function contentId(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return `capture${hash.digest('hex').slice(0, 24)}`
}
