import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import {
  type ConnectNote,
  EventBatch,
  type ExchangeMarket,
  encodeAnswer,
  encodeNote,
  encodeRedrive,
  type ImageOptions,
  marketText,
  type Operators,
  RecordKind,
  StringTable,
  type Subscription,
} from '@cryptoflow/model'
import { imageDefaults } from '@cryptoflow/pipeline'
import type { Chance } from '@cryptoflow/runtime'

/** A record as it is appended; its number and those of connections are given by the journal. */
export interface Draft {
  readonly kind: RecordKind
  /** Of a frame or a disconnect: its market, whose connection is open then. */
  readonly market: ExchangeMarket | null
  readonly receivedUs: number
  payload(numberOfAudit: number): Uint8Array
}

interface Message {
  readonly market: ExchangeMarket
  readonly bytes: Uint8Array
  /** Context of an answer; null: it is a frame. */
  readonly answer: { readonly stream: string; readonly symbol: string; readonly resync: number } | null
}

const encoder = new TextEncoder()
const root = join(import.meta.dirname, '../packages/exchanges/src')
const DEPTH = 'depth@100ms'
const BOOK_DELTAS = 400
/** How images of books are made, as each start record says. */
export const images: ImageOptions = { ...imageDefaults, derivedLevels: 5, depthCap: 200 }
/** Of every market: bars of two widths, and a filter that takes some trades. */
export const operators: Operators = Object.fromEntries(
  exchangeMarkets.map((market) => [
    marketText(market),
    {
      aggregate: { windows: ['1s', '1m'] },
      watermark: { allowedLatenessMs: 2_000, late: 'revision', idleMs: 5_000 },
      dedupe: { window: 16 },
      filter: { ticks: { priceMin: '0.5' } },
    },
  ]),
)
const ROUNDS = 2
const STEP_US_MAX = 300_000

/**
 * A journal with rows of every table, drawn from a seed: the messages of every adapter's fixtures, interleaved and told
 * more than once, connections that end, processes that begin again, images that are given up for a while, a book that is
 * audited and found wrong, a dead letter that is read again.
 */
export function everyTable(chance: Chance, startUs: number): Draft[] {
  const queues = exchangeMarkets.map((market) => ({ market, messages: messagesOf(market) }))
  const drafts: Draft[] = []
  let nowUs = startUs
  const add = (kind: RecordKind, market: ExchangeMarket | null, payload: Draft['payload']): void => {
    nowUs += chance.below(STEP_US_MAX)
    drafts.push({ kind, market, receivedUs: nowUs, payload })
  }
  const connect = (market: ExchangeMarket, messages: readonly Message[]): void => {
    const note = connectNote(market, messages)
    add(RecordKind.connect, market, () => encodeNote(note))
  }
  for (const { market, messages } of queues) connect(market, messages)
  const books = bookMessages()
  const waiting = queues.map(({ market, messages }) => {
    const own = market === books.market ? [...messages, ...books.messages] : messages
    return { market, left: Array.from({ length: ROUNDS }, () => own).flat(), messages: own }
  })
  while (waiting.some(({ left }) => left.length > 0)) {
    const some = waiting.filter(({ left }) => left.length > 0)
    const { market, left, messages } = some[chance.below(some.length)] as (typeof waiting)[number]
    for (const message of left.splice(0, 1 + chance.below(20))) addMessage(add, message)
    if (chance.hits(0.2)) add(RecordKind.clock, null, () => new Uint8Array(0))
    if (chance.hits(0.03)) {
      add(RecordKind.disconnect, market, () => encodeNote({ code: 1006, reason: '' }))
      connect(market, messages)
    }
    if (chance.hits(0.02)) {
      const note = encodeNote({ made: chance.hits(0.5) })
      add(RecordKind.images, null, () => note)
    }
    if (chance.hits(0.01)) {
      add(RecordKind.start, null, () =>
        encodeNote({ lastRecord: 0, clean: false, version: 't', operators, images }),
      )
      for (const one of waiting) connect(one.market, one.messages)
    }
  }
  addRedrive(add)
  add(RecordKind.images, null, () => encodeNote({ made: true }))
  nowUs += 2 * 3_600_000_000
  add(RecordKind.clock, null, () => new Uint8Array(0))
  add(RecordKind.stop, null, () => new Uint8Array(0))
  return drafts
}

type Add = (kind: RecordKind, market: ExchangeMarket | null, payload: Draft['payload']) => void

