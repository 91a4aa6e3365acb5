import { type EventBatch, type ExchangeMarket, STRINGS_MAX, StringTable } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { brokenBytes, type HostileName, hostileNames, withBytes } from './hostile-names.ts'
import { bytesOf, type JsonLeaf, rewritten, textOf, treeOf } from './json-tree.ts'
import { type Reading, read, type Subject } from './reading.ts'

/**
 * Hostile names come out byte for byte or are refused; no prototype is touched; a full table of names refuses
 * instead of throwing.
 */
export function checkNames(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('names')
  const subject = { market, cases }
  const prototypes = prototypesText()
  const fixtures = cases.fixtures.filter(({ golden }) => golden.outcome.kind === 'events')
  let renamed = 0
  const full = new StringTable()
  // With the names of the streams in it, nothing but the symbol is missing.
  for (const { name } of market.streams) full.idOf(name)
  const fullBatch = usedBatch(full)
  while (full.count < STRINGS_MAX) full.idOf(`name ${full.count}`)
  for (const fixture of fixtures) {
    renamed += checkHostile(subject, cases.symbolWith, fixture, findings)
    const { problem, outcome } = read(subject, fixture.bytes, fixture.answer, fullBatch)
    if (problem !== null || reasonOf(outcome) !== 'bad_symbol') {
      findings.add(`${fixture.name}, the table of names is full: ${problem ?? JSON.stringify(outcome)}`)
    }
  }
  if (renamed === 0) findings.add('no fixture has a symbol that can be another')
  if (prototypesText() !== prototypes) findings.add('a prototype that every object has was changed')
  return findings.list()
}

/** Answers how many names were tried. */
function checkHostile(
  subject: Subject,
  symbolWith: ConformanceCases['symbolWith'],
  fixture: Fixture,
  findings: Findings,
): number {
  const batch = usedBatch()
  const names = hostileNames(symbolWith)
  const symbol = read(subject, fixture.bytes, fixture.answer, batch).events[0]?.symbol
  if (symbol === undefined) return 0
  for (const hostile of names) {
    const { name } = hostile
    const renamed = renamedFixture(fixture, symbol, name)
    if (renamed === null) return 0
    const problem = problemOf(
      subject,
      renamed,
      symbol,
      { ...hostile, mayBeOutside: symbolWith !== undefined },
      batch,
    )
    if (problem !== null)
      findings.add(`${fixture.name} with the symbol ${JSON.stringify(name.slice(0, 80))}: ${problem}`)
  }
  checkBroken(subject, fixture, symbol, (symbolWith ?? String)(MARK), batch, findings)
  return names.length
}

interface Renamed extends Fixture {
  /** Whether the symbol stands alone somewhere, and not only inside the name of a stream, whose case may differ. */
  readonly isSpelled: boolean
}

/** The fixture with another symbol wherever the old one stands; null when it stands nowhere. */
function renamedFixture(fixture: Fixture, symbol: string, name: string): Renamed | null {
  const tree = treeOf(fixture.bytes)
  if (tree === null) return null
  let isSpelled = fixture.answer?.symbol === symbol
  let isFound = isSpelled
  const others = fixture.golden.events.map((event) => (event as { symbol?: string }).symbol)
  const leaf = (part: JsonLeaf): JsonLeaf => {
    const text = textOf(part)
    if (text === symbol) isSpelled = true
    // Another symbol of the message may begin as this one does.
    const isOther = text !== null && text !== symbol && others.includes(text)
    const other = text === null || isOther ? null : renamedText(text, symbol, name)
    if (other === null || other === text) return part
    isFound = true
    return { text: JSON.stringify(other) }
  }
  const bytes = bytesOf(rewritten(tree, { leaf }))
  const answer = fixture.answer?.symbol === symbol ? { ...fixture.answer, symbol: name } : fixture.answer
  return isFound ? { ...fixture, bytes, answer, isSpelled } : null
}

