import type { ExchangeMarket, Market } from '@cryptoflow/model'
import type { Message, Row, Step } from './lane-fixture.ts'
import { fakeMarkets, otherMarkets } from './market-fixture.ts'
import { MINUTE_US } from './minutes.ts'

/** For tests: the rows of `coverage` once more, slowly, from a script and the other rows that it gave. */

/** A record of a script as it was played; `number` is its place, from 1. */
export type Played = Step & { readonly number: number; readonly atUs: number }

/** What a row must say, as one text; under the text of its key, table and minute. */
export type PlainCoverage = Map<string, string>

interface Told {
  readonly record: Played
  readonly place: string
  readonly table: string
  readonly stream: string
  readonly isEmpty: boolean
}

/**
 * All rows that are due when every minute is over. Each minute of a key and table with a record in it is one in which
 * something of the table was subscribed, or came.
 */
export function plainCoverage(records: readonly Played[], rows: readonly Row[]): PlainCoverage {
  const told = messagesOf(records)
  const subscribed = subscriptionsOf(records, told)
  const written = new Map(rows.filter(({ table }) => table === 'coverage').map((row) => [nameOf(row), row]))
  const minutes = [...new Set(records.slice(0, -1).map(({ atUs }) => minuteOf(atUs)))]
  const tables = [...new Set([...told.map(targetOf), ...subscribed.map(targetOf)])]
  const due: PlainCoverage = new Map()
  for (const target of tables) {
    const own = told.filter((each) => targetOf(each) === target)
    const streams = subscribed.filter((each) => targetOf(each) === target)
    const gaps = rows.filter((row) => row.table === 'gaps' && targetOf(placed(row)) === target)
    for (const minute of minutes) {
      const came = own.filter(({ record }) => minuteOf(record.atUs) === minute)
      const wanted = streams.filter(({ from, until }) => from <= minute && until >= minute)
      if (came.length === 0 && wanted.length === 0) continue
      const name = `${target} ${minute}`
      const closing = (written.get(name)?.frame as number) ?? 0
      const known = gaps.filter((gap) => isKnown(gap, gaps, { closing, minute }, streams))
      due.set(name, `${outcomesOf(target, minute, came, rows)} ${spanOf(known, minute)}`)
    }
  }
  return due
}

/** The same of the rows that a lane wrote. */
export function writtenCoverage(rows: readonly Row[]): [name: string, text: string][] {
  return rows
    .filter(({ table }) => table === 'coverage')
    .map((row) => {
      const { received, stored, duplicates, filtered, dead_letters, gap_seconds, causes } = row
      const outcomes = [received, stored, duplicates, filtered, dead_letters].join(' ')
      return [nameOf(row), `${outcomes} ${Math.round(Number(gap_seconds) * 1e6)} ${causes ?? ''}`]
    })
}

/** A script as it is played, with `stretch` times the time between its records. */
export function stretched(steps: readonly Step[], startUs: number, stretch: number): Played[] {
  return steps.map((step, i) => ({
    ...step,
    number: i + 1,
    atUs: startUs + ((step.atUs as number) - startUs) * stretch,
  }))
}

function minuteOf(us: number): number {
  return Math.floor(us / MINUTE_US)
}

function nameOf(row: Row): string {
  return `${targetOf(placed(row))} ${minuteOf(row.minute as number)}`
}

function placed(row: Row): { place: string; table: string; stream: string } {
  const place = `${row.exchange} ${row.market} ${row.symbol}`
  return { place, table: String(row.table_name), stream: String(row.stream) }
}

function targetOf({ place, table }: { readonly place: string; readonly table: string }): string {
  return `${place} ${table}`
}

function marketOf(exchange: string | undefined, market: Market | undefined): ExchangeMarket {
  return (exchange === 'other' ? otherMarkets : fakeMarkets)[market ?? 'spot']
}

const DEFAULT_STREAM: Readonly<Record<string, string>> = { delta: 'depth', snapshot: 'depth' }

/** Everything that came, message by message. */
function messagesOf(records: readonly Played[]): Told[] {
  const opened = new Map<number, ExchangeMarket>()
  const told: Told[] = []
  const tell = (
    record: Played,
    { exchange, market, streams }: ExchangeMarket,
    message: Partial<Message>,
  ): void => {
    const { symbol = 'BTCUSDT', kind = 'trade', levels, detail } = message
    const stream = message.stream ?? DEFAULT_STREAM[kind] ?? kind
    const table = streams.find(({ name }) => name === stream)?.table ?? 'dead_letter'
    const isEmpty = detail === undefined && levels?.length === 0
    told.push({ record, place: `${exchange} ${market} ${symbol}`, table, stream, isEmpty })
  }
  for (const record of records) {
    if (record.kind === 'connect') opened.set(record.number, marketOf(record.exchange, record.market))
    // Whoever reads for the lane takes a dead frame to be one of the first market's.
    if (record.kind === 'dead') tell(record, fakeMarkets.spot, { symbol: '', stream: '' })
    if (record.kind === 'frame') {
      const market = opened.get(record.connection) ?? fakeMarkets.spot
      for (const message of record.messages) tell(record, market, message)
    }
    const stream = record.kind === 'told' ? record.stream : 'depth'
    if (record.kind === 'told')
      for (const message of record.messages)
        tell(record, marketOf(record.exchange, record.market), { stream, ...message })
    if (record.kind === 'answer' && record.snapshot !== null) {
      const { symbol = 'BTCUSDT', snapshot } = record
      tell(record, marketOf(record.exchange, record.market), { symbol, stream, levels: snapshot.levels })
    }
  }
  return told
}

