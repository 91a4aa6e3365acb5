import {
  type AnswerContext,
  type DecodeOutcome,
  EventBatch,
  type ExchangeMarket,
  type RecognisedAnswer,
  StringTable,
} from '@cryptoflow/model'
import { type CaptureLine, isContractWord, lineBytes, marketOfWord } from './capture-lines.ts'
import { type Conclusion, isOthers, openOpinions, type Taker } from './capture-opinions.ts'
import type { LineVerdict } from './capture-verdict.ts'

/**
 * Which markets a line belongs to, and what it is to them.
 *
 *     exchange's word ──> its markets ──┬─ recorder names one of them ──> that one ─────────────────┐
 *                                       ├─ it says that these are contracts ──> linear and inverse ──┴─ `other_market` ─┐
 *                                       └─ it names none ──> all <──────────────────────────────────────────────────────┘
 *
 * Where several are asked, those that hear it count, and all whose reading gives events take it.
 *
 * A line that a recorder calls a frame and that no market can read as one may be the body of a REST answer.
 */

/** What the markets of an exchange make of one line. */
export interface LineReading {
  readonly verdict: LineVerdict
  /** Markets that take it as a frame; where it gives no events, the first that knows what it is. */
  readonly frames: readonly ExchangeMarket[]
  /** Markets that take it as a REST answer. */
  readonly answers: readonly AnswerReading[]
  /** The frame has a place in its connection's count: it concerns every market that the connection carries. */
  readonly isCounted: boolean
}

/** A REST answer as one market reads it. */
export interface AnswerReading extends Taker {
  readonly found: RecognisedAnswer
}

/** Told of the events of a frame as soon as they are decoded; the batch is used again afterwards. */
export type Learn = (market: ExchangeMarket, batch: EventBatch) => void

/** Reads lines by the markets that are known. */
export type LineReader = (line: CaptureLine, learn: Learn) => LineReading

/** Stands in for a symbol that only neighbours of the line can tell; what rows there are does not depend on it. */
const UNTOLD_SYMBOL = 'UNTOLD'

/** The markets that may take a line, in turns: the next are asked when all of one say that it is another's. */
type Asked = readonly (readonly ExchangeMarket[])[]

/** A reader of lines of these markets, in whose order they are asked. */
export function openLineReader(markets: readonly ExchangeMarket[]): LineReader {
  const batch = new EventBatch(new StringTable())
  const known = new Map<string, Asked>()
  const askedFor = (line: CaptureLine): Asked => {
    const word = `${line.exchange}\0${line.market}`
    const asked = known.get(word) ?? askedOf(markets, line)
    known.set(word, asked)
    return asked
  }
  return (line, learn) => {
    const asked = askedFor(line)
    if (asked.length === 0) return refusal('out_of_scope')
    if (line.encoding !== undefined) return readBinary(line, asked, batch, learn)
    const bytes = lineBytes(line)
    return line.transport === 'rest'
      ? readBody(line, bytes, asked, batch)
      : readText(line, bytes, asked, batch, learn)
  }
}

function askedOf(known: readonly ExchangeMarket[], { exchange, market: word }: CaptureLine): Asked {
  const own = known.filter((market) => market.exchange === exchange || market.aliases.includes(exchange))
  const name = marketOfWord(word)
  const isFirst = ({ market }: ExchangeMarket): boolean =>
    name === null ? isContractWord(word) && market !== 'spot' : market === name
  const turns = [own.filter(isFirst), own.filter((market) => !isFirst(market))]
  return turns.filter((markets) => markets.length > 0)
}

/** A binary frame is read by whoever can; no market's dead letter, since others were not written for it. */
function readBinary(line: CaptureLine, asked: Asked, batch: EventBatch, learn: Learn): LineReading {
  if (line.encoding !== 'base64' || line.transport === 'rest') return refusal('binary_frames')
  const reading = readFrame(line, lineBytes(line), asked, batch, learn)
  return reading.verdict.kind === 'dead_letter' ? refusal('binary_frames') : reading
}

/** Read as a frame, else as the body of an answer unless its address denies that. */
function readText(
  line: CaptureLine,
  bytes: Uint8Array,
  asked: Asked,
  batch: EventBatch,
  learn: Learn,
): LineReading {
  const frame = readFrame(line, bytes, asked, batch, learn)
  const isRead = frame.verdict.kind !== 'dead_letter' && !isOthers(frame.verdict)
  if (isRead || /^wss?:/.test(line.url ?? '')) return frame
  return readAnswer(line, bytes, asked, batch) ?? frame
}