function addMessage(add: Add, { market, bytes, answer }: Message): void {
  if (answer === null) {
    add(RecordKind.frame, market, () => bytes)
    return
  }
  const { exchange, market: name } = market
  const about = { exchange, market: name, status: 200, ...answer }
  if (answer.resync < 0) {
    const { symbol, stream } = answer
    const note = { exchange, market: name, symbol, stream, state: 'asked' } as const
    add(RecordKind.audit, null, () => encodeNote(note))
    add(RecordKind.answer, null, (audit) => encodeAnswer({ ...about, resync: 0, audit }, bytes))
  } else add(RecordKind.answer, null, () => encodeAnswer(about, bytes))
}

function messagesOf(market: ExchangeMarket): Message[] {
  const folder = join(root, market.exchange, 'fixtures')
  const frames = linesBelow(join(folder, market.market)).map(
    ({ text }): Message => ({ market, bytes: encoder.encode(text), answer: null }),
  )
  const answers = linesBelow(join(folder, 'answers'))
    .filter(({ file }) => file.startsWith(`${market.market}-`))
    .map(({ text, about }): Message => {
      const { stream, symbol, resync = 0 } = about as { stream: string; symbol: string; resync?: number }
      return { market, bytes: encoder.encode(text), answer: { stream, symbol, resync } }
    })
  return [...frames, ...answers]
}

function linesBelow(folder: string): { file: string; text: string; about: unknown }[] {
  const files = readdirSync(folder).filter((name) => /^[^.]+\.jsonl$/.test(name))
  return files.sort().flatMap((file) => {
    const [head = '{}', ...lines] = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')
    return lines.map((text) => ({ file, text, about: JSON.parse(head) }))
  })
}

/** All streams of the messages' events, as if each had been subscribed by itself. */
function connectNote(market: ExchangeMarket, messages: readonly Message[]): ConnectNote {
  const batch = new EventBatch(new StringTable())
  const found = new Map<string, Subscription>()
  for (const { bytes, answer } of messages) {
    if (answer !== null) continue
    batch.clear()
    if (market.decodeFrame(bytes, batch).kind !== 'events') continue
    for (let event = 0; event < batch.count; event++) {
      const symbol = batch.names.text(batch.symbol[event] as number)
      const stream = batch.names.text(batch.stream[event] as number)
      const spec = market.streams.find(({ name }) => name === stream)
      if (spec?.route === null || spec?.route === undefined || spec.scope === 'market') continue
      found.set(`${symbol} ${stream}`, { symbol, stream })
    }
  }
  const { exchange, market: name } = market
  return { exchange, market: name, subscriptions: [...found.values()] }
}

/** A book of its own that joins, is audited, and is found wrong once. */
function bookMessages(): { market: ExchangeMarket; messages: Message[] } {
  const market = exchangeMarkets.find((one) =>
    one.streams.some(({ name }) => name === DEPTH),
  ) as ExchangeMarket
  const symbol = 'EQUALUSDT'
  const messages: Message[] = []
  const levels = (seq: number): string => `[["${100 - (seq % 7)}.5","${1 + (seq % 5)}"]]`
  for (let seq = 1; seq <= BOOK_DELTAS; seq++) {
    const data = `{"e":"depthUpdate","E":${1_700_000_000_000 + seq},"s":"${symbol}","U":${seq},"u":${seq},"b":${levels(seq)},"a":[]}`
    const frame = `{"stream":"${symbol.toLowerCase()}@${DEPTH}","data":${data}}`
    messages.push({ market, bytes: encoder.encode(frame), answer: null })
    if (seq % 40 !== 3) continue
    const body = encoder.encode(
      `{"lastUpdateId":${seq},"bids":[["100.5","9"],["90","1"]],"asks":[["101.5","2"]]}`,
    )
    const asks = [1, 2, 3].map((resync) => ({
      market,
      bytes: body,
      answer: { stream: DEPTH, symbol, resync },
    }))
    messages.push(...asks, { market, bytes: body, answer: { stream: DEPTH, symbol, resync: -1 } })
  }
  return { market, messages }
}

function addRedrive(add: Add): void {
  const { market, messages } = bookMessages()
  const { exchange, market: name } = market
  const note = {
    exchange,
    market: name,
    symbol: '',
    stream: null,
    source: 'ws',
    reason: 'malformed',
  } as const
  const raw = messages[0]?.bytes as Uint8Array
  const decided = { letters: 1, store: [0], known: [], instruments: {} }
  add(RecordKind.redrive, null, () =>
    encodeRedrive({ ...note, writer: 'other', frame: 7, receivedUs: 1_700_000_000_000_000, ...decided }, raw),
  )
}
