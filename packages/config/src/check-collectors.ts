import type { Market } from '@cryptoflow/model'
import { checkOperators } from './check-operators.ts'
import type { CollectorConfig, Config } from './config.ts'
import { channelsOf, type MarketFact, type MarketFacts, streamNamesOf, withPolledBooks } from './facts.ts'
import type { Findings } from './findings.ts'
import type { KeyPath } from './key-path.ts'
import { hint, nearestName } from './nearest.ts'
import type { Source } from './place.ts'
import { quoted, shown } from './shown.ts'

/** A collector whose market may not be decided yet. */
export type UndecidedCollector = Omit<CollectorConfig, 'market'> & { readonly market: Market | null }
export type UndecidedConfig = Omit<Config, 'collectors'> & {
  readonly collectors: readonly UndecidedCollector[]
}

/** Trades and their aggregates go to one table, where they would be counted twice. */
const TRADES = 'ticks'
/** Names that a message lists where none is near. */
const OFFERED_MAX = 20

/** Decides each collector's market, and compares what it asks for with what there is. */
export function checkCollectors(
  collectors: readonly UndecidedCollector[],
  facts: MarketFacts,
  findings: Findings,
): readonly CollectorConfig[] {
  const taken = new Map<string, number>()
  return Object.freeze(
    collectors.map((collector, index) => {
      const fact = factOf(collector, index, facts, findings)
      if (fact === null) return Object.freeze({ ...collector, market: collector.market ?? 'spot' })
      const at: KeyPath = ['collectors', index]
      const heard = collector.bookPoll === null ? fact : withPolledBooks(fact)
      tellTaken(fact, index, taken, findings)
      checkBookPoll(collector, at, fact, findings)
      checkStreams(collector, at, heard, findings)
      checkReach(collector, at, fact, findings)
      checkSymbols(collector, at, heard, findings)
      checkConnections(collector, at, heard, findings)
      checkOperators(collector, at, heard, findings)
      return Object.freeze({ ...collector, market: fact.market })
    }),
  )
}

/** The market that is meant; null: there is none, which is told. */
function factOf(
  { exchange, market, streams }: UndecidedCollector,
  index: number,
  facts: MarketFacts,
  findings: Findings,
): MarketFact | null {
  const at: KeyPath = ['collectors', index]
  if (findings.isBroken([...at, 'exchange']) || findings.isBroken([...at, 'market'])) return null
  const own = facts.filter((fact) => fact.exchange === exchange)
  if (own.length === 0) {
    const known = [...new Set(facts.map((fact) => fact.exchange))]
    tellUnknown([...at, 'exchange'], 'a known exchange', exchange, known, findings)
    return null
  }
  if (market === null) return own.find((fact) => hasAll(fact, streams)) ?? own[0] ?? null
  const found = own.find((fact) => fact.market === market)
  if (found !== undefined) return found
  const known = own.map((fact) => fact.market)
  tellUnknown([...at, 'market'], `a market of ${exchange}`, market, known, findings)
  return null
}

function hasAll(fact: MarketFact, streams: readonly string[] | null): boolean {
  const known = streamNamesOf(fact)
  return streams === null || streams.every((name) => known.includes(name))
}

function tellTaken(fact: MarketFact, index: number, taken: Map<string, number>, findings: Findings): void {
  const name = `${fact.exchange} ${fact.market}`
  const before = taken.get(name)
  if (before === undefined) {
    taken.set(name, index)
    return
  }
  const path: KeyPath = ['collectors', index, 'exchange']
  const message = `expected each market once, got ${name} again: it is collectors[${before}]`
  findings.problem(path, findings.sourceOf(path), message)
}

function checkStreams(
  collector: UndecidedCollector,
  at: KeyPath,
  fact: MarketFact,
  findings: Findings,
): void {
  const { streams } = collector
  const known = streamNamesOf(fact)
  for (const [index, name] of (streams ?? []).entries()) {
    if (known.includes(name)) continue
    const what = `a table or channel of ${fact.exchange} ${fact.market}`
    tellUnknown([...at, 'streams'], what, name, known, findings, [...at, 'streams', index])
  }
  const channels = channelsOf(fact, streams)
  const trades = channels.filter(({ table }) => table === TRADES).map(({ name }) => name)
  if (trades.length > 1) {
    const path = [...at, 'streams']
    const message = `${trades.join(' and ')} fill the same table: each trade would be stored more than once`
    findings.warning(path, findings.sourceOf(path), message)
  }
  if (findings.isBroken([...at, 'streams'])) return
  const polled = [...new Set(channels.filter(({ isPolled }) => isPolled).map(({ carrier }) => carrier))]
  const heard = channels.filter(({ isPolled }) => !isPolled).map(({ name }) => name)
  tellNames(
    collector.pollEveryMs,
    [...at, 'poll_every_ms'],
    'a polled stream that is collected',
    polled,
    findings,
  )
  tellNames(
    collector.expectWithinMs,
    [...at, 'expect_within_ms'],
    'a subscribed stream that is collected',
    heard,
    findings,
  )
}

