import { dayFlag, patiently, wholeNumber } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import type { QueryResult } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { type CoverageFlags, coverageReport } from './coverage-report.ts'
import { warehouseOption } from './defaults.ts'
import { formatJson, formatTable } from './inspect/query.ts'
import { withKeyNames } from './key-flags.ts'
import { asciiJson } from './text.ts'

interface Flags extends CoverageFlags {
  readonly warehouse: string
  readonly json?: boolean
}

/** The command `coverage`: how much of a day is complete. */
export function addCoverage(program: Command): void {
  withKeyNames(
    program
      .command('coverage')
      .description('how much of a day is complete: minutes by table, causes, the worst keys')
      .addOption(warehouseOption())
      .option('--day <date>', 'a day in UTC, such as 2026-11-20; default: the latest with a row', dayFlag),
  )
    .option('--limit <keys>', 'most keys listed', wholeNumber('--limit', 1), 10)
    .option('--json', 'one JSON object on stdout')
    .action(coverage)
}

async function coverage(flags: Flags): Promise<void> {
  const clock = systemClock()
  const warehouse = warehouseAt(flags.warehouse)
  const files = await tableFiles(warehouse, clock)
  const report = await patiently('reading coverage', () =>
    coverageReport({ files, warehouse: warehouse.directory, clock }, flags),
  )
  if (flags.json) {
    const plain = (result: QueryResult): unknown => JSON.parse(formatJson(result))
    const { day, tables, causes, worst } = report
    const parts = { day, tables: plain(tables), causes: plain(causes), worst: plain(worst) }
    process.stdout.write(`${asciiJson(parts)}\n`)
    return
  }
  if (report.tables.rows.length === 0) {
    process.stdout.write(`${report.day ?? 'no day'}: no minute is covered\n`)
    return
  }
  const width = process.stdout.columns ?? 80
  const parts = [report.tables, report.causes, report.worst].filter(({ rows }) => rows.length > 0)
  process.stdout.write(`${report.day}\n\n${parts.map((part) => formatTable(part, width)).join('\n\n')}\n`)
}
