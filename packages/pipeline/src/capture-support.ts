import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMarket } from '@cryptoflow/exchanges'
import {
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type JournalRecord,
  type Market,
  type RecognisedAnswer,
  Side,
  type StreamSpec,
} from '@cryptoflow/model'
import { openCapture } from './capture.ts'
import { captureRecords } from './capture-records.ts'

/** A folder for captures written by tests. */
export interface CaptureFolder {
  /** Writes lines, objects as JSON, and returns the path. */
  write(name: string, lines: readonly (object | string)[]): string
  remove(): void
}

export function captureFolder(): CaptureFolder {
  const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-capture-'))
  return {
    write(name, lines) {
      const path = join(folder, name)
      const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
      writeFileSync(path, texts.map((text) => `${text}\n`).join(''))
      return path
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The records of a capture that these markets read, every book waiting for resync 3. */
export async function recordsOf(
  path: string,
  { markets, receivedAtUs }: { markets?: readonly ExchangeMarket[]; receivedAtUs?: number } = {},
): Promise<JournalRecord[]> {
  const records: JournalRecord[] = []
  const file = await openCapture(path, markets)
  for await (const record of captureRecords(file, async () => 3, receivedAtUs)) records.push(record)
  return records
}

/**
 * An invented exchange `toy` with three markets, also called `toy_futures` where futures are meant. Symbols say the
 * market: `A` is spot, `A-USDT` linear, `A-USD` inverse, but `BOTH` may be
 * of any, and `BOTH-USDT` of spot too. Its messages:
 *
 *     {"trades":["A-USD"],"n":7}   trades of these symbols, of which each market takes its own; `n` counts frames
 *     {"book":"A-USDT"}            a snapshot that begins the book of a futures symbol
 *     {"old":1}                    the protocol that it has given up
 *     {"generated":true}           a recorder's
 *     {"ack":1} {"beat":1}         answers and heartbeats, the latter with `n` too
 *     {"option":1}                 of a kind that nobody keeps
 *     {"list":["A"]} {"depth":1}   REST: instruments, and a book that names no symbol
 *     {"v1":1} {"poll":1}          REST of the protocol that it has given up, and REST that nobody stores
 *
 * Where the address ends in a market's name, the socket is that market's.
 */
export function toyMarkets(): readonly ExchangeMarket[] {
  return (['spot', 'linear', 'inverse'] as const).map(toyMarket)
}

const stream: StreamSpec = {
  name: 'trades',
  table: 'ticks',
  scope: 'symbol',
  route: 'all',
  within: null,
  follows: null,
  idWindow: 0,
  book: null,
  poll: null,
}

function toyMarket(market: Market): ExchangeMarket {
  const table = market === 'spot' ? 'spot_delta' : 'futures_delta'
  const book = { origin: 'stream', follows: null, depths: null, checksum: null } as const
  return {
    ...findMarket('binance', 'spot'),
    exchange: 'toy',
    market,
    aliases: market === 'spot' ? [] : ['toy_futures'],
    streams: [
      stream,
      { ...stream, name: 'book', table, book },
      { ...stream, name: 'list', table: 'instruments', scope: 'market', route: null },
    ],
    collectors: { ticks: ['trades'], [table]: ['book'] },
    decodeFrame: (bytes, out) => decodeToy(market, bytes, out),
    decodeAnswer: ({ stream: name }, body, out) => {
      if (name === 'book') return append(out, ['A-USDT'], 'book', EventKind.bookSnapshot)
      const own = (toyMessage(body)?.list ?? []).filter((symbol) => isOwn(market, symbol))
      return own.length > 0 ? append(out, own, 'list', EventKind.instrument) : OTHER
    },
    recognise: (_url, body) => recogniseToy(body),
    hears(url) {
      const name = /(spot|linear|inverse)$/.exec(url ?? '')?.[1]
      return name === undefined ? null : name === market
    },
  }
}

interface ToyMessage {
  readonly trades?: readonly string[]
  readonly list?: readonly string[]
  readonly book?: string
  readonly n?: number
  readonly [key: string]: unknown
}

const OTHER: DecodeOutcome = { kind: 'outside', reason: 'other_market' }

const outcomes: readonly (readonly [key: string, outcome: DecodeOutcome])[] = [
  ['generated', { kind: 'outside', reason: 'generated' }],
  ['old', { kind: 'outside', reason: 'obsolete_protocol' }],
  ['v1', { kind: 'outside', reason: 'obsolete_protocol' }],
  ['option', { kind: 'outside', reason: 'out_of_scope' }],
  ['ack', { kind: 'ack', id: 1 }],
  ['beat', { kind: 'heartbeat' }],
]

function decodeToy(market: Market, bytes: Uint8Array, out: EventBatch): DecodeOutcome {
  const message = toyMessage(bytes)
  if (message === null) return { kind: 'malformed', reason: 'malformed', detail: 'no JSON' }
  out.connectionSeq = message.n ?? Number.NaN
  const known = outcomes.find(([key]) => Object.hasOwn(message, key))
  if (known !== undefined) return known[1]
  const symbols = message.trades ?? (message.book === undefined ? null : [message.book])
  if (symbols === null) return { kind: 'unknown', reason: 'unknown_message', detail: 'no such message' }
  const own = symbols.filter((symbol) => isOwn(market, symbol))
  if (own.length === 0) return OTHER
  return message.book === undefined
    ? append(out, own, 'trades', EventKind.trade)
    : append(out, own, 'book', EventKind.bookSnapshot)
}

function isOwn(market: Market, symbol: string): boolean {
  const kind = symbol.endsWith('-USDT') ? 'linear' : symbol.endsWith('-USD') ? 'inverse' : 'spot'
  return kind === market || symbol === 'BOTH' || (symbol === 'BOTH-USDT' && market === 'spot')
}

function recogniseToy(body: Uint8Array): RecognisedAnswer | null {
  const message = toyMessage(body)
  if (message?.list !== undefined) return { stream: 'list', symbol: '' }
  if (message?.poll !== undefined) return { stream: 'unread', symbol: null }
  return message?.depth === undefined ? null : { stream: 'book', symbol: null }
}

function toyMessage(bytes: Uint8Array): ToyMessage | null {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as ToyMessage
  } catch {
    return null
  }
}

/** One event of one entry for each symbol. */
function append(out: EventBatch, symbols: readonly string[], name: string, kind: number): DecodeOutcome {
  for (const symbol of symbols) {
    out.reserveEvent()
    out.reserveEntries(1)
    const event = out.count
    out.kind[event] = kind
    out.symbol[event] = out.names.idOf(symbol)
    out.stream[event] = out.names.idOf(name)
    for (const column of [out.engineUs, out.sentUs, out.firstSeq, out.lastSeq, out.prevSeq]) {
      column[event] = Number.NaN
    }
    out.price.set(out.entryCount, 1n, 0)
    out.quantity.set(out.entryCount, 1n, 0)
    out.side[out.entryCount] = Side.bid
    out.entryCount += 1
    out.endEvent()
  }
  return { kind: 'events' }
}
