import { basename } from 'node:path'
import type { LineVerdict, ReplayReport } from '@cryptoflow/pipeline'
import { grouped } from '../terminal.ts'
import type { Difference, TableContent } from './contents.ts'

/** What became of one input. */
export interface ReplayedInput {
  readonly input: string
  readonly report: ReplayReport
}

/** What was found of the rows; null where nobody asked. */
export interface Checks {
  /** Tables that a second replay fills otherwise. */
  readonly verify: readonly Difference[] | null
  /** Tables that hold something else than the golden file says. */
  readonly golden: readonly Difference[] | null
}

/** The inputs as the JSON output has them. */
export function reportJson(replayed: readonly ReplayedInput[]): Record<string, unknown> {
  const sum = (of: (report: ReplayReport) => number): number =>
    replayed.reduce((all, { report }) => all + of(report), 0)
  return {
    files: replayed.map(({ input, report }) => ({
      file: basename(input),
      decoded: report.tally.decoded,
      ignored: report.tally.ignored,
      refused: report.tally.refused,
      ...(report.lines === null ? {} : { records: report.lines.map(lineReport) }),
    })),
    messages: sum((report) => report.messages),
    decoded: sum((report) => report.tally.decodedMessages),
    ignored: sum((report) => total(report.tally.ignored)),
    refused: sum((report) => total(report.tally.refused)),
    dead_letters: sum((report) => total(report.tally.deadLetters)),
    books: replayed.flatMap(({ input, report }) =>
      report.books.map((book) => ({ file: basename(input), ...book })),
    ),
  }
}

/** The checks as the JSON output has them; what nobody asked for is not there. */
export function checksJson({ verify, golden }: Checks): Record<string, unknown> {
  const one = (differences: readonly Difference[]): object => ({
    equal: differences.length === 0,
    differences,
  })
  return {
    ...(verify === null ? {} : { verify: one(verify) }),
    ...(golden === null ? {} : { golden: one(golden) }),
  }
}

export function replayText(replayed: readonly ReplayedInput[], seconds: number): string {
  const lines = replayed.map(({ input, report }) => {
    const dead = total(report.tally.deadLetters)
    const refused = refusedText(report.tally.refused)
    return `${basename(input)}: ${grouped(report.rows)} rows from ${grouped(report.records)} records, ${dead} dead letters${refused}`
  })
  return [...lines, `${seconds.toFixed(1)} s`, ''].join('\n')
}

export function checksText({ verify, golden }: Checks): string {
  return [
    ...checkText(verify, 'a second replay gives the same rows in every table', 'a second replay gives'),
    ...checkText(golden, 'the rows are those of the golden file', 'the golden file has'),
  ].join('\n')
}

function checkText(differences: readonly Difference[] | null, equal: string, other: string): string[] {
  if (differences === null) return []
  if (differences.length === 0) return [equal]
  return differences.map(
    ({ table, expected, found }) =>
      `WRONG: ${table} holds ${contentText(found)}, ${other} ${contentText(expected)}`,
  )
}

function contentText(content: TableContent | null): string {
  return content === null ? 'no rows' : `${grouped(content.rows)} rows ${content.content_hash}`
}

/** `, 485 messages not ours (out_of_scope 485)`; empty when there are none. */
function refusedText(refused: Readonly<Record<string, number>>): string {
  if (total(refused) === 0) return ''
  const reasons = Object.entries(refused)
    .sort()
    .map(([reason, count]) => `${reason} ${grouped(count)}`)
  return `, ${grouped(total(refused))} messages not ours (${reasons.join(', ')})`
}

/** What became of a capture's message, by its place in the file. */
function lineReport(verdict: LineVerdict, i: number): object {
  return verdict.kind === 'decoded'
    ? { i, verdict: verdict.kind, rows: verdict.rows }
    : { i, verdict: verdict.kind, reason: verdict.reason }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
