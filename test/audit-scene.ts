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

const SYMBOL = { spot: 'BTCUSDT', linear: 'BTCUSDT', inverse: 'BTCUSD_PERP' } as const
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
  market: Market,
  seed: number,
  faultEveryMs: number | null,
  ms = 6_000,
): Promise<AuditScene> {
  const clock = manualClock()
  const startMs = clock.nowUs() / 1000
  const chance = seededChance(seed)
  const symbol = SYMBOL[market]
  const own = findMarket('binance', market)
  const stream = 'depth@100ms'
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
    exchange: 'binance',
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
  const model = openModel()
  append(RecordKind.start, 0, encodeNote({ lastRecord: 0, clean: true, version: 't' }))
  const subscriptions = [{ symbol, stream }]
  const connection = append(RecordKind.connect, 0, encodeNote({ exchange: 'binance', market, subscriptions }))
  /** Their events are complete when the step is over. */
  let tolds: Told[] = []
  const heard = ({ bytes, told }: Delivery): void => {
    append(RecordKind.frame, connection, bytes)
    if (told !== null) tolds.push(told)
  }
  const [route = ''] = Object.values(own.session.routes)
  const peer = hall.connect(route, { heard, closed: () => {} })
  for (const text of subscribeFrames(own, subscriptions)) peer?.say(text)
  /** Asks for the book by REST; `about` is what its record answers. */
  const ask = (about: { resync: number; audit?: number }): void => {
    const answer = hall.ask(own.session.restUrl + own.session.snapshotRequest?.(symbol).path)
    if (answer === null) throw new Error('no such endpoint')
    const context = { exchange: 'binance', market, symbol, stream, status: 200, ...about }
    append(RecordKind.answer, 0, encodeAnswer(context, answer.body))
    for (const event of answer.told.events) model.answer(event, about.audit !== undefined)
  }
  let read = 0
  for (let at = STEP_MS; at <= ms; at += STEP_MS) {
    clock.advance(STEP_MS)
    hall.step(startMs + at)
    for (const { events } of tolds) for (const event of events) model.update(event)
    tolds = []
    const fresh = records.slice(read)
    read = records.length
    const wanted = fresh.length === 0 ? [] : lane.accept(blockOf(fresh)).wanted
    for (const { resync } of wanted) ask({ resync })
    if (at % CYCLE_MS === CYCLE_MS / 2) {
      const note = { exchange: 'binance', market, symbol, stream, state: 'asked' } as const
      const audit = append(RecordKind.audit, 0, encodeNote(note))
      clock.after(ANSWER_MS, () => ask({ resync: 0, audit }))
    }
  }
  append(RecordKind.stop, 0, new Uint8Array(0))
  lane.accept(blockOf(records.slice(read)))
  return { rows: await readFiles((await cut()).files), expected: model.verdicts, faults }
}

/** A side as a plain map, and the worst price that its snapshot had. */
interface PlainBook {
  readonly levels: Map<string, string>
  readonly worst: Readonly<Record<'bid' | 'ask', number>>
}

/** Books from the log of what was sent and answered, without decoders, sequences or sorted sides. */
function openModel() {
  let ours: PlainBook | null = null
  let other: PlainBook | null = null
  let toldLast = 0
  const verdicts: { lastSeq: number; wrong: string[] }[] = []
  const levelsOf = ({ bids, asks }: EmissionRecord): (readonly [key: string, quantity: string])[] => [
    ...bids.map(([price, quantity]) => [`bid ${price}`, quantity] as const),
    ...asks.map(([price, quantity]) => [`ask ${price}`, quantity] as const),
  ]
  const apply = (book: PlainBook, event: EmissionRecord): void => {
    for (const [key, quantity] of levelsOf(event)) {
      if (Number(quantity) === 0) book.levels.delete(key)
      else book.levels.set(key, quantity)
    }
  }
  const bookOf = (event: EmissionRecord): PlainBook => {
    const worst = { bid: Number(event.bids.at(-1)?.[0]), ask: Number(event.asks.at(-1)?.[0]) }
    return { levels: new Map(levelsOf(event)), worst }
  }
  const isKnown = (key: string, book: PlainBook): boolean => {
    const [side, price] = key.split(' ') as ['bid' | 'ask', string]
    return side === 'bid' ? Number(price) >= book.worst.bid : Number(price) <= book.worst.ask
  }
  return {
    verdicts,
    update(event: EmissionRecord): void {
      toldLast = event.last as number
      if (ours !== null) apply(ours, event)
      if (ours === null || other === null) return
      apply(other, event)
      const [mine, theirs] = [ours, other]
      const keys = new Set([...mine.levels.keys(), ...theirs.levels.keys()])
      const wrong = [...keys]
        .filter((key) => isKnown(key, mine) && isKnown(key, theirs))
        .filter((key) => mine.levels.get(key) !== theirs.levels.get(key))
        .map((key) => `${key} ${mine.levels.get(key) ?? '-'} ${theirs.levels.get(key) ?? '-'}`)
      verdicts.push({ lastSeq: toldLast, wrong: wrong.sort() })
      if (wrong.length > 0) ours = other
      other = null
    },
    /** The book as it is behind the last update that was told: with the next one both books are of one moment. */
    answer(event: EmissionRecord, isAudit: boolean): void {
      if ((event.last ?? 0) < toldLast) throw new Error(`the answer is of ${event.last}, before ${toldLast}`)
      if (isAudit) other = ours === null ? null : bookOf(event)
      else ours = bookOf(event)
    },
  }
}
