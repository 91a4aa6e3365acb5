import { addCollect, exitCodeOf, explain } from '@cryptoflow/console'
import { VERSION } from '@cryptoflow/pipeline'
import { Command, CommanderError } from 'commander'
import { addClean } from './clean.ts'
import { addConfig } from './config.ts'
import { addDemo } from './demo.ts'
import { addDoctor } from './doctor.ts'
import { addGaps } from './gaps.ts'
import { addInit } from './init.ts'
import { addJournal } from './journal.ts'
import { addPlan } from './plan.ts'
import { addQuery } from './query.ts'
import { addReplay } from './replay.ts'
import { addSample } from './sample.ts'
import { addServeCatalog } from './serve-catalog.ts'
import { addSimulate } from './simulate.ts'
import { addStatus } from './status.ts'
import { addTables } from './tables.ts'
import { addTop } from './top/top.ts'
import { addVerify } from './verify.ts'
import { addVersion } from './version.ts'
import { addWarehouse } from './warehouse.ts'

const program = new Command('cryptoflow')
  .description(
    'The record of every public crypto market event: exact rows, exactly once, in open Iceberg tables.',
  )
  .version(VERSION)
  .showHelpAfterError('(cryptoflow help lists the commands)')
  .exitOverride()
const groups = {
  'Begin:': [addDemo, addInit, addConfig, addPlan, addDoctor, addCollect],
  'Look:': [addStatus, addTop, addTables, addSample, addGaps, addQuery, addServeCatalog],
  'Look after:': [addJournal, addReplay, addWarehouse, addClean, addVersion],
  'Prove:': [addSimulate, addVerify],
}
for (const [heading, commands] of Object.entries(groups)) {
  program.commandsGroup(heading)
  for (const add of commands) add(program)
}

// Whoever reads may have heard enough: `cryptoflow journal cat | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  // The parser has told what it found; help and version are no mistakes.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  process.stderr.write(explain(error))
  // Threads and sockets of what failed may still be open; what they held is safe in the journal.
  process.exit(exitCodeOf(error))
}
