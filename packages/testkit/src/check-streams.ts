import type { ExchangeMarket, StreamSpec, TableName } from '@cryptoflow/model'
import type { ConformanceCases } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'

/** Tables of one kind of market only. */
const spotTables: readonly TableName[] = ['spot_delta', 'spot_ob']
const futuresTables: readonly TableName[] = ['futures_delta', 'futures_ob']
/** What only we write. */
const ownTables: readonly TableName[] = ['gaps', 'dead_letter']
/** Tables that are also made from the updates of a book. */
const derived: Readonly<Partial<Record<TableName, TableName>>> = {
  spot_ob: 'spot_delta',
  futures_ob: 'futures_delta',
}

/** What the market lists fits together: streams, routes, tables, books, collectors. */
export function checkStreams(market: ExchangeMarket, _cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('streams')
  checkMarket(market, findings)
  const names = new Set<string>()
  for (const stream of market.streams) {
    if (names.has(stream.name)) findings.add(`${stream.name} is listed twice`)
    names.add(stream.name)
    checkStream(market, stream, findings)
  }
  for (const [table, streams] of Object.entries(market.collectors)) {
    checkCollectors(market, table as TableName, streams, findings)
  }
  return findings.list()
}

function checkMarket(market: ExchangeMarket, findings: Findings): void {
  if (!/^[a-z0-9_-]+$/.test(market.exchange))
    findings.add(`the exchange is called ${JSON.stringify(market.exchange)}`)
  if (!/^\S+$/.test(market.decoderVersion)) {
    findings.add(`the version of the decoder is ${JSON.stringify(market.decoderVersion)}`)
  }
  if (market.streams.length === 0) findings.add('there is no stream')
}

function checkStream(market: ExchangeMarket, stream: StreamSpec, findings: Findings): void {
  const { name, table, route, poll, book, follows, scope } = stream
  if (!/^[\x21-\x7e]+$/.test(name)) findings.add(`a stream is called ${JSON.stringify(name)}`)
  if (!fits(market, table))
    findings.add(`${name} is stored in ${table}, not a table of a ${market.market} market`)
  if (route !== null && !Object.hasOwn(market.session.routes, route)) {
    findings.add(`${name} comes over the route ${route}, which does not exist`)
  }
  if (route !== null && poll !== null) findings.add(`${name} is both subscribed and polled`)
  if (book === null) return
  if (follows === null) findings.add(`${name} is a book without a rule`)
  if (route === null || scope !== 'symbol')
    findings.add(`${name} is a book, but not subscribed symbol by symbol`)
  if (table !== 'spot_delta' && table !== 'futures_delta')
    findings.add(`${name} is a book stored in ${table}`)
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
    if (stream.table !== table && !isDerived)
      findings.add(`${table} is collected from ${name} of ${stream.table}`)
    if (stream.route === null && stream.poll === null) {
      findings.add(`${table} is collected from ${name}, which nobody brings`)
    }
  }
}
