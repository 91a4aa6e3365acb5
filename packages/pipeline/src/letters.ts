import { findMarket, hasMarket } from '@cryptoflow/exchanges'
import {
  type DecodeOutcome,
  EventBatch,
  EventKind,
  type ExchangeMarket,
  type JournalRecord,
  RecordKind,
  type RedriveNote,
  StringTable,
  type TableName,
} from '@cryptoflow/model'
import { isAbsurd, kindsOf, stampOf } from '@cryptoflow/normalize'

/** A dead letter, or several of one frame, key and stream, as the table has them. */
export interface DeadLetter
  extends Pick<
    RedriveNote,
    | 'exchange'
    | 'market'
    | 'symbol'
    | 'stream'
    | 'source'
    | 'reason'
    | 'writer'
    | 'frame'
    | 'receivedUs'
    | 'letters'
  > {
  readonly raw: Uint8Array
}

/** An event that the present decoder reads in a dead letter. */
export interface LetterEvent {
  /** Its place among the events of the frame. */
  readonly index: number
  readonly symbol: string
  readonly stream: string
  readonly table: TableName
  readonly kind: keyof typeof EventKind
  /** NaN where the exchange numbers nothing. */
  readonly firstSeq: number
  readonly lastSeq: number
  /** Of a trade, as its row has it; null: it has none. */
  readonly tradeId: string | null
}

/** What the present decoder makes of a letter: the events that it is about, or why it is dead still. */
export type LetterReading =
  | { readonly kind: 'events'; readonly events: readonly LetterEvent[] }
  | { readonly kind: 'dead'; readonly why: string }

/** Reads the bytes of a dead letter into a batch, as they would be read today. */
export function decodeLetter(
  market: ExchangeMarket,
  { symbol, stream, source }: Pick<RedriveNote, 'symbol' | 'stream' | 'source'>,
  raw: Uint8Array,
  batch: EventBatch,
): DecodeOutcome {
  batch.connectionSeq = Number.NaN
  if (source === 'ws') return market.decodeFrame(raw, batch)
  const isWide = market.streams.find(({ name }) => name === stream)?.scope === 'market'
  const { exchange, market: name } = market
  const about = { exchange, market: name, symbol: isWide ? '' : symbol, stream: stream ?? '' }
  return market.decodeAnswer({ ...about, resync: 0, status: 200 }, raw, batch)
}

const kindNames = Object.keys(EventKind) as (keyof typeof EventKind)[]

/** Reads a letter on its own. One that was about a stream of a key is read for its events alone. */
export function readLetter(letter: DeadLetter): LetterReading {
  if (!hasMarket(letter.exchange, letter.market)) return { kind: 'dead', why: 'no adapter reads this market' }
  const market = findMarket(letter.exchange, letter.market)
  const batch = new EventBatch(new StringTable())
  const outcome = decodeLetter(market, letter, letter.raw, batch)
  if (outcome.kind === 'malformed' || outcome.kind === 'unknown') return { kind: 'dead', why: outcome.reason }
  // What is no data is told from what cannot be read: an acknowledgement, a heartbeat.
  if (outcome.kind !== 'events') return { kind: 'dead', why: `read as ${outcome.kind}` }
  const events: LetterEvent[] = []
  for (let index = 0; index < batch.count; index++) {
    const event = eventOf(market, batch, index)
    if (event === null) return { kind: 'dead', why: 'unknown_message' }
    if (!isMeant(letter, event)) continue
    if (isAbsurd(stampOf(recordOf(letter), batch, index))) return { kind: 'dead', why: 'absurd_time' }
    events.push(event)
  }
  return events.length === 0 ? { kind: 'dead', why: 'nothing to store' } : { kind: 'events', events }
}

/** Null: of a stream or kind that nobody stores. */
function eventOf(market: ExchangeMarket, batch: EventBatch, index: number): LetterEvent | null {
  const stream = batch.names.text(batch.stream[index] as number)
  const spec = market.streams.find(({ name }) => name === stream)
  const kind = kindNames.find((name) => EventKind[name] === batch.kind[index])
  if (spec === undefined || kind === undefined) return null
  if (((kindsOf(spec.table) >>> EventKind[kind]) & 1) === 0) return null
  const lastSeq = batch.lastSeq[index] as number
  const numbered = Number.isNaN(lastSeq) ? null : String(lastSeq)
  return {
    index,
    symbol: batch.names.text(batch.symbol[index] as number),
    stream,
    table: spec.table,
    kind,
    firstSeq: batch.firstSeq[index] as number,
    lastSeq,
    tradeId: batch.textIds.get(index) ?? numbered,
  }
}

/** A frame that nobody could read is about all of its events, an event that was refused about its key and stream. */
function isMeant(letter: DeadLetter, { symbol, stream }: LetterEvent): boolean {
  if (letter.symbol === '') return true
  return letter.symbol === symbol && (letter.source === 'rest' || letter.stream === stream)
}

function recordOf({ frame, receivedUs, raw }: DeadLetter): JournalRecord {
  return { number: frame, kind: RecordKind.frame, connection: 0, receivedUs, payload: raw }
}
