import { byName, patiently, tablesText } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { tableReport } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from './defaults.ts'

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
