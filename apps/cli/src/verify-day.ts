import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readInput } from '@cryptoflow/config'
import { columns, grouped, loadSettings, openPatience } from '@cryptoflow/console'
import { deriveDay, imageDefaults, tableFiles, VERSION, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import { compareDay, type DayReport, isEqual, type TableComparison, type Unchecked } from './inspect/day.ts'
import { journalAt } from './journal-place.ts'
import { asciiJson } from './text.ts'

export interface DayFlags {
  readonly warehouse: string
  /** The day's beginning, microseconds. */
  readonly day: number
  readonly config?: string
}

const DAY_US = 86_400_000_000

/** Derives a day of a warehouse from its journal again and compares it with what is stored. */
export async function verifyDay(flags: DayFlags): Promise<DayReport> {
  const clock = systemClock()
  const warehouse = warehouseAt(flags.warehouse)
  const journalDirectory = journalAt(warehouse.directory)
  const into = mkdtempSync(join(tmpdir(), 'cryptoflow-derived-'))
  const progress = openPatience(clock)
  const day = flags.day / DAY_US
  try {
    progress.show('looking at the journal')
    const derivation = await deriveDay({
      journalDirectory,
      day,
      images: imagesOf(flags.config),
      into,
      clock,
      onProgress: ({ record, to }) => progress.show(`deriving: record ${grouped(record)} of ${grouped(to)}`),
    })
    // After the derivation: what it holds was released, so these files have it.
    const files = await tableFiles(warehouse, clock)
    const onTable = (table: string): void => progress.show(`comparing ${table}`)
    return await compareDay({ files, day, derivation, onTable })
  } finally {
    progress.end()
    rmSync(into, { recursive: true, force: true })
  }
}

/** For journals that do not say it: of the configuration where there is one, as for `collect`. */
function imagesOf(path: string | undefined): typeof imageDefaults {
  if (path === undefined && readInput({}).file === null) return imageDefaults
  return loadSettings(path, []).settings.images
}

/** What was compared, what is different, what could not be checked and why. */
export function dayText(report: DayReport): string {
  const { day, writer, from_record, to_record } = report
  const rows = report.tables
    .filter(({ stored_rows, derived_rows }) => stored_rows + derived_rows > 0)
    .map((one) => [
      one.table,
      grouped(one.stored_rows),
      grouped(one.derived_rows),
      isEqual(one) ? 'equal' : 'DIFFERENT',
    ])
  const head = ['table', 'stored', 'derived', '']
  return [
    `${day}: journal ${writer}, records ${grouped(from_record)} to ${grouped(to_record)}`,
    '',
    ...(rows.length === 0 ? ['no rows of this day'] : [columns([head, ...rows])]),
    ...report.tables.flatMap(differenceLines),
    ...noteLines(report),
    '',
    verdictLine(report),
  ].join('\n')
}

function differenceLines({ table, difference }: TableComparison): string[] {
  if (difference === null) return []
  const { exchange, market, symbol, frame, column, stored, derived } = difference
  const place = `${table}: first at ${asciiJson(`${exchange} ${market} ${symbol}`)}, frame ${frame}`
  const values = [`  stored  ${shown(stored)}`, `  derived ${shown(derived)}`]
  return [
    '',
    column === null ? `${place}: a row that is not in both` : `${place}, column ${column}`,
    ...values,
  ]
}

function shown(value: string | null): string {
  return value === null ? '-' : asciiJson(value)
}

const reasons: Readonly<Record<Unchecked['why'], string>> = {
  other_writer: 'of another writer, whose journal is not here',
  before: 'of records before those that could be derived',
  not_released: 'of records that are not in all tables yet',
}

function noteLines({ unchecked, versions, first_record, from_record }: DayReport): string[] {
  const rows = unchecked.map(
    ({ why, writer, rows }) => `not checked: ${grouped(rows)} rows ${reasons[why]} (${asciiJson(writer)})`,
  )
  const others = versions.filter((version) => version !== VERSION)
  const notes = [
    ...rows,
    ...(first_record > from_record ? [`the journal begins at record ${grouped(first_record)}`] : []),
    ...(others.length === 0
      ? []
      : [
          `written by ${others.map((one) => asciiJson(one)).join(', ')}, derived by ${VERSION}: rows may differ on purpose`,
        ]),
  ]
  return notes.length === 0 ? [] : ['', ...notes]
}

function verdictLine({ verdict, compared_rows, tables }: DayReport): string {
  if (verdict === 'equal') return `${grouped(compared_rows)} rows, each as its journal gives it`
  if (verdict === 'partly')
    return `PARTLY CHECKED: ${grouped(compared_rows)} rows are as the journal gives them, the others are not there to compare`
  if (verdict === 'unchecked') return 'NOT CHECKED: no row of this day could be compared'
  const wrong = tables.filter((one) => !isEqual(one)).map(({ table }) => table)
  return `DIFFERENT: ${wrong.join(', ')}`
}
