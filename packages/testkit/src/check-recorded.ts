import type { ExchangeMarket, RecognisedAnswer } from '@cryptoflow/model'
import type { ConformanceCases } from './cases.ts'
import type { Findings } from './finding.ts'

/** Answers and frames recorded by others are known as agreed; what any answer is recognised as exists. */
export function checkRecognised(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  for (const { fixture, url, as } of cases.recognised) {
    const agreed = as === null ? null : { stream: as.stream, symbol: as.symbol }
    checkAgreed({ fixture, url, agreed, ask: (body) => recognised(market, url, body) }, cases, findings)
  }
  for (const { fixture, url, as } of cases.heard ?? []) {
    checkAgreed({ fixture, url, agreed: as, ask: (frame) => heard(market, url, frame) }, cases, findings)
  }
  for (const { name, bytes } of cases.fixtures) checkHostile(market, name, bytes, findings)
}

function checkAgreed(
  recorded: {
    readonly fixture: string
    readonly url: string | null
    readonly agreed: unknown
    readonly ask: (bytes: Uint8Array) => unknown
  },
  cases: ConformanceCases,
  findings: Findings,
): void {
  const { fixture, url, agreed, ask } = recorded
  const bytes = cases.fixtures.find(({ name }) => name === fixture)?.bytes
  if (bytes === undefined) {
    findings.add(`no fixture is called ${fixture}`)
    return
  }
  const found = JSON.stringify(ask(bytes))
  if (found === JSON.stringify(agreed)) return
  findings.add(`${fixture} of ${url} is known as ${found} instead of ${JSON.stringify(agreed)}`)
}

/** Addresses as imports may bring them. */
const hostileUrls = [
  null,
  '',
  'ws',
  '/x',
  'https://',
  'https://host.invalid/%zz?%',
  'file:///../x',
  'javascript:0',
]

function checkHostile(market: ExchangeMarket, name: string, bytes: Uint8Array, findings: Findings): void {
  const known = new Set(['book', 'unread', ...market.streams.map((stream) => stream.name)])
  for (const url of hostileUrls) {
    const found = recognised(market, url, bytes)
    if (typeof found === 'string') findings.add(`recognise throws on ${name} of ${url}: ${found}`)
    else if (found !== null && !known.has(found.stream)) {
      findings.add(`${name} is recognised as the stream ${found.stream}, which is not listed`)
    }
    const isHeard = heard(market, url, bytes)
    if (typeof isHeard === 'string') findings.add(`hears on ${name} of ${url}: ${isHeard}`)
    else if (isHeard !== heard(market, url, bytes)) findings.add(`hears of ${name} one thing, then another`)
  }
}

/** Other names keep their keys out; the text of what was thrown, when it was. */
function recognised(
  market: ExchangeMarket,
  url: string | null,
  body: Uint8Array,
): RecognisedAnswer | string | null {
  try {
    const found = market.recognise(url, body.slice())
    return found === null ? null : { stream: found.stream, symbol: found.symbol }
  } catch (error) {
    return String(error)
  }
}

/** Whether the market says that the frame is its own; what is wrong with that answer, as text. */
export function heard(
  market: ExchangeMarket,
  url: string | null,
  frame: Uint8Array,
): boolean | string | null {
  try {
    const given = frame.slice()
    const found = market.hears(url, given)
    if (Buffer.compare(given, frame) !== 0) return 'it writes into the frame'
    return found === null || typeof found === 'boolean' ? found : `it answers ${JSON.stringify(found)}`
  } catch (error) {
    return `it throws ${String(error).slice(0, 200)}`
  }
}
