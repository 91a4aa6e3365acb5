import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { grouped, wholeNumber } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { messageOf, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { runQuery } from './inspect/query.ts'
import { formatNames, resultText } from './result-text.ts'
import { usage } from './text.ts'

interface QueryFlags {
  readonly warehouse: string
  readonly format: string
  readonly limit: number
  readonly out?: string
}

export function addQuery(program: Command): void {
  program
    .command('query')
    .description('run a SQL query (DuckDB, read-only) over the tables of a warehouse')
    .argument('<sql>', 'for example "select symbol, count(*) from ticks group by all"')
    .option('--warehouse <dir>', 'warehouse directory', DEMO_WAREHOUSE)
    .option('--format <format>', formatNames, 'table')
    .option('--limit <rows>', 'most rows shown', wholeNumber('--limit', 1), 1000)
    .option('--out <file>', 'new file for the result, instead of stdout')
    .action(async (sql: string, flags: QueryFlags) => {
      const warehouse = warehouseAt(flags.warehouse)
      const clock = systemClock()
      const files = await tableFiles(warehouse, clock)
      const result = await runQuery({ files, warehouse: warehouse.directory, sql, limit: flags.limit, clock })
      const text = `${resultText(result, flags.format)}\n`
      if (flags.out === undefined) {
        process.stdout.write(text)
        return
      }
      writeNew(flags.out, text)
      const more = result.truncated ? ' (there are more: --limit)' : ''
      process.stderr.write(`${grouped(result.rows.length)} rows written to ${flags.out}${more}\n`)
    })
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    throw usage(`writing a result: ${messageOf(error)}; expected a new file in a directory that is there`, {
      path: resolve(path),
    })
  }
}
