import { relative } from 'node:path'
import { bytesText, columns, grouped } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { catalogTables } from './catalog-tables.ts'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { escapeControls } from './inspect/exact.ts'
import { runQuery } from './inspect/query.ts'
import { openPatience } from './patience.ts'
import { asciiJson } from './text.ts'
import { checkTable, findOrphans, type Orphan, placeOutside, type TableCheck } from './warehouse-check.ts'

/** Orphans that are listed one by one. */
const ORPHANS_SHOWN = 20

/** The command `warehouse check`. */
export function addWarehouse(program: Command): void {
  program
    .command('warehouse')
    .description('look after a warehouse')
    .command('check')
    .description(
      'every live file of every table is there and whole, and holds the rows that its table counts',
    )
    .option('--warehouse <dir>', 'warehouse directory', DEMO_WAREHOUSE)
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nNothing is changed or deleted. Ends with 1 when a table is not whole.')
    .action(check)
}

async function check(flags: { warehouse: string; json?: boolean }): Promise<void> {
  const warehouse = warehouseAt(flags.warehouse)
  const clock = systemClock()
  const progress = openPatience(clock)
  const files = await tableFiles(warehouse, clock)
  const known = catalogTables(warehouse)
  const checks: TableCheck[] = []
  for (const table of known) {
    progress.show(`looking at ${table.table}`)
    checks.push(await checkTable(table, files.get(table.table) ?? []))
  }
  const outside = placeOutside(warehouse.directory, known)
  const isReadable = outside === null && checks.every(({ findings }) => findings.length === 0)
  // What an independent reader counts; it cannot open tables whose files are not all there.
  const wrongRows = isReadable ? await countedWrong(checks) : []
  const orphans = await findOrphans(known, new Set([...files.values()].flat()))
  progress.end()
  const ok = isReadable && wrongRows.length === 0
  if (flags.json)
    process.stdout.write(`${asciiJson({ ok, outside, tables: checks, wrong_rows: wrongRows, orphans })}\n`)
  else
    process.stdout.write(
      `${checkText(warehouse.directory, checks, [...outsideText(outside), ...wrongRows], orphans)}\n`,
    )
  if (!ok) process.exitCode = 1

  async function countedWrong(all: readonly TableCheck[]): Promise<string[]> {
    const counted = all.filter(({ rows }) => rows !== null)
    if (counted.length === 0) return []
    const sql = counted
      .map(({ table }) => `SELECT '${table}' AS name, count(*)::VARCHAR AS n FROM "${table}"`)
      .join(' UNION ALL ')
    const { directory } = warehouse
    const result = await runQuery({ files, warehouse: directory, sql, limit: counted.length, clock })
    const found = new Map(result.rows.map(([name, n]) => [name, Number(n)]))
    return counted.flatMap(({ table, rows }) =>
      found.get(table) === rows
        ? []
        : [`${table}: its snapshot counts ${rows} rows, a reader finds ${found.get(table)}`],
    )
  }
}

function outsideText(outside: string | null): string[] {
  if (outside === null) return []
  return [
    'This warehouse is a copy, or was moved: its tables name files of another place,',
    `  ${escapeControls(outside)}`,
    'and those are what was looked at. Move it back, or replay its raw/ into a new one.',
  ]
}

function checkText(
  directory: string,
  checks: readonly TableCheck[],
  more: readonly string[],
  orphans: readonly Orphan[],
): string {
  const rows = checks.map(({ table, files, rows, bytes, findings }) => [
    table,
    findings.length === 0 ? 'whole' : 'NOT WHOLE',
    rows === null ? '-' : grouped(rows),
    grouped(files),
    bytesText(bytes),
  ])
  const problems = checks.flatMap(({ findings }) =>
    findings.map(({ path, problem }) => `${inside(directory, path)}: ${problem}`),
  )
  const bytes = orphans.reduce((total, orphan) => total + orphan.bytes, 0)
  return [
    columns([['table', '', 'rows', 'files', 'bytes'], ...rows]),
    ...(problems.length + more.length === 0 ? [] : ['', ...problems, ...more]),
    '',
    orphans.length === 0
      ? 'no file that no table names'
      : `${grouped(orphans.length)} files (${bytesText(bytes)}) that no table names, left as they are:`,
    ...orphans.slice(0, ORPHANS_SHOWN).map(({ path }) => `  ${inside(directory, path)}`),
    ...(orphans.length > ORPHANS_SHOWN ? [`  and ${grouped(orphans.length - ORPHANS_SHOWN)} more`] : []),
  ].join('\n')
}

function inside(directory: string, path: string): string {
  const way = relative(directory, path)
  return escapeControls(way.startsWith('..') ? path : way)
}
