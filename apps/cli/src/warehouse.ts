import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { bytesText, columns, grouped, openPatience } from '@cryptoflow/console'
import {
  type HaltedTable,
  haltedTables,
  keptFiles,
  moveWarehouse,
  tableFiles,
  type Warehouse,
  warehouseAt,
  warehouseOrigin,
} from '@cryptoflow/pipeline'
import { escapeControls, type TableFiles } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { catalogTables } from './catalog-tables.ts'
import { warehouseOption } from './defaults.ts'
import { runQuery } from './inspect/query.ts'
import { haltedLines } from './repair.ts'
import { asciiJson } from './text.ts'
import { checkTable, findOrphans, type Orphan, type TableCheck } from './warehouse-check.ts'

/** Orphans that are listed one by one. */
const ORPHANS_SHOWN = 20

/** The commands `warehouse check` and `move`. */
export function addWarehouse(program: Command): void {
  const warehouse = program.command('warehouse').description('look after a warehouse')
  warehouse
    .command('check')
    .description(
      'every live file of every table is there and whole, and holds the rows that its table counts',
    )
    .addOption(warehouseOption())
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nNothing is changed or deleted. Ends with 1 when a table is not whole.')
    .action(check)
  warehouse
    .command('move')
    .description(
      'move a warehouse, or make one readable that was moved or copied: its tables name their files',
    )
    .argument('<from-dir>', 'where its tables say they are')
    .argument('<to-dir>', 'where it shall be; or is, when somebody moved or copied it there')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nRefused while a process writes it. Cut in the middle, run it again: it goes on.')
    .action(move)
}

async function move(from: string, to: string, flags: { json?: boolean }): Promise<void> {
  const clock = systemClock()
  const progress = openPatience(clock)
  const report = await moveWarehouse({ from, to, clock, onProgress: progress.show }).finally(() =>
    progress.end(),
  )
  const { directory } = warehouseAt(to)
  const { wasRenamed, tables, files } = report
  const count = `${grouped(tables.length)} ${tables.length === 1 ? 'table' : 'tables'}`
  const text =
    tables.length === 0
      ? `no table of ${directory} names files of ${warehouseAt(from).directory}: nothing to do`
      : `${wasRenamed ? 'moved' : 'rewritten'}: ${count}, ${grouped(files)} metadata files\nnext: cryptoflow warehouse check --warehouse ${directory}`
  process.stdout.write(`${flags.json ? asciiJson({ directory, ...report }) : escapeLines(text)}\n`)
}

/** Paths are typed by people, and may hold anything. */
function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n')
}

async function check(flags: { warehouse: string; json?: boolean }): Promise<void> {
  const warehouse = warehouseAt(flags.warehouse)
  const { directory } = warehouse
  const origin = existsSync(warehouse.catalogFile) ? warehouseOrigin(warehouse) : null
  const found = origin === null ? await checkAll(warehouse) : { ok: false, ...nothing }
  const text = origin === null ? checkText(directory, found) : originText(directory, origin)
  process.stdout.write(`${flags.json ? asciiJson({ origin, ...found }) : text}\n`)
  if (!found.ok) process.exitCode = 1
}

/** What a look at a whole warehouse found. */
interface WarehouseCheck {
  readonly ok: boolean
  readonly tables: readonly TableCheck[]
  /** Tables in which an independent reader finds another number of rows. */
  readonly wrong_rows: readonly string[]
  readonly orphans: readonly Orphan[]
  /** Tables that no committer goes on with. */
  readonly halted: readonly HaltedTable[]
}

const nothing: Omit<WarehouseCheck, 'ok'> = { tables: [], wrong_rows: [], orphans: [], halted: [] }

async function checkAll(warehouse: Warehouse): Promise<WarehouseCheck> {
  const clock = systemClock()
  const progress = openPatience(clock)
  try {
    const files = await tableFiles(warehouse, clock)
    const known = catalogTables(warehouse)
    const checks: TableCheck[] = []
    for (const table of known) {
      progress.show(`looking at ${table.table}`)
      checks.push(await checkTable(table, files.get(table.table) ?? []))
    }
    const isReadable = checks.every(({ findings }) => findings.length === 0)
    progress.show('counting rows')
    // What an independent reader counts; it cannot open tables whose files are not all there.
    const wrongRows = isReadable ? await countedWrong(warehouse, files, checks) : []
    progress.show('looking for orphans')
    const orphans = await findOrphans(known, await keptFiles(warehouse, clock))
    const halted = await haltedTables(warehouse, clock)
    const ok = isReadable && wrongRows.length === 0 && halted.length === 0
    return { ok, tables: checks, wrong_rows: wrongRows, orphans, halted }
  } finally {
    progress.end()
  }
}

async function countedWrong(
  { directory }: Warehouse,
  files: TableFiles,
  checks: readonly TableCheck[],
): Promise<string[]> {
  const counted = checks.filter(({ rows }) => rows !== null)
  if (counted.length === 0) return []
  const sql = counted
    .map(({ table }) => `SELECT '${table}' AS name, count(*)::VARCHAR AS n FROM "${table}"`)
    .join(' UNION ALL ')
  const result = await runQuery({
    files,
    warehouse: directory,
    sql,
    limit: counted.length,
    clock: systemClock(),
  })
  const found = new Map(result.rows.map(([name, n]) => [name, Number(n)]))
  return counted.flatMap(({ table, rows }) =>
    found.get(table) === rows
      ? []
      : [`${table}: its snapshot counts ${rows} rows, a reader finds ${found.get(table)}`],
  )
}

function originText(directory: string, origin: string): string {
  return [
    'This warehouse was moved or copied: its tables name files of another place.',
    `  ${escapeControls(origin)}`,
    'Nothing else was looked at. To make them name their own:',
    `  cryptoflow warehouse move ${escapeControls(origin)} ${escapeControls(directory)}`,
  ].join('\n')
}

function checkText(
  directory: string,
  { tables: checks, wrong_rows: more, orphans, halted }: WarehouseCheck,
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
    ...(problems.length + more.length + halted.length === 0
      ? []
      : ['', ...problems, ...more, ...haltedLines(halted)]),
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
