import type { EmissionRecord } from '@cryptoflow/exchange-sim/memory'
import { findMarket } from '@cryptoflow/exchanges'
import type { TableName } from '@cryptoflow/model'
import { brokenBars } from './bars.ts'
import type { Landing } from './listener.ts'
import { replayed } from './replayed.ts'
import type { Outcome } from './run.ts'
import { type Row, rowText } from './stored-rows.ts'

/** Where everything that was emitted went. */
export interface Verdict {
  /** Null: every promise was kept. Else the first that was not, and what differs. */
  readonly broken: string | null
  /** Events that somebody could hear. */
  readonly emitted: number
  readonly stored: number
  readonly inGaps: number
  readonly deadLetters: number
  readonly gaps: number
  readonly rows: number
}

/** An event with where it was heard. */
interface Heard {
  readonly event: EmissionRecord
  /** Whole, in what is left of the journal; the first of several. Null: nowhere. */
  readonly landing: Place | null
  readonly isDamaged: boolean
}

/**
 * Judges a run: the tables hold the rows of the journal, each once; every event was
 * stored, or is a dead letter, or lies in a recorded gap; and no gap is recorded where nothing is missing.
 */
export async function judge(outcome: Outcome): Promise<Verdict> {
  const broken: string[] = []
  const counts = { emitted: 0, stored: 0, inGaps: 0, deadLetters: 0 }
  const gaps = outcome.stored.get('gaps') ?? []
  if (outcome.trouble !== null) broken.push(outcome.trouble)
  else {
    broken.push(...brokenPlaces(outcome))
    broken.push(...(await differences(outcome)))
    const landings = whatIsLeft(outcome)
    const first = firstLandings(outcome, landings)
    broken.push(...brokenRows(outcome, first))
    broken.push(...brokenLetters(outcome, landings))
    broken.push(...brokenBars(outcome))
    broken.push(...brokenAudits(outcome))
    for (const stream of streamsOf(outcome, landings, first))
      broken.push(...brokenStream(stream, gaps, counts))
  }
  const rows = [...outcome.stored.values()].reduce((sum, own) => sum + own.length, 0)
  return { broken: broken[0] ?? null, ...counts, gaps: gaps.length, rows }
}

/** The journal is whole, and so is what the tables name. */
function brokenPlaces({ records, dangling }: Outcome): string[] {
  const hole = records.findIndex(({ number }, index) => number !== index + 1)
  return [
    ...(hole < 0 ? [] : [`the journal has a hole before record ${records[hole]?.number}`]),
    ...dangling.map((location) => `a table names ${location}, which is not in the store`),
  ]
}

/** T15, I1, I2: the rows in the tables are those of one pass over the journal, table by table, as multisets. */
async function differences(outcome: Outcome): Promise<string[]> {
  const expected = await replayed(outcome)
  return [...expected].flatMap(([table, rows]) => {
    const left = new Map<string, number>()
    for (const text of rows.map(rowText)) left.set(text, (left.get(text) ?? 0) + 1)
    for (const text of (outcome.stored.get(table) ?? []).map(rowText))
      left.set(text, (left.get(text) ?? 0) - 1)
    const lost = [...left].find(([, count]) => count > 0)
    const doubled = [...left].find(([, count]) => count < 0)
    return [
      ...(lost === undefined ? [] : [`${table}: lost, ${lost[1]} times: ${lost[0]}`]),
      ...(doubled === undefined ? [] : [`${table}: stored ${-doubled[1]} times too often: ${doubled[0]}`]),
    ]
  })
}

/** Landings whose record is still what it was: a power cut takes records, and their numbers are given again. */
function whatIsLeft({ landings, records }: Outcome): Landing[] {
  return landings.filter(({ record, receivedUs, bytes }) => {
    const found = records[record - 1]
    return (
      found !== undefined && found.receivedUs === receivedUs && Buffer.compare(found.payload, bytes) === 0
    )
  })
}

/** Tables whose rows are events of the exchange, one to one. */
const eventTables: readonly TableName[] = ['ticks', 'spot_delta', 'futures_delta']

