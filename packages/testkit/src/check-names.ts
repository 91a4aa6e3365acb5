import { type EventBatch, type ExchangeMarket, STRINGS_MAX, StringTable } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { bytesOf, type JsonLeaf, rewritten, textOf, treeOf } from './json-tree.ts'
import { type Reading, read } from './reading.ts'

interface HostileName {
  readonly name: string
  /** `read`: a name like others. `refused`: never a name. `either`: read byte for byte, or refused. */
  readonly must: 'read' | 'refused' | 'either'
}

/** Names that broke somebody's program (design, hostile bytes); written by code where eyes would not see them. */
const hostileNames: readonly HostileName[] = [
  ...['1000SHIBUSDT', '测试USDT', '币安人生USDT', 'A'.repeat(64), '测'.repeat(21)].map((name) =>
    named(name, 'read'),
  ),
  ...['A'.repeat(65), '测'.repeat(22), 'A'.repeat(100_000), ''].map((name) => named(name, 'refused')),
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '../../x',
    '/etc/passwd',
    'C:\\x',
  ],
  ...[
    'A\u0000B',
    'A\nB',
    'A\r\nB',
    '\u001b[31mRED\u001b[0m',
    '\u202eTDSU',
    '\u200fABC',
    '\u2066A\u2069',
    '\ufeffABC',
  ],
  ...[
    "A'; DROP TABLE ticks;--",
    '$' + '{jndi:x}',
    '%2e%2e%2f',
    '<b>A</b>',
    'A"B',
    'A\\B',
    'A B',
    'e\u0301A',
    'ßA',
    'İA',
    '𝒜B',
  ],
  ...['null', 'undefined', '0', '-1', 'NaN'],
].map((name) => (typeof name === 'string' ? named(name, 'either') : name))

function named(name: string, must: HostileName['must']): HostileName {
  return { name, must }
}

/** Bytes that no UTF-8 has: a lone continuation, an overlong slash, half a surrogate pair, a cut character. */
const brokenBytes: readonly (readonly number[])[] = [
  [0x80],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xe6, 0xb5],
  [0xff],
]

/**
 * Hostile names come out byte for byte or are refused; no prototype is touched; a full table of names refuses
 * instead of throwing.
 */
export function checkNames(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('names')
  const prototypes = prototypesText()
  const fixtures = cases.fixtures.filter(({ golden }) => golden.outcome.kind === 'events')
  let renamed = 0
  const full = new StringTable()
  // With the names of the streams in it, nothing but the symbol is missing.
  for (const { name } of market.streams) full.idOf(name)
  const fullBatch = usedBatch(full)
  while (full.count < STRINGS_MAX) full.idOf(`name ${full.count}`)
  for (const fixture of fixtures) {
    renamed += checkHostile(market, fixture, findings)
    const { problem, outcome } = read(market, fixture.bytes, fixture.answer, fullBatch)
    if (problem !== null || reasonOf(outcome) !== 'bad_symbol') {
      findings.add(`${fixture.name}, the table of names is full: ${problem ?? JSON.stringify(outcome)}`)
    }
  }
  if (renamed === 0) findings.add('no fixture has a symbol that can be another')
  if (prototypesText() !== prototypes) findings.add('a prototype that every object has was changed')
  return findings.list()
}

/** Answers how many names were tried. */
function checkHostile(market: ExchangeMarket, fixture: Fixture, findings: Findings): number {
  const batch = usedBatch()
  const symbol = read(market, fixture.bytes, fixture.answer, batch).events[0]?.symbol
  if (symbol === undefined) return 0
  for (const { name, must } of hostileNames) {
    const renamed = renamedFixture(fixture, symbol, name)
    if (renamed === null) return 0
    const problem = problemOf(market, renamed, symbol, name, must, batch)
    if (problem !== null)
      findings.add(`${fixture.name} with the symbol ${JSON.stringify(name.slice(0, 80))}: ${problem}`)
  }
  checkBroken(market, fixture, symbol, batch, findings)
  return hostileNames.length
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

function problemOf(
  market: ExchangeMarket,
  renamed: Renamed,
  symbol: string,
  name: string,
  must: HostileName['must'],
  batch: EventBatch,
): string | null {
  const reading = read(market, renamed.bytes, renamed.answer, batch)
  if (reading.problem !== null) return reading.problem
  const isEvents = reading.outcome?.kind === 'events'
  if (isEvents && must === 'refused') return 'it is read'
  if (isEvents) return nameProblem(reading, renamed, symbol, name)
  if (must === 'read') return `it is not read: ${JSON.stringify(reading.outcome)}`
  const isRefused = reasonOf(reading.outcome) === 'bad_symbol'
  // A message whose symbol stands only in the stream's name may not be recognised any more.
  return isRefused || !renamed.isSpelled
    ? null
    : `it is not refused as bad_symbol: ${JSON.stringify(reading.outcome)}`
}

function nameProblem(
  reading: Reading,
  { isSpelled, golden }: Renamed,
  symbol: string,
  name: string,
): string | null {
  const spelled = isSpelled ? [name] : [name, name.toLowerCase(), name.toLowerCase().toUpperCase()]
  const others = golden.events.map((event) => (event as { symbol?: string }).symbol)
  const strange = reading.events.find((event) => !spelled.includes(event.symbol) && !isOther(event.symbol))
  function isOther(found: string): boolean {
    return found !== symbol && others.includes(found)
  }
  return strange === undefined ? null : `it is read as ${JSON.stringify(strange.symbol.slice(0, 80))}`
}

function checkBroken(
  market: ExchangeMarket,
  fixture: Fixture,
  symbol: string,
  batch: EventBatch,
  findings: Findings,
): void {
  const marked = renamedFixture(fixture, symbol, MARK)
  if (marked === null) return
  for (const broken of brokenBytes) {
    const bytes = withBytes(marked.bytes, MARK.charCodeAt(1), broken)
    if (bytes.length === marked.bytes.length && bytes.every((byte, i) => byte === marked.bytes[i])) return
    const { problem, outcome } = read(market, bytes, fixture.answer, batch)
    const what = problem ?? (outcome?.kind === 'events' ? 'it is read, and is no UTF-8' : null)
    if (what !== null)
      findings.add(`${fixture.name} with the bytes ${broken.join(' ')} in its symbol: ${what}`)
  }
}

/** A name with a byte in its middle that stands nowhere else, in either case. */
const MARK = 'A~B'

function withBytes(bytes: Uint8Array, mark: number, other: readonly number[]): Uint8Array {
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === mark ? other : [byte])))
}

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
