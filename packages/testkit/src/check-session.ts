import type { ExchangeMarket, Limit, RestRequest, SessionSpec } from '@cryptoflow/model'
import type { ConformanceCases } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'

type LimitName = {
  [Name in keyof SessionSpec]: SessionSpec[Name] extends Limit ? Name : never
}[keyof SessionSpec]

/** As a record, so that the compiler asks for a limit that is new in the contract. */
const limitNames: Readonly<Record<LimitName, true>> = {
  streamsPerConnectionMax: true,
  messagesPerSecondMax: true,
  subscribeFrameBytesMax: true,
  connectsPerFiveMinutesMax: true,
  connectionLifeMs: true,
  serverPingMs: true,
  restWeightPerMinute: true,
}

/** Older readings of an exchange's documents are not trusted. */
const READ_YEARS_MAX = 2
const ISO_DATE = /^\d{4}-\d\d-\d\d$/
/** As many streams as a large plan has on one connection. */
const SUBSCRIBED = 1_000

/** Every limit has its source; addresses, requests, stream names and subscriptions are sound. */
export function checkSession(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('session')
  for (const name of Object.keys(limitNames) as LimitName[]) {
    checkLimit(name, market.session[name], cases.today, findings)
  }
  checkAddresses(market.session, cases, findings)
  checkRequests(market, cases, findings)
  checkStreamNames(market, cases, findings)
  checkSubscriptions(market, cases, findings)
  return findings.list()
}

function checkLimit(name: string, limit: Limit, today: string, findings: Findings): void {
  if (!(limit.value > 0 && Number.isFinite(limit.value))) findings.add(`${name} is ${limit.value}`)
  if (limit.source.trim() === '') findings.add(`${name} has no source`)
  const isDate = ISO_DATE.test(limit.read) && isoDate(Date.parse(limit.read)) === limit.read
  if (!isDate) findings.add(`${name} was read on ${limit.read}, which is no date`)
  else if (limit.read > today) findings.add(`${name} was read on ${limit.read}, after ${today}`)
  else if (limit.read < yearsBefore(today))
    findings.add(`${name} was read on ${limit.read}, long before ${today}`)
}

function isoDate(ms: number): string {
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().slice(0, 10)
}

function yearsBefore(date: string): string {
  return `${Number(date.slice(0, 4)) - READ_YEARS_MAX}${date.slice(4)}`
}

function checkAddresses(session: SessionSpec, cases: ConformanceCases, findings: Findings): void {
  const routes = Object.entries(session.routes)
  if (routes.length === 0) findings.add('there is no route')
  const isGiven = cases.addresses === 'given'
  for (const [name, address] of routes) {
    const isSound = hasScheme(address, isGiven ? ['wss:', 'ws:'] : ['wss:'])
    if (!isSound) findings.add(`the route ${name} leads to ${address}`)
  }
  if (!hasScheme(session.restUrl, isGiven ? ['https:', 'http:'] : ['https:'])) {
    findings.add(`requests go to ${session.restUrl}`)
  }
  if (session.restUrl.endsWith('/'))
    findings.add('the REST address ends in a slash, and paths begin with one')
  if (session.restPool === '') findings.add('the pool of requests has no name')
  if (session.usedWeightHeader === '') findings.add('the header of the used weight has no name')
}

function hasScheme(address: string, schemes: readonly string[]): boolean {
  return URL.canParse(address) && schemes.includes(new URL(address).protocol)
}

/** A symbol that would change the path or the question of a request if it were put there as it is. */
const HOSTILE_SYMBOL = '../../x?limit=1&a=b#测 %2e'

function checkRequests(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const symbol = cases.symbols[0] ?? ''
  for (const { name, scope, poll } of market.streams) {
    if (poll === null) continue
    if (!(poll.everyMs > 0)) findings.add(`${name} is asked for every ${poll.everyMs} ms`)
    const request = (of: string): RestRequest => poll.request(scope === 'market' ? '' : of)
    const isFree = (cases.free?.[name] ?? '') !== ''
    checkRequest(`the request for ${name}`, request, { symbol, isFree }, findings)
  }
  if (market.streams.some(({ book }) => book !== null)) {
    const request = (of: string): RestRequest => market.session.snapshotRequest(of)
    checkRequest('the request for a book', request, { symbol, isFree: false }, findings)
  }
}

function checkRequest(
  what: string,
  request: (symbol: string) => RestRequest,
  { symbol, isFree }: { readonly symbol: string; readonly isFree: boolean },
  findings: Findings,
): void {
  const { path, weight } = request(symbol)
  if (!path.startsWith('/') || path.startsWith('//')) findings.add(`${what} has the path ${path}`)
  if (!(isFree ? weight === 0 : weight > 0)) findings.add(`${what} has the weight ${weight}`)
  const usual = parametersOf(path)
  const hostile = parametersOf(request(HOSTILE_SYMBOL).path)
  if (usual !== hostile) findings.add(`a symbol changes ${what}: ${hostile} instead of ${usual}`)
}

/** Path and names of the parameters, as a server reads them. */
function parametersOf(path: string): string {
  const url = new URL(path, 'https://host.invalid')
  return `${url.host}${url.pathname}?${[...url.searchParams.keys()].join('&')}${url.hash}`
}

function checkStreamNames(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const owners = new Map<string, string>()
  if (new Set(cases.symbols).size < 2) findings.add('the cases name fewer than two symbols')
  for (const { name, symbol } of subscribable(market, cases.symbols)) {
    const wire = market.session.streamName(name, symbol)
    const owner = `${name} of ${symbol === '' ? 'the market' : symbol}`
    const agreed = cases.wireNames[name]
    const isAgreed = symbol === '' || symbol === cases.symbols[0]
    if (isAgreed && wire !== agreed) findings.add(`${owner} is called ${wire} instead of ${agreed}`)
    if (owners.has(wire)) findings.add(`${owner} is called ${wire}, as is ${owners.get(wire)}`)
    owners.set(wire, owner)
  }
}

function subscribable(
  market: ExchangeMarket,
  symbols: readonly string[],
): { readonly name: string; readonly symbol: string }[] {
  return market.streams
    .filter(({ route }) => route !== null)
    .flatMap(({ name, scope }) => (scope === 'market' ? [''] : symbols).map((symbol) => ({ name, symbol })))
}

/** Fills frames up to the limit, as a session does, and reads them back by the documents. */
function checkSubscriptions(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const { session } = market
  const bytesMax = session.subscribeFrameBytesMax.value
  const known = subscribable(market, cases.symbols).map(({ name, symbol }) =>
    session.streamName(name, symbol),
  )
  if (known.length === 0) return
  const names = Array.from({ length: SUBSCRIBED }, (_, i) => known[i % known.length] as string)
  let from = 0
  for (let id = 1; from < names.length; id++) {
    let to = from + 1
    while (to < names.length && bytesOf(session.subscribeFrame(names.slice(from, to + 1), id)) <= bytesMax)
      to += 1
    const frame = session.subscribeFrame(names.slice(from, to), id)
    const bytes = bytesOf(frame)
    if (bytes > bytesMax) findings.add(`a frame for ${names[from]} alone has ${bytes} bytes of ${bytesMax}`)
    const read = cases.readSubscription(frame)
    const isSame = read?.id === id && JSON.stringify(read.names) === JSON.stringify(names.slice(from, to))
    if (!isSame)
      findings.add(`the subscription ${frame.slice(0, 200)} reads as ${JSON.stringify(read)?.slice(0, 200)}`)
    from = to
  }
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
