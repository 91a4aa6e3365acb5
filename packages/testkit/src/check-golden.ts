import type { ExchangeMarket } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture, Golden } from './cases.ts'
import { differenceOf } from './check-mutations.ts'
import { checkRecognised } from './check-recorded.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { bytesOf, treeOf } from './json-tree.ts'
import { canonicalText, type PlainEvent } from './plain-events.ts'
import { type Reading, read, type Subject } from './reading.ts'

/** Every fixture becomes its agreed events, also when it is spelled with white space; every stream has one. */
export function checkGolden(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('golden')
  for (const fixture of cases.fixtures) {
    checkFixture({ market, cases }, fixture, findings)
    checkConnectionSeq({ market, cases }, fixture, findings)
  }
  checkCoverage(market, cases, findings)
  checkRecognised(market, cases, findings)
  return findings.list()
}

function checkFixture(subject: Subject, fixture: Fixture, findings: Findings): void {
  const batch = usedBatch()
  const reading = read(subject, fixture.bytes, fixture.answer, batch)
  const problem = reading.problem ?? goldenProblem(reading, fixture.golden)
  if (problem !== null) findings.add(`${fixture.name}: ${problem}`)
  const tree = treeOf(fixture.bytes)
  if (tree === null) return
  const spaced = read(
    subject,
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
  const text = canonicalText(reading.events.map((event, i) => withoutUnagreed(event, events[i])))
  return text === expected ? null : differenceOf(expected, text)
}

/** Checksums are agreed where goldens have them: older goldens were written without. */
function withoutUnagreed(event: PlainEvent, golden: unknown): PlainEvent {
  if (event.checksum === undefined || Object.hasOwn((golden ?? {}) as object, 'checksum')) return event
  const { checksum: _, ...rest } = event
  return rest
}

/** The place of a frame on its connection is that of the documents, also when it is spelled with white space. */
function checkConnectionSeq(subject: Subject, { name, bytes, answer }: Fixture, findings: Findings): void {
  const { connectionSeqOf } = subject.cases
  if (connectionSeqOf === undefined || answer !== null) return
  const agreed = connectionSeqOf(new TextDecoder().decode(bytes)) ?? Number.NaN
  const { connectionSeq, problem } = read(subject, bytes, null, usedBatch())
  if (problem === null && !Object.is(connectionSeq, agreed)) {
    findings.add(`${name}: its place on the connection is ${connectionSeq} instead of ${agreed}`)
  }
}

function sorted(value: object | null): object {
  return Object.fromEntries(Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Fixtures show events of every stream; where text ids are remembered, events that have one. */
function checkCoverage(market: ExchangeMarket, cases: ConformanceCases, findings: Findings): void {
  const events = cases.fixtures.flatMap(
    ({ golden }) => golden.events as readonly { readonly stream?: string; readonly textId?: string }[],
  )
  for (const { name, idWindow } of market.streams) {
    const shown = events.filter(({ stream }) => stream === name)
    if (shown.length === 0) findings.add(`no fixture shows an event of the stream ${name}`)
    else if (idWindow > 0 && !shown.some(({ textId }) => textId !== undefined)) {
      findings.add(`ids of ${name} are remembered, and no fixture shows one`)
    }
  }
}
