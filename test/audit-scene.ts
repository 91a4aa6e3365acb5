import {
  type Delivery,
  type EmissionRecord,
  openHall,
  type SilentFault,
  type Told,
} from '@cryptoflow/exchange-sim/memory'
import { findMarket } from '@cryptoflow/exchanges'
import { subscribeFrames } from '@cryptoflow/ingest'
import { blockOf } from '@cryptoflow/journal'
import {
  encodeAnswer,
  encodeNote,
  type JournalRecord,
  type Market,
  RecordKind,
  type TableName,
} from '@cryptoflow/model'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { memoryLane } from './memory-lane.ts'
import { type Row, readFiles } from './simulation/stored-rows.ts'

/** The book that is played, by exchange; of those that begin in their stream with the levels a side that it holds. */
const BOOKS = {
  binance: {
    stream: 'depth@100ms',
    depth: null,
    symbols: { spot: 'BTCUSDT', linear: 'BTCUSDT', inverse: 'BTCUSD_PERP' },
  },
  bybit: {
    stream: 'orderbook.50',
    depth: 50,
    symbols: { spot: 'BTCUSDT', linear: 'BTCUSDT', inverse: 'BTCUSD' },
  },
  okx: {
    stream: 'books',
    depth: 400,
    symbols: { spot: 'BTC-USDT', linear: 'BTC-USDT-SWAP', inverse: 'BTC-USD-SWAP' },
  },
} as const
export type AuditedExchange = keyof typeof BOOKS
/** OKX has sent no checksums since 2026-06-23, which would tell faults. */
const START_US = Date.UTC(2026, 10, 20) * 1_000
const STEP_MS = 10
/** A cycle of audits, and how late an answer comes. */
const CYCLE_MS = 1_000
const ANSWER_MS = 40
const images = { derivedEveryUs: 1_000_000, derivedLevels: 5, checkpointEveryUs: 60_000_000, depthCap: 2_000 }

export interface AuditScene {
  readonly rows: ReadonlyMap<TableName, readonly Row[]>
  /** What a plain comparison of the sent updates with the answers finds, audit by audit. */
  readonly expected: readonly { readonly lastSeq: number; readonly wrong: readonly string[] }[]
  /** Faults that took place: when, microseconds. */
  readonly faults: readonly number[]
}

