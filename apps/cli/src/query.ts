import { wholeNumber } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { formatCsv, formatJson, formatTable, runQuery } from './inspect/query.ts'

interface QueryFlags {
  readonly warehouse: string
  readonly format: string
  readonly limit: number
}

export function addQuery(program: Command): void {
  program
    .command('query')
    .description('run a SQL query (DuckDB, read-only) over the tables of a warehouse')
    .argument('<sql>', 'for example "select symbol, count(*) from ticks group by all"')
    .option('--warehouse <dir>', 'warehouse directory', DEMO_WAREHOUSE)
    .option('--format <format>', 'table, csv or json', 'table')
    .option('--limit <rows>', 'most rows shown', wholeNumber('--limit', 1), 1000)
    .action(async (sql: string, flags: QueryFlags) => {
      const warehouse = warehouseAt(flags.warehouse)
      const clock = systemClock()
      const files = await tableFiles(warehouse, clock)
      const result = await runQuery({ files, warehouse: warehouse.directory, sql, limit: flags.limit, clock })
      const width = process.stdout.columns ?? 80
      const text =
        flags.format === 'json'
          ? formatJson(result)
          : flags.format === 'csv'
            ? formatCsv(result)
            : formatTable(result, width)
      process.stdout.write(`${text}\n`)
    })
}