/** Shorter symbols stand in words by chance. */
const SYMBOL_CHARACTERS_MIN = 3

function renamedText(text: string, symbol: string, name: string): string {
  if (text === symbol) return name
  if (symbol.length < SYMBOL_CHARACTERS_MIN) return text
  return text.split(symbol).join(name).split(symbol.toLowerCase()).join(name.toLowerCase())
}

interface Hostile extends HostileName {
  /** The form of a symbol says which market it is of, and a hostile one may be of none. */
  readonly mayBeOutside: boolean
}

function problemOf(
  subject: Subject,
  renamed: Renamed,
  symbol: string,
  hostile: Hostile,
  batch: EventBatch,
): string | null {
  const { must, mayBeOutside } = hostile
  const reading = read(subject, renamed.bytes, renamed.answer, batch)
  if (reading.problem !== null) return reading.problem
  const isEvents = reading.outcome?.kind === 'events'
  if (isEvents && must === 'refused') return 'it is read'
  if (isEvents) return nameProblem(reading, renamed, symbol, hostile)
  if (must === 'read') return `it is not read: ${JSON.stringify(reading.outcome)}`
  if (mayBeOutside && reading.outcome?.kind === 'outside') return null
  const isRefused = reasonOf(reading.outcome) === 'bad_symbol'
  // A message whose symbol stands only in the stream's name may not be recognised any more.
  return isRefused || !renamed.isSpelled
    ? null
    : `it is not refused as bad_symbol: ${JSON.stringify(reading.outcome)}`
}

/** The events of the old symbol are those of the new one now: none has another, and none is left out. */
function nameProblem(
  reading: Reading,
  { isSpelled, golden }: Renamed,
  symbol: string,
  { name, must, mayBeOutside }: Hostile,
): string | null {
  const spelled = isSpelled ? [name] : [name, name.toLowerCase(), name.toLowerCase().toUpperCase()]
  const before = golden.events.map((event) => (event as { symbol?: string }).symbol)
  const isOther = (found: string): boolean => found !== symbol && before.includes(found)
  const strange = reading.events.find((event) => !spelled.includes(event.symbol) && !isOther(event.symbol))
  if (strange !== undefined) return `it is read as ${JSON.stringify(strange.symbol.slice(0, 80))}`
  const kept = reading.events.filter((event) => spelled.includes(event.symbol)).length
  const expected = before.filter((one) => one === symbol).length
  const isLeftOut = kept < expected && (must === 'read' || !mayBeOutside)
  return isLeftOut ? `${expected - kept} of its ${expected} events are left out` : null
}

function checkBroken(
  subject: Subject,
  fixture: Fixture,
  symbol: string,
  mark: string,
  batch: EventBatch,
  findings: Findings,
): void {
  const marked = renamedFixture(fixture, symbol, mark)
  if (marked === null) return
  for (const broken of brokenBytes) {
    const bytes = withBytes(marked.bytes, MARK_BYTE, broken)
    if (bytes.length === marked.bytes.length && bytes.every((byte, i) => byte === marked.bytes[i])) return
    const { problem, outcome } = read(subject, bytes, fixture.answer, batch)
    const what = problem ?? (outcome?.kind === 'events' ? 'it is read, and is no UTF-8' : null)
    if (what !== null)
      findings.add(`${fixture.name} with the bytes ${broken.join(' ')} in its symbol: ${what}`)
  }
}

/** A name with a byte in its middle that stands nowhere else, in either case. */
const MARK = 'A~B'
const MARK_BYTE = MARK.charCodeAt(1)

function reasonOf(outcome: Reading['outcome']): string | null {
  return outcome?.kind === 'malformed' ? outcome.reason : null
}

const everybodys = [Object, Array, Map, Set, Uint8Array, String, Number, Function].map(
  (one) => one.prototype as object,
)

/** What the prototypes of all objects hold. */
function prototypesText(): string {
  return everybodys.map((prototype) => Reflect.ownKeys(prototype).map(String).join(',')).join(';')
}