/** The rows of every frame, as texts, against those of the events that came first with it. */
function brokenRows({ emitted, stored }: Outcome, first: FirstPlaces): string[] {
  const left = new Map<string, number>()
  const add = (text: string, count: number): void => void left.set(text, (left.get(text) ?? 0) + count)
  for (const event of emitted) {
    const landing = first.get(event)
    if (landing !== undefined) for (const text of eventTexts(event)) add(`frame ${landing.record} ${text}`, 1)
  }
  for (const table of eventTables) {
    for (const row of heardRows(stored, table)) add(`frame ${row.frame} ${storedText(table, row)}`, -1)
  }
  const lost = [...left].find(([, count]) => count > 0)
  const foreign = [...left].find(([, count]) => count < 0)
  return [
    ...(lost === undefined ? [] : [`heard and not stored: ${lost[0]}`]),
    ...(foreign === undefined ? [] : [`stored and not heard, or too often: ${foreign[0]}`]),
  ]
}

/** Rows of a table that are what an exchange said, not what was derived from it. */
function heardRows(stored: Outcome['stored'], table: TableName): Row[] {
  return (stored.get(table) ?? []).filter(({ source }) => source !== 'derived')
}

/** Where a record of the journal has an event. `isAgain`: it was missed, and told again to a new subscriber. */
type Place = Pick<Landing, 'record' | 'receivedUs' | 'connection'> & { readonly isAgain?: boolean }
type FirstPlaces = ReadonlyMap<EmissionRecord, Place>

/**
 * By event: where it came whole for the first time. Some exchanges tell the last trades again to whoever subscribes,
 * which the log does not repeat: a trade that was missed may be found there, by its row.
 */
function firstLandings({ emitted, stored, records }: Outcome, landings: readonly Landing[]): FirstPlaces {
  const first = new Map<EmissionRecord, Place>()
  for (const landing of landings) {
    if (landing.isDamaged) continue
    for (const event of landing.told.events) if (!first.has(event)) first.set(event, landing)
  }
  const trades = new Map(
    heardRows(stored, 'ticks').map((row) => [storedText('ticks', row), Number(row.frame)]),
  )
  for (const event of emitted) {
    const record =
      event.table === 'ticks' && !first.has(event) ? trades.get(eventTexts(event)[0] as string) : undefined
    const found = record === undefined ? undefined : records[record - 1]
    if (found === undefined) continue
    first.set(event, {
      record: found.number,
      receivedUs: found.receivedUs,
      connection: found.connection,
      isAgain: true,
    })
  }
  return first
}

/** An event's rows by what the exchange said in them. */
function eventTexts(event: EmissionRecord): string[] {
  const { table, symbol, values, bids, asks, last } = event
  if (!eventTables.includes(table)) return []
  if (values !== null) {
    const { trade_id, side, price, quantity } = values
    return [`${table} ${symbol} ${trade_id} ${side} ${mantissa(price)} ${mantissa(quantity)}`]
  }
  const sides = [
    bids.map((level) => ['bid', level] as const),
    asks.map((level) => ['ask', level] as const),
  ].flat()
  return sides.map(
    ([side, [price, quantity]]) =>
      `${table} ${symbol} ${last} ${side} ${mantissa(price)} ${mantissa(quantity)}`,
  )
}

function storedText(table: TableName, row: Row): string {
  const { symbol, side, price, quantity } = row
  const name = table === 'ticks' ? row.trade_id : row.last_seq
  return `${table} ${symbol} ${name} ${side} ${price} ${quantity}`
}

const SCALE = 18

/** A number's text as the mantissa of 18 digits behind the point that the tables have. */
function mantissa(text: string | null | undefined): string {
  const [digits = '', exponent = '0'] = (text ?? '').split(/e/i)
  const [whole = '', fraction = ''] = digits.split('.')
  const zeros = SCALE + Number(exponent) - fraction.length
  return `${BigInt(whole + fraction + '0'.repeat(Math.max(0, zeros)))}`
}

