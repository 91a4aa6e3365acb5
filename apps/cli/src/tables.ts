import { bytesText, columns, grouped } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from './defaults.ts'
import { tableReport } from './inspect/report.ts'
import { patiently } from './patience.ts'

export type TableReports = Awaited<ReturnType<typeof tableReport>>

export function addTables(program: Command): void {
  program
    .command('tables')
    .description('list the tables of a warehouse with rows, files, bytes and content hash')
    .addOption(warehouseOption())
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: { warehouse: string; json?: boolean }) => {
      const files = await tableFiles(warehouseAt(flags.warehouse), systemClock())
      const reports = await patiently('reading every row', () => tableReport(files))
      const text = flags.json ? JSON.stringify({ tables: byName(reports) }) : tablesText(reports)
      process.stdout.write(`${text}\n`)
    })
}

/** The reports as the JSON output has them: by table name. */
export function byName(reports: TableReports): Record<string, Omit<TableReports[number], 'table'>> {
  return Object.fromEntries(reports.map(({ table, ...report }) => [table, report]))
}

export function tablesText(reports: TableReports): string {
  const head = ['table', 'rows', 'files', 'bytes', 'content hash']
  const rows = reports.map((report) => [
    report.table,
    grouped(report.rows),
    grouped(report.files),
    bytesText(report.bytes),
    report.content_hash,
  ])
  return columns([head, ...rows])
}
