import { addCollect, addCommitter } from '@cryptoflow/console'
import { addReplay } from '@cryptoflow/console/replay'
import { VERSION } from '@cryptoflow/pipeline'
import { Command } from 'commander'
import { addClean } from './clean.ts'
import { addCompletion } from './completion/completion.ts'
import { addConfig } from './config.ts'
import { addCoverage } from './coverage.ts'
import { addDemo } from './demo.ts'
import { addDoctor } from './doctor.ts'
import { addExamples } from './examples.ts'
import { addGaps } from './gaps.ts'
import { addInit } from './init.ts'
import { addJournal } from './journal.ts'
import { addMaintain } from './maintain.ts'
import { addPlan } from './plan.ts'
import { addQuery } from './query.ts'
import { addRedrive } from './redrive.ts'
import { addRepair } from './repair.ts'
import { addSample } from './sample.ts'
import { addServeCatalog } from './serve-catalog.ts'
import { addSimulate } from './simulate.ts'
import { addStatus } from './status.ts'
import { addTables } from './tables.ts'
import { addTop } from './top/top.ts'
import { addVerify } from './verify.ts'
import { addVersion } from './version.ts'
import { addWarehouse } from './warehouse.ts'

/** Every command of the command line, by what it is for. */
const groups = {
  'Begin:': [addDemo, addInit, addConfig, addPlan, addDoctor, addCollect, addCommitter],
  'Look:': [addStatus, addTop, addTables, addSample, addGaps, addCoverage, addQuery, addServeCatalog],
  'Look after:': [addJournal, addReplay, addWarehouse, addMaintain, addRedrive, addRepair, addClean],
  'Prove:': [addSimulate, addVerify],
  'About:': [addVersion, addCompletion],
}

/** The command line. */
export function makeProgram(): Command {
  const program = new Command('cryptoflow')
    .description(
      'The record of every public crypto market event: exact rows, exactly once, in open Iceberg tables.',
    )
    .version(VERSION)
    .showHelpAfterError('(cryptoflow help lists the commands)')
    .addHelpText('after', exitCodesText)
    .exitOverride()
  for (const [heading, commands] of Object.entries(groups)) {
    program.commandsGroup(heading)
    for (const add of commands) add(program)
  }
  addExamples(program)
  return program
}

const exitCodesText = [
  '',
  'Ends with 0: done. 1: it failed, or a check found something wrong.',
  '2: what was typed or configured is wrong. 130: ended by a second Ctrl-C.',
  'Begin with: cryptoflow demo',
].join('\n')