/** Each damaged frame is one dead letter, and nothing else is. */
function brokenLetters({ stored }: Outcome, landings: readonly Landing[]): string[] {
  const damaged = landings.filter(({ isDamaged }) => isDamaged).map(({ record }) => record)
  const letters = (stored.get('dead_letter') ?? []).map((row) => Number(row.frame)).sort((a, b) => a - b)
  return `${damaged}` === `${letters}` ? [] : [`damaged frames ${damaged}, but dead letters ${letters}`]
}

/** A book is found wrong only where a fault was silent, and where it is, its span is marked. */
function brokenAudits({ stored, silent }: Outcome): string[] {
  const audits = stored.get('book_audit') ?? []
  const wrong = audits.filter(({ levels_wrong }) => levels_wrong !== 0)
  const alarm = wrong.find(
    ({ symbol }) => !silent.some((name) => name.toLowerCase().includes(`${symbol}`.toLowerCase())),
  )
  const spans = (stored.get('gaps') ?? []).filter(({ cause }) => cause === 'audit').map(({ frame }) => frame)
  const framesOf = (frames: readonly unknown[]): string => `${[...new Set(frames)].sort()}`
  const marked = framesOf(spans)
  const found = framesOf(wrong.map(({ frame }) => frame))
  return [
    ...(alarm === undefined ? [] : [`a false alarm: ${rowText(alarm)}`]),
    ...(marked === found ? [] : [`audits found wrong books at ${found}, and spans are marked at ${marked}`]),
  ]
}

interface Stream {
  readonly name: string
  readonly symbol: string
  readonly table: TableName
  /** Whether its messages say which one came before. */
  readonly isChained: boolean
  /** Whether it is a book without numbers, which from a hole to its next snapshot is none. */
  readonly isBreakable: boolean
  readonly heard: readonly Heard[]
}

/** Every stream of every symbol with what became of its events, in their order; answers are of no stream. */
function streamsOf(
  { plan, emitted, aside }: Outcome,
  landings: readonly Landing[],
  first: FirstPlaces,
): Stream[] {
  const market = findMarket(plan.exchange, plan.market)
  const damaged = new Set(landings.filter(({ isDamaged }) => isDamaged).flatMap(({ told }) => told.events))
  const events = emitted.filter(
    (event) => !event.is_answer && !aside.has(event) && eventTables.includes(event.table),
  )
  return [...Map.groupBy(events, ({ symbol, stream }) => `${symbol} ${stream}`).values()].map((own) => {
    const { symbol, stream: name, table } = own[0] as EmissionRecord
    const spec = market.streams.find((candidate) => candidate.name === name)
    const isNumbered = own.some(({ first: from, prev }) => from !== null || prev !== null)
    const isChained =
      isNumbered && spec?.book?.origin !== 'stream' && (spec?.follows ?? spec?.book ?? null) !== null
    const heard = own.map((event) => ({
      event,
      landing: first.get(event) ?? null,
      isDamaged: damaged.has(event),
    }))
    const isBreakable = spec?.book?.origin === 'stream' && own.every(({ last }) => last === null)
    return { name, symbol, table, isChained, isBreakable, heard }
  })
}

type Counts = Record<'emitted' | 'stored' | 'inGaps' | 'deadLetters', number>

/** Runs of what is missing against the gaps of the stream, both ways. */
function brokenStream(stream: Stream, all: readonly Row[], counts: Counts): string[] {
  const broken: string[] = []
  const gaps = all.filter(
    (gap) => gap.stream === stream.name && gap.symbol === stream.symbol && gap.cause !== 'audit',
  )
  const explained = new Set<Row>()
  let before: Heard | null = null
  let missing: Heard[] = []
  const close = (after: Heard | null): void => {
    const isPatched = missing.some(({ landing }) => landing !== null)
    const found = gaps.filter((gap) => covers(stream, gap, { before, after, isPatched }))
    for (const gap of found)
      if (missing.length > 0 || mayBeNeedless(stream, before, after)) explained.add(gap)
    const lost = missing.filter(({ landing }) => landing === null)
    const letters = lost.filter(({ isDamaged }) => isDamaged).length
    if (found.length === 0 && (stream.isChained ? lost.length : lost.length - letters) > 0) {
      broken.push(`${named(stream)}: no gap for ${lost.length} events between ${at(before)} and ${at(after)}`)
    }
    counts.deadLetters += letters
    counts.inGaps += lost.length - letters
    counts.stored += missing.length - lost.length
    missing = []
  }
  for (const heard of inOrder(stream)) {
    if (saysNothingNew(heard, before)) continue
    counts.emitted += 1
    if (!heard.isInOrder) missing.push(heard)
    else {
      counts.stored += 1
      close(heard)
      before = heard
    }
  }
  close(null)
  const needless = gaps.find((gap) => !explained.has(gap) && gap.state === 'closed' && gap.missing !== 0n)
  if (needless !== undefined)
    broken.push(`${named(stream)}: nothing is missing in the gap ${rowText(needless)}`)
  return broken
}

