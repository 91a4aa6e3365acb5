import type { ExchangeMarket, SessionSpec } from '@cryptoflow/model'
import type { ConformanceCases, ReadSubscription } from './cases.ts'
import type { Findings } from './finding.ts'

/** As many streams as a large plan has on one connection. */
const SUBSCRIBED = 1_000

/** Stream names are those of the documents, and every frame that we send is one that the exchange can read. */
export function checkFrames(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  checkStreamNames(market, cases, findings)
  checkSubscriptions(market, cases, findings)
  checkOtherFrames(market.session, findings)
  checkConfirmations(market, cases, findings)
}

/** A stream that a subscription may be for; `owner` is the one whose name it has. */
interface Subscribable {
  readonly name: string
  readonly symbol: string
  readonly owner: string
}

function subscribable(market: ExchangeMarket, symbols: readonly string[]): Subscribable[] {
  return market.streams
    .filter(({ route }) => route !== null)
    .flatMap(({ name, scope, within }) =>
      (scope === 'market' ? [''] : symbols).map((symbol) => ({ name, symbol, owner: within ?? name })),
    )
}

function checkStreamNames(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const owners = new Map<string, string>()
  if (new Set(cases.symbols).size < 2) findings.add('the cases name fewer than two symbols')
  for (const { name, symbol, owner } of subscribable(market, cases.symbols)) {
    const wire = market.session.streamName(name, symbol)
    const of = symbol === '' ? 'the market' : symbol
    const agreed = cases.wireNames[name] ?? cases.wireNames[owner]
    const isAgreed = symbol === '' || symbol === cases.symbols[0]
    if (isAgreed && wire !== agreed) findings.add(`${name} of ${of} is called ${wire} instead of ${agreed}`)
    // Only a stream within another may share its name, and must.
    const group = `${owner} of ${of}`
    const other = owners.get(wire)
    if (other !== undefined && other !== group)
      findings.add(`${name} of ${of} is called ${wire}, as is ${other}`)
    if (owner !== name && wire !== market.session.streamName(owner, symbol)) {
      findings.add(`${name} of ${of} is called ${wire}, unlike ${owner}, which it comes within`)
    }
    owners.set(wire, group)
  }
}

/** Fills frames of every group up to the limits, as a session does, and reads them back by the documents. */
function checkSubscriptions(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const { session } = market
  const groups = Map.groupBy(manyNames(market, cases), (name) => session.subscribeGroup(name))
  let id = 0
  for (const [group, names] of groups) {
    for (let from = 0; from < names.length; ) {
      id += 1
      const to = frameEnd(session, names, from, id)
      checkSubscription(market, cases, names.slice(from, to), id, findings)
      from = to
    }
    const other = names.find((name) => session.subscribeGroup(name) !== group)
    if (other !== undefined) findings.add(`${other} is not always of the group ${group}`)
  }
}

/** Different names of all streams: of the given symbols, then of as many more as are needed. */
function manyNames({ session, streams }: ExchangeMarket, cases: ConformanceCases): string[] {
  const own = streams.filter(({ route }) => route !== null)
  const names = new Set<string>()
  for (let i = 0; i < SUBSCRIBED && names.size < SUBSCRIBED; i++) {
    const symbol = cases.symbols[i] ?? (cases.symbolWith ?? String)(`A${i}`)
    for (const { name, scope } of own) names.add(session.streamName(name, scope === 'market' ? '' : symbol))
  }
  return [...names]
}

/** How far a frame reaches that begins with the name `from`: at least one name. */
function frameEnd(session: SessionSpec, names: readonly string[], from: number, id: number): number {
  const bytesMax = session.subscribeFrameBytesMax.value
  const namesMax = session.streamsPerFrameMax?.value ?? Number.POSITIVE_INFINITY
  let to = from + 1
  while (to < names.length && to - from < namesMax) {
    if (bytesOf(session.subscribeFrame(names.slice(from, to + 1), id)) > bytesMax) break
    to += 1
  }
  return to
}