/** Addresses, paths and the depth of books: what the adapter is told. */
function checkReach(
  { wsUrl, restUrl, paths, bookDepth }: UndecidedCollector,
  at: KeyPath,
  fact: MarketFact,
  findings: Findings,
): void {
  const isHalf = (wsUrl === null) !== (restUrl === null)
  if (isHalf && !findings.isBroken([...at, 'ws_url']) && !findings.isBroken([...at, 'rest_url'])) {
    const path = [...at, wsUrl === null ? 'rest_url' : 'ws_url']
    const message = 'expected both `ws_url` and `rest_url` or none, got one: half would be another exchange'
    findings.problem(path, findings.sourceOf(path), message)
  }
  tellNames(paths, [...at, 'paths'], 'a route', fact.routes, findings)
  for (const [route, address] of Object.entries(paths)) {
    const path = [...at, 'paths', route]
    // What is no text is null here, and told already.
    if (findings.isBroken(path) || address.startsWith('/')) continue
    if (!fact.routes.includes(route) || fact.addressRoutes.includes(route)) continue
    const source = findings.sourceOf(path)
    const message = `expected a path that begins with "/", got ${gotFrom(source, address)}: ${fact.exchange} ${fact.market} has one host for all routes, which is ws_url`
    findings.problem(path, source, message)
  }
  checkBookDepth(bookDepth, [...at, 'book_depth'], fact, findings)
}

/** Books are polled or heard, not both. */
function checkBookPoll(
  { bookPoll, streams }: UndecidedCollector,
  at: KeyPath,
  fact: MarketFact,
  findings: Findings,
): void {
  const path: KeyPath = [...at, 'book_poll']
  if (bookPoll === null || findings.isBroken(path)) return
  const tell = (where: KeyPath, message: string): void => {
    findings.problem(where, findings.sourceOf(where), message)
  }
  const market = `${fact.exchange} ${fact.market}`
  const { bookPoll: offered } = fact
  if (offered === null) {
    tell(path, `expected null: books of ${market} cannot be asked for by REST`)
    return
  }
  if (bookPoll.depth > offered.levelsMax && !findings.isBroken([...path, 'depth'])) {
    const got = findings.sourceOf([...path, 'depth']).isSecret ? '***' : bookPoll.depth
    tell([...path, 'depth'], `expected at most ${offered.levelsMax}, got ${got}: ${market} gives no more`)
  }
  if (streams === null || streams.some((name) => name === offered.table || name === offered.name)) return
  tell(path, `expected ${quoted(offered.table)} among the streams: it is what polled books fill`)
}

function checkBookDepth(
  bookDepth: number | null,
  path: KeyPath,
  { exchange, market, bookDepths }: MarketFact,
  findings: Findings,
): void {
  if (bookDepth === null || bookDepths === null || findings.isBroken(path)) return
  if (bookDepths.includes(bookDepth)) return
  const source = findings.sourceOf(path)
  const got = source.isSecret ? '***' : bookDepth
  const message =
    bookDepths.length === 0
      ? `expected none: books of ${exchange} ${market} have no depth to choose, or their channel's name says it`
      : `expected one of ${bookDepths.join(', ')}, got ${got}: no others are offered by ${exchange} ${market}`
  findings.problem(path, source, message)
}

function tellNames(
  given: Readonly<Record<string, unknown>>,
  path: KeyPath,
  what: string,
  known: readonly string[],
  findings: Findings,
): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name) && !findings.isBroken([...path, name]))
      tellUnknown([...path, name], what, name, known, findings)
  }
}

function checkSymbols(
  collector: UndecidedCollector,
  at: KeyPath,
  fact: MarketFact,
  findings: Findings,
): void {
  const path = [...at, 'symbols']
  const needed = channelsOf(fact, collector.streams).find(({ scope }) => scope === 'symbol')
  if (collector.symbols.length === 0 && needed !== undefined && !findings.isBroken(path)) {
    const source = findings.sourceOf([...at, 'exchange'])
    findings.problem(path, source, `expected symbols, got none: ${needed.name} is one stream per symbol`)
  }
  for (const [index, symbol] of collector.symbols.entries()) {
    const meant = fact.symbolMeant(symbol)
    if (meant === null) continue
    const source = findings.sourceOf([...path, index])
    const question = hint(meant === symbol || source.isSecret ? null : meant)
    const message = `expected a symbol as ${fact.exchange} ${fact.market} writes it, got ${gotFrom(source, symbol)}`
    findings.problem(path, source, message + question)
  }
}

/** More connections than the exchange lets one open in five minutes could not come back from one cut. */
function checkConnections(
  collector: UndecidedCollector,
  at: KeyPath,
  fact: MarketFact,
  findings: Findings,
): void {
  const heard = channelsOf(fact, collector.streams).filter(({ isPolled }) => !isPolled)
  const subscribed = new Set(heard.map(({ carrier }) => carrier))
  const ofMarket = fact.channels.filter(({ name, scope }) => subscribed.has(name) && scope === 'market')
  const perSymbol = subscribed.size - ofMarket.length
  const streams = perSymbol * collector.symbols.length + ofMarket.length
  const connections = Math.ceil(streams / fact.streamsPerConnectionMax)
  if (connections <= fact.connectsPerFiveMinutesMax) return
  const path = [...at, 'symbols']
  const bound = fact.streamsPerConnectionMax * fact.connectsPerFiveMinutesMax
  const message = `expected at most ${bound} streams (${fact.connectsPerFiveMinutesMax} connections of ${fact.streamsPerConnectionMax}), got ${streams}`
  findings.problem(path, findings.sourceOf(path), message)
}

/** `at` is where the name stands, when that is not the key itself. */
function tellUnknown(
  path: KeyPath,
  what: string,
  name: string,
  known: readonly string[],
  findings: Findings,
  at = path,
): void {
  const source = findings.sourceOf(at)
  const nearest = source.isSecret ? null : nearestName(name, known)
  const isShort = nearest === null && known.length > 0 && known.length <= OFFERED_MAX
  const offered = isShort ? ` (there are ${known.map(quoted).join(', ')})` : ''
  findings.problem(path, source, `expected ${what}, got ${gotFrom(source, name)}${offered}${hint(nearest)}`)
}

function gotFrom(source: Source, value: string): string {
  return source.isSecret ? '***' : shown(value)
}
