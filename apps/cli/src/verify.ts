import { existsSync } from 'node:fs'
import { dayFlag, patiently } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { CryptoFlowError, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from './defaults.ts'
import { type VerifyReport, verifyRun } from './inspect/verify.ts'
import { asciiJson, usage } from './text.ts'
import { dayText, verifyDay } from './verify-day.ts'
import { verifyText } from './verify-text.ts'

interface VerifyFlags {
  readonly warehouse: string
  readonly emissions?: string
  readonly day?: number
  readonly config?: string
  readonly restarted?: boolean
  readonly json?: boolean
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description(
      'compare the tables of a day with what the journal gives again, or of a simulated run with its emission log',
    )
    .addOption(warehouseOption())
    .option(
      '--day <date>',
      'a day in UTC, such as 2026-11-20: its rows are derived from the journal again',
      dayFlag,
    )
    .option(
      '--config <file>',
      'with --day: configuration (or CONFIG_FILE) that a journal from before 2026-11-22 was collected with',
    )
    .option('--emissions <file>', "the simulator's emission log: every message is looked for")
    .option('--restarted', 'the collecting process was killed in between: holes of its own are allowed')
    .option('--json', 'one JSON object on stdout')
    .action(verify)
}

async function verify(flags: VerifyFlags): Promise<void> {
  const { warehouse, day, emissions, config } = flags
  if ((day === undefined) === (emissions === undefined)) {
    throw usage('verifying: expected either --day or --emissions')
  }
  if (day !== undefined) {
    const report = await verifyDay({ warehouse, day, ...(config === undefined ? {} : { config }) })
    process.stdout.write(`${flags.json ? asciiJson(report) : dayText(report)}\n`)
    if (report.verdict !== 'equal') process.exitCode = 1
    return
  }
  const report = await emissionReport(flags, emissions as string)
  process.stdout.write(`${flags.json ? asciiJson(report) : verifyText(report)}\n`)
  if (!report.ok) process.exitCode = 1
}

async function emissionReport(flags: VerifyFlags, emissionLog: string): Promise<VerifyReport> {
  refuseMissing(emissionLog)
  const warehouse = warehouseAt(flags.warehouse)
  const files = await tableFiles(warehouse, systemClock())
  const restarted = flags.restarted === true
  return patiently('comparing every row', () =>
    verifyRun({ files, warehouse: warehouse.directory, emissionLog, restarted }),
  )
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
