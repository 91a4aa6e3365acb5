import { existsSync } from 'node:fs'
import { patiently } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { CryptoFlowError, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from './defaults.ts'
import { verifyRun } from './inspect/verify.ts'
import { asciiJson } from './text.ts'
import { verifyText } from './verify-text.ts'

interface VerifyFlags {
  readonly warehouse: string
  readonly emissions: string
  readonly restarted?: boolean
  readonly json?: boolean
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description(
      'compare the tables with the log of everything a simulated exchange emitted, for all of its symbols',
    )
    .addOption(warehouseOption())
    .requiredOption('--emissions <file>', "the simulator's emission log")
    .option('--restarted', 'the collecting process was killed in between: holes of its own are allowed')
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: VerifyFlags) => {
      refuseMissing(flags.emissions)
      const warehouse = warehouseAt(flags.warehouse)
      const files = await tableFiles(warehouse, systemClock())
      const report = await patiently('comparing every row', () =>
        verifyRun({
          files,
          warehouse: warehouse.directory,
          emissionLog: flags.emissions,
          restarted: flags.restarted === true,
        }),
      )
      process.stdout.write(`${flags.json ? asciiJson(report) : verifyText(report)}\n`)
      if (!report.ok) process.exitCode = 1
    })
}

function refuseMissing(log: string): void {
  if (existsSync(log)) return
  throw new CryptoFlowError(
    'verifying: there is no emission log; expected the file that simulate --log wrote',
    {
      kind: 'usage',
      reaction: 'stop',
      context: { log },
    },
  )
}