/** Plays one book of a simulated exchange in memory, with audits and with faults that its stream does not tell. */
export async function playAudits(
  exchange: AuditedExchange,
  market: Market,
  seed: number,
  faultEveryMs: number | null,
  ms = 6_000,
): Promise<AuditScene> {
  const clock = manualClock(START_US)
  const startMs = clock.nowUs() / 1000
  const chance = seededChance(seed)
  const { stream, depth, symbols } = BOOKS[exchange]
  const symbol = symbols[market]
  const own = findMarket(exchange, market)
  const faults: number[] = []
  let nextFaultMs = faultEveryMs ?? Number.POSITIVE_INFINITY
  const silentFault = (): SilentFault | null => {
    if (clock.nowUs() / 1000 - startMs < nextFaultMs) return null
    const done = (): void => {
      faults.push(clock.nowUs())
      nextFaultMs += faultEveryMs as number
    }
    return { kind: faults.length % 2 === 0 ? 'corruptLevel' : 'omitDelete', chance, done }
  }
  const hall = openHall({
    exchange,
    market,
    symbols: [symbol],
    seed,
    tradesPerSecond: 5,
    levelChangesPerSecond: 60,
    liquidationsPerMinute: 0,
    bookLevels: 50,
    clock,
    silentFault,
  })
  const records: JournalRecord[] = []
  const append = (kind: RecordKind, connection: number, payload: Uint8Array): number => {
    const number = records.length + 1
    records.push({ number, kind, connection, receivedUs: clock.nowUs(), payload: payload.slice() })
    return number
  }
  const { lane, cut } = memoryLane({ images })
  const model = openModel(depth)
  append(RecordKind.start, 0, encodeNote({ lastRecord: 0, clean: true, version: 't' }))
  const subscriptions = [{ symbol, stream }]
  const connection = append(RecordKind.connect, 0, encodeNote({ exchange, market, subscriptions }))
  /** Their events are complete when the step is over. */
  let tolds: Told[] = []
  const heard = ({ bytes, told }: Delivery): void => {
    append(RecordKind.frame, connection, bytes)
    if (told !== null) tolds.push(told)
  }
  const route = own.session.routes[own.streams.find(({ name }) => name === stream)?.route ?? ''] ?? ''
  const peer = hall.connect(route, { heard, closed: () => {} })
  const subscribe = (): void => {
    for (const text of subscribeFrames(own, subscriptions)) peer?.say(text)
  }
  subscribe()
  const answer = (body: Uint8Array, told: Told, about: object): void => {
    const context = { exchange, market, symbol, stream, status: 200, resync: 0, ...about }
    append(RecordKind.answer, 0, encodeAnswer(context, body))
    for (const event of told.events) model.answer(event, 'audit' in about)
  }
  /** Asks for the book by REST; `about` is what its record answers. */
  const ask = (about: { resync: number; audit?: number }): void => {
    const asked = hall.ask(own.session.restUrl + own.session.snapshotRequest?.(symbol).path)
    if (asked === null) throw new Error('no such endpoint')
    answer(asked.body, asked.told, about)
  }
  /** Hears the book on a connection of its own. */
  const hearBook = (audit: number): void => {
    const begun: Delivery[] = []
    const listener = hall.connect(route, { heard: (delivery) => begun.push(delivery), closed: () => {} })
    for (const text of subscribeFrames(own, subscriptions)) listener?.say(text)
    listener?.leave()
    const first = begun.find(({ told }) => told?.isSnapshot)
    if (first === undefined || first.told === null) throw new Error('no snapshot')
    answer(first.bytes, first.told, { audit, isFrame: true })
  }
  /** The lane wants the book anew. */
  const renew = (resync: number): void => {
    if (depth === null) {
      ask({ resync })
      return
    }
    peer?.say(own.session.unsubscribeFrame([own.session.streamName(stream, symbol)], 99) ?? '')
    subscribe()
  }
  const tell = (): void => {
    for (const { events } of tolds) for (const event of events) model.update(event)
    tolds = []
  }
  let read = 0
  for (let at = STEP_MS; at <= ms; at += STEP_MS) {
    clock.advance(STEP_MS)
    hall.step(startMs + at)
    tell()
    const fresh = records.slice(read)
    read = records.length
    const wanted = fresh.length === 0 ? [] : lane.accept(blockOf(fresh)).wanted
    for (const { resync } of wanted) renew(resync)
    tell()
    if (at % CYCLE_MS === CYCLE_MS / 2) {
      const note = { exchange, market, symbol, stream, state: 'asked' } as const
      const audit = append(RecordKind.audit, 0, encodeNote(note))
      model.question()
      clock.after(ANSWER_MS, () => (depth === null ? ask({ resync: 0, audit }) : hearBook(audit)))
    }
  }
  append(RecordKind.stop, 0, new Uint8Array(0))
  lane.accept(blockOf(records.slice(read)))
  return { rows: await readFiles((await cut()).files), expected: model.verdicts, faults }
}

/** Levels by side and price, and the worst prices that its snapshot had; infinite where it had all. */
interface PlainBook {
  levels: Map<string, string>
  readonly worst: Readonly<Record<'bid' | 'ask', number>>
}

/**
 * Books from the log of what was sent and answered, without decoders, sequences or sorted sides. `depth`: levels a side
 * that the exchange keeps; null: a snapshot does not bring all of them.
 */
