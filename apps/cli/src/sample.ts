import { wholeNumber } from '@cryptoflow/console'
import { tables } from '@cryptoflow/model'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { runQuery } from './inspect/query.ts'
import { type KeyFlags, rowConditions, whereAll, withKeyFlags } from './key-flags.ts'
import { openPatience } from './patience.ts'
import { formatNames, resultText } from './result-text.ts'
import { asciiJson, usage } from './text.ts'

interface SampleFlags extends KeyFlags {
  readonly warehouse: string
  readonly limit: number
  readonly format: string
}

/** The command `sample`: the rows of a table that were received last. */
export function addSample(program: Command): void {
  withKeyFlags(
    program
      .command('sample')
      .description('print the rows of a table that were received last')
      .argument('<table>', Object.keys(tables).join(', '))
      .option('--warehouse <dir>', 'warehouse directory', DEMO_WAREHOUSE),
    { from: 'only rows of events from this time on', to: 'only rows of events before this time' },
  )
    .option('--limit <rows>', 'most rows', wholeNumber('--limit', 1), 3)
    .option('--format <format>', formatNames, 'table')
    .addHelpText('after', '\nExample: cryptoflow sample ticks --symbol "BTC*" --from 2026-11-20 --limit 2')
    .action(async (table: string, flags: SampleFlags) => {
      if (!Object.hasOwn(tables, table)) {
        throw usage(
          `sampling: there is no table ${asciiJson(table)}, expected one of ${Object.keys(tables).join(', ')}`,
        )
      }
      const clock = systemClock()
      const warehouse = warehouseAt(flags.warehouse)
      const files = await tableFiles(warehouse, clock)
      const sql = `SELECT * FROM "${table}" ${whereAll(rowConditions(flags))} ORDER BY received_ts DESC, frame DESC LIMIT ${flags.limit}`
      const progress = openPatience(clock)
      progress.show(`reading ${table}`)
      const { directory } = warehouse
      const result = await runQuery({ files, warehouse: directory, sql, limit: flags.limit, clock })
      progress.end()
      process.stdout.write(`${resultText(result, flags.format)}\n`)
    })
}
