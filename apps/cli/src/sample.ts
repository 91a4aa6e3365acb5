import { wholeNumber } from '@cryptoflow/console'
import { tables } from '@cryptoflow/model'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { quoted } from './inspect/duck.ts'
import { runQuery } from './inspect/query.ts'
import { openPatience } from './patience.ts'
import { formatNames, resultText } from './result-text.ts'
import { asciiJson, usage } from './text.ts'

interface SampleFlags {
  readonly warehouse: string
  readonly exchange?: string
  readonly market?: string
  readonly symbol?: string
  readonly limit: number
  readonly format: string
}

/** The command `sample`: the rows of a table that were received last. */
export function addSample(program: Command): void {
  program
    .command('sample')
    .description('print the rows of a table that were received last')
    .argument('<table>', Object.keys(tables).join(', '))
    .option('--warehouse <dir>', 'warehouse directory', DEMO_WAREHOUSE)
    .option('--exchange <name>', 'only of this exchange')
    .option('--market <market>', 'only of this market')
    .option('--symbol <symbol>', 'only of this symbol, as the exchange writes it')
    .option('--limit <rows>', 'most rows', wholeNumber('--limit', 1), 3)
    .option('--format <format>', formatNames, 'table')
    .addHelpText('after', '\nExample: cryptoflow sample ticks --symbol BTCUSDT --limit 2')
    .action(async (table: string, flags: SampleFlags) => {
      if (!Object.hasOwn(tables, table)) {
        throw usage(
          `sampling: there is no table ${asciiJson(table)}, expected one of ${Object.keys(tables).join(', ')}`,
        )
      }
      const clock = systemClock()
      const warehouse = warehouseAt(flags.warehouse)
      const files = await tableFiles(warehouse, clock)
      const sql = `SELECT * FROM "${table}" ${whereOf(flags)} ORDER BY received_ts DESC, frame DESC LIMIT ${flags.limit}`
      const progress = openPatience(clock)
      progress.show(`reading ${table}`)
      const { directory } = warehouse
      const result = await runQuery({ files, warehouse: directory, sql, limit: flags.limit, clock })
      progress.end()
      process.stdout.write(`${resultText(result, flags.format)}\n`)
    })
}

/** The key that was asked for, as a WHERE clause; empty for everything. */
export function whereOf(
  key: Readonly<Partial<Record<'exchange' | 'market' | 'symbol', string>>>,
  more: readonly string[] = [],
): string {
  const { exchange, market, symbol } = key
  const equal = Object.entries({ exchange, market, symbol }).flatMap(([column, value]) =>
    value === undefined ? [] : [`${column} = ${quoted(value)}`],
  )
  const all = [...equal, ...more]
  return all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`
}
