import type { Cell, QueryResult, ResultColumn } from '@cryptoflow/reader'

/** Between two columns. */
const GUTTER = '  '
/** A column is not cut below this; when even that is too wide, rows are shown one below the other. */
const COLUMN_WIDTH_MIN = 6
const ELLIPSIS = '…'

/**
 * A result as a fixed-width table for a terminal of `width` cells: numbers to the right, long cells cut with
 * an ellipsis, null as `-`; without a last newline, as all forms. With more columns than fit, each row becomes a block of `name  value` lines.
 */
export function formatTable(result: QueryResult, width: number): string {
  const texts = result.rows.map((row) => row.map(cellText))
  const lines = fits(result.columns, width)
    ? gridLines(result.columns, texts, width)
    : recordLines(result.columns, texts, width)
  return [...lines, cut(summary(result), width)].join('\n')
}

/** A form of text in which a result can be written row by row. */
export interface TextFormat {
  head(columns: readonly ResultColumn[]): string
  /** `index` counts rows from 0. */
  row(row: readonly Cell[], columns: readonly ResultColumn[], index: number): string
  foot(rows: number): string
}

/** CSV (RFC 4180) with a header; null is nothing, an empty text is `""`. */
export const csvFormat: TextFormat = {
  head: (columns) => columns.map(({ name }) => csvField(name)).join(','),
  row: (row) => `\r\n${row.map(csvField).join(',')}`,
  foot: () => '',
}

/** A JSON array with one object per row, columns in order. */
export const jsonFormat: TextFormat = {
  head: () => '[',
  row(row, columns, index) {
    const members = row.map((cell, i) => `${JSON.stringify(columns[i]?.name)}: ${JSON.stringify(cell)}`)
    return `${index === 0 ? '\n' : ',\n'}  {${members.join(', ')}}`
  },
  foot: (rows) => (rows === 0 ? ']' : '\n]'),
}

/** A result as CSV. */
export function formatCsv(result: QueryResult): string {
  return textOf(result, csvFormat)
}

/** A result as JSON. */
export function formatJson(result: QueryResult): string {
  return textOf(result, jsonFormat)
}

function textOf({ columns, rows }: QueryResult, format: TextFormat): string {
  const lines = rows.map((row, index) => format.row(row, columns, index))
  return [format.head(columns), ...lines, format.foot(rows.length)].join('')
}

function summary(result: QueryResult): string {
  const count = result.rows.length
  const rows = `${count} ${count === 1 ? 'row' : 'rows'}`
  return result.truncated ? `${rows} shown, there are more` : rows
}

function fits(columns: readonly ResultColumn[], width: number): boolean {
  return columns.length * (COLUMN_WIDTH_MIN + GUTTER.length) - GUTTER.length <= width
}

function gridLines(columns: readonly ResultColumn[], rows: readonly string[][], width: number): string[] {
  const wanted = columns.map(({ name }, i) =>
    rows.reduce((max, row) => Math.max(max, cellsOf(row[i] as string)), cellsOf(name)),
  )
  const widths = share(wanted, width - GUTTER.length * (columns.length - 1))
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => padded(text, widths[i] as number, isNumber(columns[i] as ResultColumn)))
      .join(GUTTER)
      .trimEnd()
  const rule = widths.map((cells) => '-'.repeat(cells)).join(GUTTER)
  return [line(columns.map(({ name }) => name)), rule, ...rows.map(line)]
}

function recordLines(columns: readonly ResultColumn[], rows: readonly string[][], width: number): string[] {
  const nameWidth = Math.min(
    columns.reduce((max, { name }) => Math.max(max, cellsOf(name)), 0),
    Math.floor(width / 2),
  )
  return rows.flatMap((row, i) => [
    cut(`-- row ${i + 1} ${'-'.repeat(width)}`, width).replace(ELLIPSIS, '-'),
    ...row.map((text, c) =>
      cut(padded((columns[c] as ResultColumn).name, nameWidth, false) + GUTTER + text, width),
    ),
  ])
}

/** Widths that together fit: the widest columns give way first. */
function share(wanted: readonly number[], width: number): number[] {
  let cap = Math.max(...wanted, 0)
  const total = (): number => wanted.reduce((sum, cells) => sum + Math.min(cells, cap), 0)
  while (total() > width && cap > COLUMN_WIDTH_MIN) cap -= 1
  const widths = wanted.map((cells) => Math.min(cells, cap))
  let spare = width - total()
  return widths.map((cells, i) => {
    if (spare <= 0 || cells === wanted[i]) return cells
    spare -= 1
    return cells + 1
  })
}

const NUMBER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|BIGNUM|DECIMAL|FLOAT|DOUBLE)/

function isNumber({ type }: ResultColumn): boolean {
  return NUMBER_TYPE.test(type) && !type.endsWith(']')
}

function cellText(cell: Cell): string {
  return cell === null ? '-' : String(cell)
}

function csvField(cell: Cell): string {
  if (cell === null) return ''
  const text = String(cell)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function padded(text: string, width: number, toTheRight: boolean): string {
  const shown = cut(text, width)
  const space = ' '.repeat(width - cellsOf(shown))
  return toTheRight ? space + shown : shown + space
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The text itself, or as much of it as fits with an ellipsis behind. */
function cut(text: string, width: number): string {
  if (cellsOf(text) <= width) return text
  let shown = ''
  let cells = 0
  for (const { segment } of segmenter.segment(text)) {
    cells += cellsOf(segment)
    if (cells > width - 1) break
    shown += segment
  }
  return shown + ELLIPSIS
}

const PLAIN = /^[\x20-\x7e]*$/
/** East Asian wide characters and pictographs take two cells. */
const WIDE =
  /[\u{1100}-\u{115f}\u{2e80}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** How many cells of a terminal a text takes. */
function cellsOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let cells = 0
  for (const char of text) {
    if (/\p{M}/u.test(char)) continue
    cells += WIDE.test(char) ? 2 : 1
  }
  return cells
}
