import { patiently, wholeNumber } from '@cryptoflow/console'
import { tables } from '@cryptoflow/model'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import { Argument, type Command, Option } from 'commander'
import { warehouseOption } from './defaults.ts'
import { runQuery } from './inspect/query.ts'
import { type KeyFlags, rowConditions, whereAll, withKeyFlags } from './key-flags.ts'
import { formats, type ResultFormat, resultText } from './result-text.ts'

interface SampleFlags extends KeyFlags {
  readonly warehouse: string
  readonly limit: number
  readonly format: ResultFormat
}

/** The command `sample`: the rows of a table that were received last. */
export function addSample(program: Command): void {
  withKeyFlags(
    program
      .command('sample')
      .description('print the rows of a table that were received last')
      .addArgument(new Argument('<table>', 'which').choices(Object.keys(tables)))
      .addOption(warehouseOption()),
    { from: 'only rows of events from this time on', to: 'only rows of events before this time' },
  )
    .option('--limit <rows>', 'most rows', wholeNumber('--limit', 1), 3)
    .addOption(new Option('--format <format>', 'form of the result').choices([...formats]).default('table'))
    .action(async (table: string, flags: SampleFlags) => {
      const clock = systemClock()
      const warehouse = warehouseAt(flags.warehouse)
      const files = await tableFiles(warehouse, clock)
      const sql = `SELECT * FROM "${table}" ${whereAll(rowConditions(flags))} ORDER BY received_ts DESC, frame DESC LIMIT ${flags.limit}`
      const { directory } = warehouse
      const result = await patiently(`reading ${table}`, () =>
        runQuery({ files, warehouse: directory, sql, limit: flags.limit, clock }),
      )
      process.stdout.write(`${resultText(result, flags.format)}\n`)
    })
}