/** Read as an answer; a body that is none may still tell as a frame why it is none of ours. */
function readBody(line: CaptureLine, bytes: Uint8Array, asked: Asked, batch: EventBatch): LineReading {
  const answer = readAnswer(line, bytes, asked, batch)
  if (answer !== null) return answer
  const { verdict } = readFrame(line, bytes, asked, batch, () => {})
  const isTold = verdict.kind === 'refused' && !isOthers(verdict)
  return refusal(isTold ? verdict.reason : 'unsupported_endpoint')
}

function readFrame(
  line: CaptureLine,
  bytes: Uint8Array,
  asked: Asked,
  batch: EventBatch,
  learn: Learn,
): LineReading {
  const opinions = openOpinions()
  let isCounted = false
  const ask = (market: ExchangeMarket, isHeard: boolean): void => {
    batch.clear()
    batch.connectionSeq = Number.NaN
    const outcome = market.decodeFrame(bytes, batch)
    isCounted ||= !Number.isNaN(batch.connectionSeq)
    const isTaken = outcome.kind === 'events' && isHeard
    opinions.add(market, outcome.kind !== 'events' || isTaken ? outcome : OTHER_MARKET, batch)
    if (isTaken) learn(market, batch)
  }
  for (const markets of asked) {
    const heard = heardBy(markets, line.url, bytes)
    // What nobody hears may still be known, and is none of ours then.
    for (const market of heard.length > 0 ? heard : markets) ask(market, heard.length > 0)
    if (!opinions.areOthers()) break
  }
  const { verdict, takers, knower } = opinions.conclusion() as Conclusion
  const frames = knower === null ? takers.map(({ market }) => market) : [knower]
  return { verdict, frames, answers: [], isCounted }
}

const OTHER_MARKET: DecodeOutcome = { kind: 'outside', reason: 'other_market' }

/** Those that are sure of it, else those that do not deny it. One alone was named and is not doubted. */
function heardBy(
  markets: readonly ExchangeMarket[],
  url: string | null,
  bytes: Uint8Array,
): readonly ExchangeMarket[] {
  if (markets.length === 1) return markets
  const answers = markets.map((market) => market.hears(url, bytes))
  const wanted = answers.includes(true) ? true : null
  return markets.filter((_, index) => answers[index] === wanted)
}

/** Null when no market takes it for an answer. */
function readAnswer(
  line: CaptureLine,
  body: Uint8Array,
  asked: Asked,
  batch: EventBatch,
): LineReading | null {
  const opinions = openOpinions()
  const found = new Map<ExchangeMarket, RecognisedAnswer>()
  const ask = (market: ExchangeMarket): void => {
    const recognised = market.recognise(line.url, body)
    if (recognised === null) return
    found.set(market, recognised)
    const context = contextOf(market, recognised)
    if (context === null) return
    batch.clear()
    opinions.add(market, market.decodeAnswer(context, body, batch), batch, recognised.symbol !== null)
  }
  for (const markets of asked) {
    for (const market of markets) ask(market)
    if (!opinions.areOthers()) break
  }
  const conclusion = opinions.conclusion()
  if (conclusion === null) return found.size > 0 ? refusal('unsupported_endpoint') : null
  const { verdict, takers, knower } = conclusion
  // An answer that lists nothing is no record: only what becomes a row or a dead letter is.
  const kept = knower !== null && verdict.kind === 'dead_letter' ? [{ market: knower, rows: {} }] : takers
  const answers = kept.map((taker) => ({
    ...taker,
    found: found.get(taker.market) as RecognisedAnswer,
  }))
  return { verdict, frames: [], answers, isCounted: false }
}

/** Null for an answer that is not read, and for a book of a market whose books are in no stream of ours. */
function contextOf(
  { exchange, market, streams }: ExchangeMarket,
  { stream, symbol }: RecognisedAnswer,
): AnswerContext | null {
  const name = stream === 'book' ? streams.find(({ book }) => book !== null)?.name : stream
  if (name === undefined || name === 'unread') return null
  return { exchange, market, symbol: symbol ?? UNTOLD_SYMBOL, stream: name, resync: 0, status: 200 }
}

function refusal(reason: string): LineReading {
  return { verdict: { kind: 'refused', reason }, frames: [], answers: [], isCounted: false }
}
