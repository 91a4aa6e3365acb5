import { addCollect, exitCodeOf, explain } from '@cryptoflow/console'
import { VERSION } from '@cryptoflow/pipeline'
import { Command } from 'commander'
import { addDemo } from './demo.ts'
import { addQuery } from './query.ts'
import { addReplay } from './replay.ts'
import { addSimulate } from './simulate.ts'
import { addTables } from './tables.ts'
import { addVerify } from './verify.ts'

const program = new Command('cryptoflow')
  .description(
    'The record of every public crypto market event: exact rows, exactly once, in open Iceberg tables.',
  )
  .version(VERSION)
  .showHelpAfterError('(cryptoflow help lists the commands)')
for (const add of [addDemo, addCollect, addReplay, addQuery, addTables, addVerify, addSimulate]) add(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(explain(error))
  // Threads and sockets of what failed may still be open; what they held is safe in the journal.
  process.exit(exitCodeOf(error))
}
