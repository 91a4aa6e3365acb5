import type { ExchangeMarket, Limit, RestRequest, SessionSpec } from '@cryptoflow/model'
import type { ConformanceCases } from './cases.ts'
import { checkFrames } from './check-frames.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'

type LimitName = {
  [Name in keyof SessionSpec]: SessionSpec[Name] extends Limit | null ? Name : never
}[keyof SessionSpec]

/** As a record, so that the compiler asks for a limit that is new in the contract. */
const limitNames: Readonly<Record<LimitName, true>> = {
  streamsPerConnectionMax: true,
  messagesPerSecondMax: true,
  subscribesPerHourMax: true,
  subscribeFrameBytesMax: true,
  streamsPerFrameMax: true,
  connectsPerFiveMinutesMax: true,
  connectionLifeMs: true,
  serverPingMs: true,
  restWeightPerMinute: true,
}

/** Older readings of an exchange's documents are not trusted. */
const READ_YEARS_MAX = 2
const ISO_DATE = /^\d{4}-\d\d-\d\d$/

/** Every limit has its source; addresses, requests, stream names, subscriptions and other frames are sound. */
export function checkSession(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('session')
  const { session } = market
  for (const name of Object.keys(limitNames) as LimitName[]) {
    checkLimit(name, session[name], cases.today, findings)
  }
  checkLimit('clientPing', session.clientPing?.everyMs ?? null, cases.today, findings)
  checkLimit('restBan', session.restBan?.ms ?? null, cases.today, findings)
  checkStatuses(session, findings)
  checkAddresses(session, cases, findings)
  checkRequests(market, cases, findings)
  checkSymbols(market, cases, findings)
  checkFrames(market, cases, findings)
  return findings.list()
}

/** The exchange may set no limit; one that it sets has a value, a source and a date. */
function checkLimit(name: string, limit: Limit | null, today: string, findings: Findings): void {
  if (limit === null) return
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

/** Statuses that shut us out are errors, and beside those that always do. */
function checkStatuses({ restBan }: SessionSpec, findings: Findings): void {
  if (restBan === null) return
  const { statuses } = restBan
  const isOne = (status: number): boolean =>
    Number.isInteger(status) && status >= 400 && status <= 599 && status !== 418 && status !== 429
  if (statuses.length === 0 || !statuses.every(isOne) || new Set(statuses).size < statuses.length) {
    findings.add(`the statuses of a ban are ${JSON.stringify(statuses)}`)
  }
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

/** A symbol that the market has is right as it is, and so is what it takes another one for. */
function checkSymbols(market: ExchangeMarket, { symbols }: ConformanceCases, findings: Findings): void {
  for (const symbol of symbols) {
    const meant = market.symbolMeant(symbol)
    if (meant !== null) findings.add(`the symbol ${symbol} is taken for ${meant}`)
    for (const spelled of [symbol.toLowerCase(), `${symbol} `, symbol.replaceAll(/[-/_]/g, ':')]) {
      const guess = market.symbolMeant(spelled)
      if (guess === null || guess === spelled || market.symbolMeant(guess) === null) continue
      findings.add(`the symbol ${spelled} is taken for ${guess}, which is wrong itself`)
    }
  }
}

/** Symbols that would change the path or the question of a request if they were put there as they are. */
const HOSTILE_SYMBOLS = ['../../x?limit=1&a=b#测 %2e', '..']

function checkRequests(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const symbol = cases.symbols[0] ?? ''
  for (const { name, scope, poll } of market.streams) {
    if (poll === null) continue
    if (!(poll.everyMs > 0)) findings.add(`${name} is asked for every ${poll.everyMs} ms`)
    const request = (of: string): RestRequest => poll.request(scope === 'market' ? '' : of)
    const isFree = (cases.free?.[name] ?? '') !== ''
    checkRequest(`the request for ${name}`, request, { symbol, isFree }, findings)
  }
  const { snapshotRequest } = market.session
  if (snapshotRequest !== null)
    checkRequest('the request for a book', snapshotRequest, { symbol, isFree: false }, findings)
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
  const place = path.split(/[/?]/).indexOf(encodeURIComponent(symbol))
  const usual = parametersOf(path, place)
  for (const hostile of HOSTILE_SYMBOLS) {
    const changed = parametersOf(request(hostile).path, place)
    if (usual !== changed) findings.add(`a symbol changes ${what}: ${changed} instead of ${usual}`)
  }
}

/** Path and names of the parameters, as a server reads them; the segment at `place` is the symbol, -1: none is. */
function parametersOf(path: string, place: number): string {
  const url = new URL(path, 'https://host.invalid')
  const segments = url.pathname.split('/').map((segment, index) => (index === place ? '*' : segment))
  return `${url.host}${segments.join('/')}?${[...url.searchParams.keys()].join('&')}${url.hash}`
}
