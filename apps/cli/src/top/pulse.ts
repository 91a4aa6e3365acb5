import { findMarket, hasMarket } from '@cryptoflow/exchanges'
import { type JournalReader, openJournalReader, readRecords } from '@cryptoflow/journal'
import {
  type ConnectNote,
  decodeNote,
  EventBatch,
  type ExchangeMarket,
  type JournalRecord,
  RecordKind,
  StringTable,
} from '@cryptoflow/model'

/** What came of a stream between two looks. */
export interface StreamPulse {
  readonly exchange: string
  readonly market: string
  /** The exchange's own name; in brackets what is no event: `(control)`, `(unreadable)`. */
  readonly stream: string
  readonly symbols: number
  readonly framesPerSecond: number
  readonly bytesPerSecond: number
  /** From the exchange's time to ours, the middle one of all frames that bear a time; null where none does. */
  readonly lagMs: number | null
}

/** What came between two looks. */
export interface Pulse {
  readonly streams: readonly StreamPulse[]
  /** Records that were passed over because they were too many: rates are of the others. */
  readonly skipped: number
}

/** Follows a journal that somebody else writes. */
export interface PulseReader {
  /** What came since the last look; nothing at the first. */
  look(): Promise<Pulse>
}

/** Records that are read at a look: more than two busy seconds of all exchanges, less than a second's work. */
const RECORDS_MAX = 100_000
/** Lags of a stream that are kept to find the middle one. */
const LAGS_MAX = 10_000

export function followJournal(directory: string): PulseReader {
  const markets = new Map<number, ExchangeMarket | null>()
  let seenTo: number | null = null
  return {
    async look() {
      const reader = await openJournalReader(directory)
      const from = Math.max((seenTo ?? reader.last) + 1, reader.first, reader.last - RECORDS_MAX + 1)
      const skipped = seenTo === null ? 0 : from - seenTo - 1
      seenTo = reader.last
      if (from > reader.last) return { streams: [], skipped }
      return { streams: await streamsOf(reader, from, markets), skipped }
    },
  }
}

interface Count {
  readonly exchange: string
  readonly market: string
  readonly stream: string
  readonly symbols: Set<number>
  frames: number
  bytes: number
  readonly lagsMs: number[]
}

async function streamsOf(
  reader: JournalReader,
  from: number,
  markets: Map<number, ExchangeMarket | null>,
): Promise<StreamPulse[]> {
  const batch = new EventBatch(new StringTable())
  const counts = new Map<string, Count>()
  let firstUs = Number.NaN
  let lastUs = Number.NaN
  for await (const block of reader.blocks(from, reader.last)) {
    for (const record of readRecords(block)) {
      firstUs = Number.isNaN(firstUs) ? record.receivedUs : firstUs
      lastUs = record.receivedUs
      if (record.kind === RecordKind.connect) markets.set(record.number, marketOf(record))
      if (record.kind !== RecordKind.frame) continue
      const market = await marketOfFrame(record, markets, reader)
      if (market !== null) count(counts, record, market, batch)
    }
  }
  // A clock record every 100 ms: the span is never far from the time between the looks.
  const seconds = Math.max(0.1, (lastUs - firstUs) / 1e6)
  return [...counts.values()].map(({ exchange, market, stream, symbols, frames, bytes, lagsMs }) => ({
    exchange,
    market,
    stream,
    symbols: symbols.size,
    framesPerSecond: frames / seconds,
    bytesPerSecond: bytes / seconds,
    lagMs: middle(lagsMs),
  }))
}

function count(
  counts: Map<string, Count>,
  { payload, receivedUs }: JournalRecord,
  { exchange, market, decodeFrame }: ExchangeMarket,
  batch: EventBatch,
): void {
  const { kind } = decodeFrame(payload, batch)
  const last = batch.count - 1
  const stream = last >= 0 ? batch.names.text(batch.stream[last] as number) : outcomeText(kind)
  const id = `${exchange}\0${market}\0${stream}`
  const known = counts.get(id)
  const own = known ?? { exchange, market, stream, symbols: new Set(), frames: 0, bytes: 0, lagsMs: [] }
  if (known === undefined) counts.set(id, own)
  own.frames += 1
  own.bytes += payload.length
  if (last < 0) return
  own.symbols.add(batch.symbol[last] as number)
  const sentUs = batch.sentUs[last] as number
  const theirsUs = Number.isNaN(sentUs) ? (batch.engineUs[last] as number) : sentUs
  if (!Number.isNaN(theirsUs) && own.lagsMs.length < LAGS_MAX) own.lagsMs.push((receivedUs - theirsUs) / 1000)
  batch.clear()
}

function outcomeText(kind: string): string {
  return kind === 'malformed' || kind === 'unknown' ? '(unreadable)' : '(control)'
}

/** The market of a connection, by the record that opened it; null where that is gone, or its market is not ours. */
async function marketOfFrame(
  { connection }: JournalRecord,
  markets: Map<number, ExchangeMarket | null>,
  reader: JournalReader,
): Promise<ExchangeMarket | null> {
  const known = markets.get(connection)
  if (known !== undefined) return known
  let found: ExchangeMarket | null = null
  if (connection >= reader.first) {
    for await (const block of reader.blocks(connection, connection)) {
      for (const record of readRecords(block)) found = marketOf(record)
    }
  }
  markets.set(connection, found)
  return found
}

function marketOf({ payload }: JournalRecord): ExchangeMarket | null {
  const { exchange, market } = decodeNote<ConnectNote>(payload)
  return hasMarket(exchange, market) ? findMarket(exchange, market) : null
}

function middle(values: readonly number[]): number | null {
  return values.length === 0 ? null : (values.toSorted((a, b) => a - b)[values.length >> 1] as number)
}