/** A lost snapshot of the book as it was heard already, by its number: whoever subscribes is told one. */
function saysNothingNew({ event, landing }: Heard, before: Heard | null): boolean {
  return landing === null && event.is_snapshot && event.last !== null && event.last === before?.event.last
}

/**
 * Events with whether each was heard when its turn came. What is told again comes late where a later event came before
 * it, and where nothing says what comes before what.
 */
function inOrder({ isChained, heard }: Stream): (Heard & { readonly isInOrder: boolean })[] {
  let next = Number.POSITIVE_INFINITY
  const backwards = [...heard].reverse().map((one) => {
    const { landing } = one
    if (landing === null) return { ...one, isInOrder: false }
    if (landing.isAgain === true) return { ...one, isInOrder: isChained && landing.record <= next }
    next = landing.record
    return { ...one, isInOrder: true }
  })
  return backwards.reverse()
}

/** What is missing between two heard events; null is the beginning, or the end. */
interface Run {
  readonly before: Heard | null
  readonly after: Heard | null
  /** Some of it was told again. */
  readonly isPatched: boolean
}

/** Whether a gap says that what is between two heard events is missing. */
function covers({ isChained, isBreakable }: Stream, gap: Row, { before, after, isPatched }: Run): boolean {
  const from = gap.from_ts as bigint | null
  const to = gap.to_ts as bigint | null
  if (isBreakable) {
    const isBegun = from === null || (before !== null && from <= BigInt(receivedUs(before)))
    return isBegun && (to === null || (after !== null && to >= BigInt(receivedUs(after))))
  }
  // What was told again may have closed one and begun the next, wherever it stands in the log.
  if (isPatched && !isChained) return lies(gap, before, after)
  if (before === null ? from !== null : from !== BigInt(receivedUs(before))) return false
  if (after === null || gap.state === 'open') return after === null && gap.state === 'open'
  if (to !== BigInt(receivedUs(after))) return false
  if (!isChained || before === null) return true
  const { first, last } = after.event
  return gap.from_seq === bigOf(before.event.last) && gap.to_seq === bigOf(first ?? last)
}

/** Whether it lies between them. */
function lies({ from_ts: from, to_ts: to }: Row, before: Heard | null, after: Heard | null): boolean {
  const isBehind = before === null || (from !== null && (from as bigint) >= BigInt(receivedUs(before)))
  const isAhead = after === null || (to !== null && (to as bigint) <= BigInt(receivedUs(after)))
  return isBehind && isAhead
}

/** Whether a gap is honest though nothing is missing in it: nobody could know. */
function mayBeNeedless({ isBreakable }: Stream, before: Heard | null, after: Heard | null): boolean {
  if (before === null || after === null || isBreakable || after.event.is_snapshot) return true
  return before.landing?.connection !== after.landing?.connection
}

function receivedUs({ landing }: Heard): number {
  return landing?.receivedUs ?? Number.NaN
}

function bigOf(value: number | null): bigint | null {
  return value === null ? null : BigInt(value)
}

function at(heard: Heard | null): string {
  return heard === null ? 'the edge' : `${heard.event.last} (record ${heard.landing?.record})`
}

function named({ name, symbol }: Stream): string {
  return `${symbol} ${name}`
}
