import type { TableReport } from '@cryptoflow/reader'
import { bytesText, columns, grouped } from './terminal.ts'

/** The reports as the JSON output has them: by table name. */
export function byName(reports: readonly TableReport[]): Record<string, Omit<TableReport, 'table'>> {
  return Object.fromEntries(reports.map(({ table, ...report }) => [table, report]))
}

export function tablesText(reports: readonly TableReport[]): string {
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