function checkSubscription(
  { session }: ExchangeMarket,
  cases: ConformanceCases,
  names: readonly string[],
  id: number,
  findings: Findings,
): void {
  const bytesMax = session.subscribeFrameBytesMax.value
  const frame = session.subscribeFrame(names, id)
  const bytes = bytesOf(frame)
  if (bytes > bytesMax) findings.add(`a frame for ${names[0]} alone has ${bytes} bytes of ${bytesMax}`)
  if (frame !== session.subscribeFrame(names, id)) findings.add(`the subscription ${short(frame)} changes`)
  const isIdNeeded = session.confirms === 'frame'
  const problem = readProblem(frame, cases.readSubscription, { names, id, isIdNeeded })
  if (problem !== null) findings.add(`the subscription ${problem}`)
  const end = session.unsubscribeFrame(names, id)
  if (end === null) return
  if (safely(cases.readSubscription, end) !== null)
    findings.add(`its end ${short(end)} is a subscription too`)
  if (cases.readUnsubscription === undefined) return
  const endProblem = readProblem(end, cases.readUnsubscription, { names, id, isIdNeeded: false })
  if (endProblem !== null) findings.add(`the end of a subscription ${endProblem}`)
}

/** Reads a frame back: its names in any order, since some exchanges sort them by channel, and its id if it has one. */
function readProblem(
  frame: string,
  reader: ConformanceCases['readSubscription'],
  sent: { readonly names: readonly string[]; readonly id: number; readonly isIdNeeded: boolean },
): string | null {
  const found = safely(reader, frame)
  const isIdRight = found?.id === sent.id || (found?.id === null && !sent.isIdNeeded)
  if (isIdRight && JSON.stringify(found?.names.toSorted()) === JSON.stringify(sent.names.toSorted()))
    return null
  return `${short(frame)} reads as ${short(JSON.stringify(found))}`
}

/** The reader's answer; null also where it throws, since what it cannot read is no such frame. */
function safely(reader: ConformanceCases['readSubscription'], frame: string): ReadSubscription | null {
  try {
    return reader(frame)
  } catch {
    return null
  }
}

/** Opening frames and pings are texts that the wire takes; what looks like JSON is JSON. */
function checkOtherFrames(session: SessionSpec, findings: Findings): void {
  for (const [route, frames] of Object.entries(session.openingFrames)) {
    if (!Object.hasOwn(session.routes, route))
      findings.add(`frames open the route ${route}, which does not exist`)
    for (const frame of frames) {
      const problem = frameProblem(frame, session)
      if (problem !== null) findings.add(`a frame that opens ${route} ${problem}: ${short(frame)}`)
    }
  }
  const ping = session.clientPing?.frame ?? null
  const problem = ping === null ? null : frameProblem(ping, session)
  if (problem !== null) findings.add(`the ping ${problem}: ${short(String(ping))}`)
}

function frameProblem(frame: string, session: SessionSpec): string | null {
  if (frame === '' || !frame.isWellFormed()) return 'is no text'
  if (bytesOf(frame) > session.subscribeFrameBytesMax.value) return 'is longer than a frame may be'
  if (!/^\s*[[{"]/.test(frame)) return null
  try {
    JSON.parse(frame)
    return null
  } catch {
    return 'is no JSON'
  }
}

/** A fixture shows what confirms a subscription, in the way that the session says and with names that it gives. */
function checkConfirmations(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const { confirms } = market.session
  const isName = wireNameTest(market)
  let isShown = false
  for (const { golden } of cases.fixtures) {
    const { outcome } = golden
    if (outcome.kind !== 'ack') continue
    // Another market of the exchange may be confirmed on the same connection, so that not every name is ours.
    isShown ||= confirms === 'frame' ? outcome.id !== null : (outcome.streams?.some(isName) ?? false)
  }
  if (confirms !== 'data' && !isShown)
    findings.add(`no fixture shows how a ${confirms} is confirmed, by an id or by a name that we give`)
}

/** Stands where no symbol has it. */
const MARK = 'MARK~MARK'

/** Whether a text can be the wire name of a listed stream, of whatever symbol. */
function wireNameTest({ session, streams }: ExchangeMarket): (text: string) => boolean {
  const forms = streams
    .map(({ name, scope }) => session.streamName(name, scope === 'market' ? '' : MARK))
    .map((form) => form.split(form.includes(MARK) ? MARK : MARK.toLowerCase()))
  return (text) =>
    forms.some(([head = '', tail]) =>
      tail === undefined
        ? text === head
        : text.startsWith(head) && text.endsWith(tail) && text.length > head.length + tail.length,
    )
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

const SHOWN_CHARACTERS_MAX = 200

function short(text: string | undefined): string {
  return String(text).slice(0, SHOWN_CHARACTERS_MAX)
}
