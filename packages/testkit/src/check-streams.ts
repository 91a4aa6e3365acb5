import type { BookRule, ExchangeMarket, StreamBookRule, StreamSpec, TableName } from '@cryptoflow/model'
import type { ConformanceCases } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'

/** Tables of one kind of market only. */
const spotTables: readonly TableName[] = ['spot_delta', 'spot_ob']
const futuresTables: readonly TableName[] = ['futures_delta', 'futures_ob']
/** What only we write. */
const ownTables: readonly TableName[] = ['gaps', 'coverage', 'dead_letter']
/** Tables that are also made from the updates of a book. */
const derived: Readonly<Partial<Record<TableName, TableName>>> = {
  spot_ob: 'spot_delta',
  futures_ob: 'futures_delta',
}

/** What the market lists fits together: streams, routes, tables, books, snapshots, collectors. */
export function checkStreams(market: ExchangeMarket, _cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('streams')
  checkMarket(market, findings)
  const names = new Set<string>()
  for (const stream of market.streams) {
    if (names.has(stream.name)) findings.add(`${stream.name} is listed twice`)
    names.add(stream.name)
    checkStream(market, stream, findings)
  }
  checkSnapshots(market, findings)
  for (const [table, streams] of Object.entries(market.collectors)) {
    checkCollectors(market, table as TableName, streams, findings)
  }
  return findings.list()
}

function checkMarket(market: ExchangeMarket, findings: Findings): void {
  if (!/^[a-z0-9_-]+$/.test(market.exchange))
    findings.add(`the exchange is called ${JSON.stringify(market.exchange)}`)
  const { aliases } = market
  if (new Set([market.exchange, ...aliases]).size !== aliases.length + 1) {
    findings.add(`its other names ${JSON.stringify(aliases)} hold its own, or one twice`)
  }
  if (!aliases.every((alias) => /^[\x21-\x7e]+$/.test(alias))) {
    findings.add(`one of its other names is no name: ${JSON.stringify(aliases)}`)
  }
  if (!/^\S+$/.test(market.decoderVersion)) {
    findings.add(`the version of the decoder is ${JSON.stringify(market.decoderVersion)}`)
  }
  if (market.streams.length === 0) findings.add('there is no stream')
}

function checkStream(market: ExchangeMarket, stream: StreamSpec, findings: Findings): void {
  const { name, table, route, poll, book, changes, follows, within, idWindow } = stream
  if (!/^[\x21-\x7e]+$/.test(name)) findings.add(`a stream is called ${JSON.stringify(name)}`)
  if (!fits(market, table))
    findings.add(`${name} is stored in ${table}, not a table of a ${market.market} market`)
  if (route !== null && !Object.hasOwn(market.session.routes, route)) {
    findings.add(`${name} comes over the route ${route}, which does not exist`)
  }
  if (route !== null && poll !== null) findings.add(`${name} is both subscribed and polled`)
  if (!Number.isSafeInteger(idWindow) || idWindow < 0) findings.add(`${name} remembers ${idWindow} ids`)
  if (within !== null) checkWithin(market, stream, within, findings)
  if (changes !== undefined && (derived[table] !== changes || !fits(market, changes))) {
    findings.add(`${name} of ${table} is no stream of images whose changes belong into ${changes}`)
  }
  if (book === null) return
  if ((follows === null) !== (book.follows === null))
    findings.add(`${name} and its book do not both have a rule`)
  checkBook(stream, book, findings)
}

/** A stream within another is all like it, but for another table. */
function checkWithin(market: ExchangeMarket, stream: StreamSpec, within: string, findings: Findings): void {
  const { name, table, route, scope, poll } = stream
  const outer = market.streams.find((other) => other.name === within)
  if (outer === undefined || outer === stream) {
    findings.add(`${name} comes within ${within}, which is not listed`)
    return
  }
  if (outer.within !== null) findings.add(`${name} comes within ${within}, which has no subscription itself`)
  if (outer.route === null && outer.poll === null)
    findings.add(`${name} comes within ${within}, which nobody brings`)
  if (outer.route !== route || outer.scope !== scope) {
    findings.add(`${name} comes within ${within}, but by another route or for another scope`)
  }
  if (poll !== null) findings.add(`${name} comes within ${within} and is polled too`)
  if (outer.table === table) findings.add(`${name} and ${within} are one stream of ${table}`)
}

function checkBook(
  { name, table, route, scope, within }: StreamSpec,
  book: BookRule,
  findings: Findings,
): void {
  if (within !== null || scope !== 'symbol') findings.add(`${name} is a book, but not of one symbol each`)
  // A book that begins in its stream may be one that only others can subscribe: it is decoded all the same.
  if (route === null && book.origin === 'rest') findings.add(`${name} is a book, but not subscribed`)
  if (table !== 'spot_delta' && table !== 'futures_delta')
    findings.add(`${name} is a book stored in ${table}`)
  if (book.origin === 'rest') {
    if (book.follows === null) findings.add(`${name} is a book without a rule`)
  } else checkStreamBook(name, book, findings)
}

function checkStreamBook(name: string, { depths, checksum }: StreamBookRule, findings: Findings): void {
  const isCount = (count: number): boolean => Number.isSafeInteger(count) && count > 0
  const isAscending = depths?.every((depth, i) => i === 0 || depth > (depths[i - 1] as number)) ?? true
  if (depths !== null && (depths.length === 0 || !depths.every(isCount) || !isAscending)) {
    findings.add(`the depths of ${name} are ${JSON.stringify(depths)}`)
  }
  if (checksum !== null && !isCount(checksum.depth)) {
    findings.add(`the checksum of ${name} covers ${checksum.depth} levels`)
  }
}

/** Snapshots can be asked for exactly where a book needs them. */
function checkSnapshots(market: ExchangeMarket, findings: Findings): void {
  const isNeeded = market.streams.some(({ book }) => book?.origin === 'rest')
  const isOffered = market.session.snapshotRequest !== null
  if (isNeeded && !isOffered) findings.add('a book begins with a snapshot that cannot be asked for')
  if (!isNeeded && isOffered) findings.add('snapshots can be asked for, and no book begins with one')
}

function fits(market: ExchangeMarket, table: TableName): boolean {
  const foreign = market.market === 'spot' ? futuresTables : spotTables
  return !foreign.includes(table) && !ownTables.includes(table)
}

function checkCollectors(
  market: ExchangeMarket,
  table: TableName,
  streams: readonly string[],
  findings: Findings,
): void {
  if (!fits(market, table)) findings.add(`${table} is collected, not a table of a ${market.market} market`)
  if (streams.length === 0) findings.add(`${table} is collected from nothing`)
  for (const name of streams) {
    const stream = market.streams.find((known) => known.name === name)
    if (stream === undefined) {
      findings.add(`${table} is collected from ${name}, which is not listed`)
      continue
    }
    const isDerived = stream.book !== null && stream.table === derived[table]
    if (stream.table !== table && stream.changes !== table && !isDerived)
      findings.add(`${table} is collected from ${name} of ${stream.table}`)
    if (stream.route === null && stream.poll === null && stream.within === null) {
      findings.add(`${table} is collected from ${name}, which nobody brings`)
    }
  }
}
