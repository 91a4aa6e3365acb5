import {
  type Continuity,
  type ExchangeMarket,
  type Follows,
  isUsualNext,
  type StreamSpec,
} from '@cryptoflow/model'
import type { ConformanceCases, SequenceCase, SequenceRow } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'

type Arguments = readonly [last: number, first: number, nextLast: number, prev: number]

/**
 * Every rule answers as its table says; the table shows both sides of every border; what is absent is never `next`
 * by accident; and a rule remembers nothing.
 */
export function checkSequences(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('sequences')
  for (const stream of market.streams) {
    checkStream(stream, 'follows', stream.follows, cases, findings)
    const joins = stream.book?.origin === 'rest' ? stream.book.joins : null
    checkStream(stream, 'joins', joins, cases, findings)
    const books = stream.book?.follows ?? null
    if (books !== null)
      checkTable(`${stream.name} book follows`, books, casesOf(cases, stream, 'follows'), findings)
  }
  for (const { stream, rule } of cases.sequences) {
    const spec = market.streams.find(({ name }) => name === stream)
    const has = rule === 'joins' ? spec?.book?.origin === 'rest' : spec !== undefined && spec.follows !== null
    if (!has) findings.add(`${stream} has no rule ${rule}, but a table for it`)
  }
  return findings.list()
}

function casesOf(cases: ConformanceCases, stream: StreamSpec, rule: string): readonly SequenceCase[] {
  return cases.sequences.filter((table) => table.stream === stream.name && table.rule === rule)
}

function checkStream(
  stream: StreamSpec,
  name: 'joins' | 'follows',
  rule: Follows | null,
  cases: ConformanceCases,
  findings: Findings,
): void {
  if (rule === null) return
  const tables = casesOf(cases, stream, name)
  if (tables.length === 0) findings.add(`${stream.name} ${name}: no table`)
  checkTable(`${stream.name} ${name}`, rule, tables, findings)
}

function checkTable(what: string, rule: Follows, tables: readonly SequenceCase[], findings: Findings): void {
  for (const { rows, never = {} } of tables) {
    checkRows(what, rule, rows, findings)
    checkBorders(what, rows, never, findings)
    checkAbsent(what, rule, rows, findings)
    checkUsual(what, rule, rows, findings)
  }
}

/** Messages that are next by what the rule says of nearly all, so that it is not asked: it must say so when it is. */
function checkUsual(what: string, rule: Follows, rows: readonly SequenceRow[], findings: Findings): void {
  const { usual } = rule
  if (usual === undefined) return
  const positions = [...new Set(rows.map(([last]) => last))]
  const absent = Number.NaN
  for (const last of positions) {
    const numbers = [absent, last - 1, last, last + 1, last + 2, last + 1_000]
    for (const first of numbers) {
      for (const nextLast of numbers) {
        for (const prev of numbers) {
          if (!isUsualNext(usual, last, first, nextLast, prev)) continue
          const found = rule(last, first, nextLast, prev)
          if (found === 'next') continue
          findings.add(
            `${what}(${[last, first, nextLast, prev].join(', ')}): ${found}, and next by \`${usual}\``,
          )
        }
      }
    }
  }
}

/** Forwards, then backwards: an answer that hangs on what was asked before differs in one of them. */
function checkRows(what: string, rule: Follows, rows: readonly SequenceRow[], findings: Findings): void {
  for (const [last, first, nextLast, prev, answer] of [...rows, ...rows.toReversed()]) {
    const found = [rule(last, first, nextLast, prev), rule(last, first, nextLast, prev)]
    if (found.some((one) => one !== answer)) {
      findings.add(
        `${what}(${[last, first, nextLast, prev].join(', ')}): ${found.join(', then ')} instead of ${answer}`,
      )
    }
  }
}

const answers: readonly Continuity[] = ['next', 'stale', 'gap']

function checkBorders(
  what: string,
  rows: readonly SequenceRow[],
  never: NonNullable<SequenceCase['never']>,
  findings: Findings,
): void {
  for (const answer of answers) {
    const occurs = rows.some((row) => row[4] === answer)
    const reason = never[answer]
    if (occurs && reason !== undefined) findings.add(`${what}: a row answers ${answer}, which it never does`)
    if (!occurs && (reason ?? '') === '') findings.add(`${what}: no row answers ${answer}`)
    if (answer === 'next' || !occurs) continue
    const isShown = rows.some(
      (row) => row[4] === answer && rows.some((other) => other[4] === 'next' && isBeside(row, other)),
    )
    if (!isShown) findings.add(`${what}: no two rows show the border between next and ${answer}`)
  }
}

/** Whether two rows differ by one in one argument. */
function isBeside(a: SequenceRow, b: SequenceRow): boolean {
  const steps = [0, 1, 2, 3].map((i) => Math.abs((a[i] as number) - (b[i] as number)))
  const moved = steps.filter((step, i) => step !== 0 && !(Number.isNaN(a[i]) && Number.isNaN(b[i])))
  return moved.length === 1 && moved[0] === 1
}

/** Far enough from a row to be behind any border. */
const FAR = 1_000_000

/**
 * Without a position, or without any number of the message, nothing is `next`. An argument on which a row's `next`
 * hangs, since moving it gives another answer, must be there too.
 */
function checkAbsent(what: string, rule: Follows, rows: readonly SequenceRow[], findings: Findings): void {
  for (const [last, first, nextLast, prev, answer] of rows) {
    if (answer !== 'next') continue
    const given: Arguments = [last, first, nextLast, prev]
    const absent: Arguments[] = [
      [Number.NaN, first, nextLast, prev],
      [last, Number.NaN, Number.NaN, Number.NaN],
      [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
    ]
    for (const [i, value] of given.entries()) {
      const matters = [-FAR, -1, 1, FAR].some((step) => rule(...replaced(given, i, value + step)) !== 'next')
      if (matters) absent.push(replaced(given, i, Number.NaN))
    }
    for (const values of absent) {
      const found = rule(...values)
      if (found === 'next') findings.add(`${what}(${values.join(', ')}): next, though a number is absent`)
    }
  }
}

function replaced(values: Arguments, index: number, value: number): Arguments {
  const copy: [number, number, number, number] = [...values]
  copy[index] = value
  return copy
}