/** A stretch of minutes in which a stream of a key was subscribed. */
interface Subscribed {
  readonly place: string
  readonly table: string
  readonly stream: string
  readonly from: number
  readonly until: number
  /** The record with which it began. */
  readonly record: number
}

/** From each connect record to the last record before the next start; of the whole market from a key's first message. */
function subscriptionsOf(records: readonly Played[], told: readonly Told[]): Subscribed[] {
  return records.flatMap((record, at) => {
    if (record.kind !== 'connect') return []
    const market = marketOf(record.exchange, record.market)
    const end = records.findIndex(({ kind }, i) => i > at && kind === 'start')
    const last = records[end < 0 ? records.length - 1 : end - 1] as Played
    return record.subscriptions.flatMap(([symbol, stream]) => {
      const table = market.streams.find(({ name }) => name === stream)?.table as string
      const common = { table, stream, until: minuteOf(last.atUs) }
      const head = `${market.exchange} ${market.market} `
      if (symbol !== '')
        return [{ place: head + symbol, from: minuteOf(record.atUs), record: record.number, ...common }]
      const firsts = told.filter(
        (each, i) =>
          each.stream === stream &&
          each.place.startsWith(head) &&
          told.findIndex((other) => isSame(other, each)) === i,
      )
      return firsts
        .filter((first) => first.record.number <= last.number)
        .map((first) => {
          const begin = first.record.number > record.number ? first.record : record
          return { place: first.place, from: minuteOf(begin.atUs), record: begin.number, ...common }
        })
    })
  })
}

function isSame(a: Told, b: Told): boolean {
  return a.place === b.place && a.stream === b.stream
}

/**
 * Whether a row of `gaps` was there when record `closing` came, and counts: what was open then only where its stream
 * was subscribed in the minute or behind it.
 */
function isKnown(
  gap: Row,
  gaps: readonly Row[],
  { closing, minute }: { readonly closing: number; readonly minute: number },
  streams: readonly Subscribed[],
): boolean {
  const frame = gap.frame as number
  if (gap.state === 'closed') return frame < closing
  // What the wait for a stream ended was written first, what a stop left open behind the minutes.
  if (frame > closing || (frame === closing && gap.cause === 'shutdown')) return false
  const closed = gaps.find((other) => other.gap_id === gap.gap_id && other.state === 'closed')
  if (closed !== undefined && (closed.frame as number) < closing) return false
  return streams.some(
    ({ stream, until, record }) => stream === gap.stream && until >= minute && record < closing,
  )
}

/** Received, stored, duplicates, filtered, dead letters. */
function outcomesOf(target: string, minute: number, came: readonly Told[], rows: readonly Row[]): string {
  const inMinute = (row: Row): boolean => minuteOf(row.received_ts as number) === minute
  const frames = new Set(came.map(({ record }) => record.number))
  const letters = rows.filter(
    (row) => row.table === 'dead_letter' && inMinute(row) && target === letterTarget(row),
  ).length
  const own = rows.filter(
    (row) =>
      frames.has(row.frame as number) &&
      targetOf({ ...placed(row), table: row.table }) === target &&
      (row.table.endsWith('_ob') ? row.kind === 'partial' : row.source !== 'derived'),
  )
  const hasLevels = /_(ob|delta)$/.test(target)
  const messages = new Set(own.map((row, i) => (hasLevels ? `${row.frame} ${row.last_seq}` : i)))
  const seen = new Set<string>()
  const empty = came.filter(({ record, isEmpty }) => isEmpty && isNew(record, seen)).length
  const stored = target.endsWith('dead_letter') ? 0 : messages.size + empty
  return [came.length, stored, came.length - stored - letters, 0, letters].join(' ')
}

function letterTarget(row: Row): string {
  const { place } = placed(row)
  const market = marketOf(row.exchange as string, row.market as Market)
  const table = market.streams.find(({ name }) => name === row.stream)?.table ?? 'dead_letter'
  return targetOf({ place, table })
}

/** A frame under a number that its connection had before is a repetition. */
function isNew(record: Played, seen: Set<string>): boolean {
  if (record.kind !== 'frame' || record.connectionSeq === undefined || Number.isNaN(record.connectionSeq))
    return true
  const name = `${record.connection} ${record.connectionSeq}`
  return seen.size < seen.add(name).size
}

/** Microseconds of a minute inside of any of the gaps, stretch by stretch between their borders, and their causes. */
function spanOf(gaps: readonly Row[], minute: number): string {
  const startUs = minute * MINUTE_US
  const endUs = startUs + MINUTE_US
  const pieces = gaps
    .map((gap) => ({
      from: (gap.from_ts as number | null) ?? Number.NEGATIVE_INFINITY,
      to: (gap.to_ts as number | null) ?? Number.POSITIVE_INFINITY,
      cause: String(gap.cause),
    }))
    .filter(({ from, to }) => (from < endUs && to > startUs) || (from === to && from === startUs))
    .map(({ from, to, cause }) => ({ from: Math.max(from, startUs), to: Math.min(to, endUs), cause }))
  const borders = [...new Set(pieces.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  let us = 0
  for (const [i, border] of borders.entries()) {
    const next = borders[i + 1] ?? border
    if (pieces.some(({ from, to }) => from <= border && to >= next)) us += next - border
  }
  return `${us} ${[...new Set(pieces.map(({ cause }) => cause))].sort().join(',')}`
}