function openModel(depth: number | null) {
  let ours: PlainBook | null = null
  let other: PlainBook | null = null
  /** A question is out, and nothing has happened since that leaves it without a verdict. */
  let isAsked = false
  let sinceQuestion: number[] = []
  let toldLast = 0
  const verdicts: { lastSeq: number; wrong: string[] }[] = []
  const levelsOf = ({ bids, asks }: EmissionRecord): (readonly [key: string, quantity: string])[] => [
    ...bids.map(([price, quantity]) => [`bid ${price}`, quantity] as const),
    ...asks.map(([price, quantity]) => [`ask ${price}`, quantity] as const),
  ]
  const sideOf = ({ levels }: PlainBook, side: 'bid' | 'ask'): (readonly [string, string])[] => {
    const sign = side === 'bid' ? -1 : 1
    const priceOf = (key: string): number => sign * Number(key.slice(4))
    return [...levels].filter(([key]) => key.startsWith(side)).sort(([a], [b]) => priceOf(a) - priceOf(b))
  }
  const apply = (book: PlainBook, event: EmissionRecord): void => {
    for (const [key, quantity] of levelsOf(event)) {
      if (Number(quantity) === 0) book.levels.delete(key)
      else book.levels.set(key, quantity)
    }
    if (depth === null) return
    book.levels = new Map((['bid', 'ask'] as const).flatMap((side) => sideOf(book, side).slice(0, depth)))
  }
  const isCrossed = (book: PlainBook): boolean => {
    const [bid, ask] = [sideOf(book, 'bid')[0]?.[0], sideOf(book, 'ask')[0]?.[0]]
    return bid !== undefined && ask !== undefined && Number(bid.slice(4)) >= Number(ask.slice(4))
  }
  const bookOf = (event: EmissionRecord): PlainBook => {
    const worst = { bid: Number(event.bids.at(-1)?.[0]), ask: Number(event.asks.at(-1)?.[0]) }
    const all = { bid: Number.NEGATIVE_INFINITY, ask: Number.POSITIVE_INFINITY }
    return { levels: new Map(levelsOf(event)), worst: depth === null ? worst : all }
  }
  const isKnown = (key: string, book: PlainBook): boolean => {
    const [side, price] = key.split(' ') as ['bid' | 'ask', string]
    return side === 'bid' ? Number(price) >= book.worst.bid : Number(price) <= book.worst.ask
  }
  const begin = (event: EmissionRecord): void => {
    ours = bookOf(event)
    other = null
    isAsked = false
  }
  return {
    verdicts,
    update(event: EmissionRecord): void {
      sinceQuestion.push(event.last as number)
      toldLast = event.last as number
      if (event.is_snapshot) begin(event)
      else if (ours !== null) apply(ours, event)
      if (ours === null || event.is_snapshot) return
      if (other !== null) apply(other, event)
      if (isCrossed(ours)) {
        ours = null
        other = null
        isAsked = false
      }
      // A book that begins in its stream stays where it was with an update that has nothing in it.
      const isStill = depth !== null && event.bids.length + event.asks.length === 0
      if (ours === null || other === null || isStill) return
      const [mine, theirs]: [PlainBook, PlainBook] = [ours, other]
      const keys = new Set([...mine.levels.keys(), ...theirs.levels.keys()])
      const wrong = [...keys]
        .filter((key) => isKnown(key, mine) && isKnown(key, theirs))
        .filter((key) => mine.levels.get(key) !== theirs.levels.get(key))
        .map((key) => `${key} ${mine.levels.get(key) ?? '-'} ${theirs.levels.get(key) ?? '-'}`)
      verdicts.push({ lastSeq: toldLast, wrong: wrong.sort() })
      if (wrong.length > 0) ours = other
      other = null
      isAsked = false
    },
    question(): void {
      other = null
      isAsked = ours !== null
      sinceQuestion = []
    },
    /** The book as it is behind the last update that was told: with the next one both books are of one moment. */
    answer(event: EmissionRecord, isAudit: boolean): void {
      if ((event.last ?? 0) < toldLast) throw new Error(`the answer is of ${event.last}, before ${toldLast}`)
      // Numbers that fell leave no way to the snapshot from what was heard before the fall.
      const isReached = sinceQuestion.every((last) => last <= (event.last ?? 0))
      if (isAudit) other = isAsked && isReached ? bookOf(event) : null
      else begin(event)
    },
  }
}
