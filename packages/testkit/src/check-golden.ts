import type { ExchangeMarket } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture, Golden } from './cases.ts'
import { differenceOf } from './check-mutations.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { bytesOf, treeOf } from './json-tree.ts'
import { canonicalText } from './plain-events.ts'
import { type Reading, read } from './reading.ts'

/** Every fixture becomes its agreed events, also when it is spelled with white space; every stream has one. */
export function checkGolden(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('golden')
  for (const fixture of cases.fixtures) checkFixture(market, fixture, findings)
  checkCoverage(market, cases, findings)
  checkRecognised(market, cases, findings)
  return findings.list()
}

function checkFixture(market: ExchangeMarket, fixture: Fixture, findings: Findings): void {
  const batch = usedBatch()
  const reading = read(market, fixture.bytes, fixture.answer, batch)
  const problem = reading.problem ?? goldenProblem(reading, fixture.golden)
  if (problem !== null) findings.add(`${fixture.name}: ${problem}`)
  const tree = treeOf(fixture.bytes)
  if (tree === null) return
  const spaced = read(
    market,
    bytesOf(tree, () => ' '),
    fixture.answer,
    batch,
  )
  if (spaced.meaning !== reading.meaning) {
    findings.add(`${fixture.name} with white space: ${differenceOf(reading.meaning, spaced.meaning)}`)
  }
}

function goldenProblem(reading: Reading, { outcome, events }: Golden): string | null {
  const found = JSON.stringify(sorted(reading.outcome))
  const agreed = JSON.stringify(sorted(outcome))
  if (found !== agreed) return `the outcome is ${found} instead of ${agreed}`
  const expected = canonicalText(events)
  return reading.text === expected ? null : differenceOf(expected, reading.text)
}

function sorted(value: object | null): object {
  return Object.fromEntries(Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function checkCoverage(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const shown = new Set(
    cases.fixtures.flatMap(({ golden }) =>
      golden.events.map((event) => (event as { stream?: string }).stream),
    ),
  )
  for (const { name } of market.streams) {
    if (!shown.has(name)) findings.add(`no fixture shows an event of the stream ${name}`)
  }
}

/** Answers recorded by others are recognised as agreed; what any answer is recognised as exists. */
function checkRecognised(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const known = new Set(['book', ...market.streams.map(({ name }) => name)])
  for (const { fixture, url, as } of cases.recognised) {
    const body = cases.fixtures.find(({ name }) => name === fixture)?.bytes
    if (body === undefined) {
      findings.add(`no fixture is called ${fixture}`)
      continue
    }
    const found = JSON.stringify(recognised(market, url, body))
    const agreed = JSON.stringify(as === null ? null : { stream: as.stream, symbol: as.symbol })
    if (found !== agreed) findings.add(`${fixture} of ${url} is recognised as ${found} instead of ${agreed}`)
  }
  for (const { name, bytes } of cases.fixtures) {
    for (const url of hostileUrls) {
      const found = recognised(market, url, bytes)
      if (typeof found === 'string') findings.add(`recognise throws on ${name} of ${url}: ${found}`)
      else if (found !== null && !known.has(found.stream)) {
        findings.add(`${name} is recognised as the stream ${found.stream}, which is not listed`)
      }
    }
  }
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

/** As keys in one order; the text of what was thrown, when it was. */
function recognised(
  market: ExchangeMarket,
  url: string | null,
  body: Uint8Array,
): { readonly stream: string; readonly symbol: string | null } | string | null {
  try {
    const found = market.recognise(url, body.slice())
    return found === null ? null : { stream: found.stream, symbol: found.symbol }
  } catch (error) {
    return String(error)
  }
}
