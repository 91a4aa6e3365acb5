import type { Line, SkippedLine } from '../../packages/pipeline/bench/line.ts'

/** Columns of the widest line: it fits a plain terminal. */
const WIDTH = 80

export function textLine(line: Line | SkippedLine): string {
  if ('skipped' in line) return wrapped(`${line.name}\n    SKIPPED: ${line.skipped}`)
  return wrapped(`${line.name}\n    ${figures(line)}${verdict(line)}`)
}

function figures({ value, unit, baseline, ratio }: Line): string {
  if (Number.isNaN(baseline)) return `${rounded(value)} ${unit}`
  return `${rounded(value)} ${unit} over ${rounded(baseline)}: ${ratio.toFixed(2)}x`
}

function verdict(line: Line): string {
  const target = targetOf(line)
  if (target === '') return ''
  return ` (${target}: ${line.met ? 'met' : 'NOT MET'})`
}

function targetOf({ floor, goal, most, unit }: Line): string {
  if (most !== undefined) return `at most ${most} ${unit}`
  return floor > 0 ? `floor ${floor}x, goal ${goal}x` : ''
}

/** Rows of the table in `docs/performance.md`. */
export function markdownRow(line: Line | SkippedLine): string {
  if ('skipped' in line) return `| ${line.name} | skipped | | | ${line.skipped} |`
  const { name, value, unit, baseline, ratio } = line
  const yardstick = Number.isNaN(baseline) ? '' : rounded(baseline)
  const times = Number.isNaN(ratio) ? '' : `${ratio.toFixed(2)}x`
  const target = targetOf(line)
  const judged = target === '' ? '' : `${target}: ${line.met ? 'met' : '**not met**'}`
  return `| ${name} | ${rounded(value)} ${unit} | ${yardstick} | ${times} | ${judged} |`
}

export const MARKDOWN_HEAD = '| line | ours | yardstick | ratio | target |\n|---|---|---|---|---|'

function rounded(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

/** Lines beyond the width go on below, at the same indent. */
function wrapped(text: string): string {
  return text.split('\n').flatMap(folded).join('\n')
}

function folded(line: string): string[] {
  if (line.length <= WIDTH) return [line]
  const indent = /^ */.exec(line)?.[0] ?? ''
  const at = line.lastIndexOf(' ', WIDTH)
  if (at <= indent.length) return [line]
  return [line.slice(0, at), ...folded(`${indent}    ${line.slice(at + 1)}`)]
}
