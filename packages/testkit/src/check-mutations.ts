import type { EventBatch, ExchangeMarket } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture } from './cases.ts'
import { type Chance, createChance } from './chance.ts'
import { heard } from './check-recorded.ts'
import { createFindings, type Finding, type Findings, quoted } from './finding.ts'
import { bytesOf, type JsonTree, treeOf } from './json-tree.ts'
import { byteMutations, equalMutations, hugeMutations, type Mutation, shapeMutations } from './mutations.ts'
import { read, type Subject } from './reading.ts'

/**
 * Messages that are damaged, respelled or absurd: nothing is thrown, nothing half appended, nothing out of range;
 * what means the same gives the same events, what is no JSON any more gives none.
 */
export function checkMutations(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('mutations')
  const chance = createChance(cases.seed)
  const hugeSeen = new Set<string>()
  for (const fixture of cases.fixtures) checkFixture({ market, cases }, fixture, chance, findings, hugeSeen)
  return findings.list()
}

function checkFixture(
  subject: Subject,
  fixture: Fixture,
  chance: Chance,
  findings: Findings,
  hugeSeen: Set<string>,
): void {
  const { share = 1 } = subject.cases
  const tree = treeOf(fixture.bytes)
  const batch = usedBatch()
  const { meaning } = read(subject, fixture.bytes, fixture.answer, batch)
  const judge = (mutation: Mutation): void => {
    const problem = problemOf(subject, fixture, mutation, meaning, batch, tree !== null)
    if (problem !== null) {
      findings.add(`${fixture.name}, ${mutation.what}: ${problem}: ${quoted(mutation.bytes)}`)
    }
  }
  for (const problem of misplacedProblems(subject, fixture, batch))
    findings.add(`${fixture.name}, ${problem}`)
  for (const mutation of byteMutations(fixture.bytes, chance, share)) judge(mutation)
  if (tree === null) return
  for (const mutation of equalMutations(tree, chance, share)) judge(mutation)
  for (const mutation of shapeMutations(tree, chance, share)) judge(mutation)
  const isChosen = (): boolean => chance.below(100) < 100 * share
  if (fixture.golden.outcome.kind === 'events')
    judgeHuge(subject, fixture, tree, batch, hugeSeen, isChosen, judge)
}

/** A message where another was asked for: whatever it is taken for, nothing must break. */
function misplacedProblems(subject: Subject, { answer, bytes }: Fixture, batch: EventBatch): string[] {
  const { market } = subject
  const asked = { exchange: market.exchange, market: market.market, resync: 0, status: 200 }
  const streams = ['', '__proto__', 'constructor', ...market.streams.map(({ name }) => name)]
  const places = streams.flatMap((stream) =>
    ['', answer?.symbol ?? 'ABC'].map((symbol) => ({ ...asked, stream, symbol })),
  )
  return [null, ...places].flatMap((place) => {
    const { problem } = read(subject, bytes, place, batch)
    const where = place === null ? 'as a frame' : `as an answer about ${place.stream} of ${place.symbol}`
    return problem === null ? [] : [`${where}: ${problem}`]
  })
}

function judgeHuge(
  subject: Subject,
  fixture: Fixture,
  tree: JsonTree,
  batch: EventBatch,
  hugeSeen: Set<string>,
  isChosen: () => boolean,
  judge: (mutation: Mutation) => void,
): void {
  const largest = (bytes: Uint8Array): number =>
    Math.max(0, ...read(subject, bytes, fixture.answer, batch).events.map(({ entries }) => entries.length))
  const usual = largest(fixture.bytes)
  for (const { shape, doubled, huge } of hugeMutations(tree)) {
    const key = `${fixture.answer?.stream ?? ''} ${shape}`
    // A list of whole messages would only be long: what counts is one that makes a single event larger.
    if (hugeSeen.has(key) || (doubled !== null && largest(doubled) <= usual)) continue
    hugeSeen.add(key)
    if (isChosen()) judge(huge())
  }
}

function problemOf(
  subject: Subject,
  fixture: Fixture,
  mutation: Mutation,
  meaning: string,
  batch: EventBatch,
  isJson: boolean,
): string | null {
  const reading = read(subject, mutation.bytes, fixture.answer, batch)
  const broken = reading.problem ?? recogniseProblem(subject.market, mutation.bytes)
  if (broken !== null) return broken
  const isEvents = reading.outcome?.kind === 'events'
  if (mutation.promise === 'equal' && reading.meaning !== meaning) {
    return `it means another thing than unmutated: ${differenceOf(meaning, reading.meaning)}`
  }
  if (mutation.promise === 'deep' && isEvents) return 'it gives events, nested deeper than any message'
  if (!isJson || mutation.promise === 'huge') return null
  if (mutation.promise === 'cut' && isEvents) return 'it gives events, cut as it is'
  return isEvents ? spellingProblem(subject, fixture, mutation, reading.meaning, batch) : null
}

function recogniseProblem(market: ExchangeMarket, bytes: Uint8Array): string | null {
  try {
    market.recognise(null, bytes)
  } catch (error) {
    return `recognise throws ${String(error).slice(0, 200)}`
  }
  const isHeard = heard(market, null, bytes)
  return typeof isHeard === 'string' ? `hears: ${isHeard}` : null
}

/** What gives events must be JSON, and must give the same ones when it is spelled in another way. */
function spellingProblem(
  subject: Subject,
  fixture: Fixture,
  mutation: Mutation,
  meaning: string,
  batch: EventBatch,
): string | null {
  const tree = treeOf(mutation.bytes)
  if (tree === null) return 'it gives events and is no JSON in UTF-8'
  const spaced = read(
    subject,
    bytesOf(tree, () => ' '),
    fixture.answer,
    batch,
  )
  return spaced.meaning === meaning
    ? null
    : `it means another thing with white space: ${differenceOf(meaning, spaced.meaning)}`
}

/** The first lines that differ of two texts. */
export function differenceOf(expected: string, found: string): string {
  const lines = found.split('\n')
  const before = expected.split('\n')
  const at = before.findIndex((line, i) => line !== lines[i])
  const line = at === -1 ? before.length : at
  return `${short(lines[line])} instead of ${short(before[line])}`
}

const SHOWN_CHARACTERS_MAX = 300

function short(line: string | undefined): string {
  return line === undefined ? 'nothing' : JSON.stringify(line.slice(0, SHOWN_CHARACTERS_MAX))
}
