import { readInput } from '@cryptoflow/config'
import {
  ConfigError,
  type ConfigFlags,
  flagsOf,
  type LoadedSettings,
  loadSettings,
  openPatience,
  withConfigFlags,
} from '@cryptoflow/console'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { bad, checksText, type DoctorCheck, fine } from './doctor-check.ts'
import { checkDisk, checkJournal, checkNode, checkOpenFiles, checkPort, checkTables } from './doctor-local.ts'
import { checkMarket } from './doctor-online.ts'
import { plannedMarket } from './plan-figures.ts'
import { asciiJson } from './text.ts'

interface DoctorFlags extends ConfigFlags {
  readonly online?: boolean
  readonly json?: boolean
}

/** The command `doctor`. */
export function addDoctor(program: Command): void {
  withConfigFlags(
    program.command('doctor').description('is everything here that collecting needs? says what to do if not'),
  )
    .option('--online', 'also ask the exchanges: one request and one connect per route')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nEnds with 1 when something failed.')
    .action(doctor)
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const clock = systemClock()
  const { check, loaded } = configOf(flags)
  const directory = flags.warehouse ?? loaded?.settings.warehouseDirectory ?? DEMO_WAREHOUSE
  const port = loaded === null ? null : await checkPort(loaded.config)
  const checks = [
    checkNode(),
    check,
    checkOpenFiles(),
    ...(await checkDisk(directory, clock)),
    await checkJournal(directory, loaded?.config.journal.name ?? null),
    await checkTables(directory, clock),
    ...(port === null ? [] : [port]),
  ]
  if (flags.online) {
    const progress = openPatience(clock)
    for (const { market, streams } of marketsOf(loaded)) {
      progress.show(`asking ${market.exchange} ${market.market}`)
      checks.push(...(await checkMarket(market, clock, streams)))
    }
    progress.end()
  } else checks.push(skipped('exchanges', 'not asked: --online'))
  const ok = checks.every(({ verdict }) => verdict !== 'fail')
  process.stdout.write(`${flags.json ? asciiJson({ ok, checks }) : checksText(checks)}\n`)
  if (!ok) process.exitCode = 1
}

/** The configuration, if there is one: by file, or by flags that name symbols. */
function configOf(flags: DoctorFlags): {
  readonly check: DoctorCheck
  readonly loaded: LoadedSettings | null
} {
  const name = 'configuration'
  const file = readInput(flags.config === undefined ? {} : { path: flags.config })
  const isGiven = file.file !== null || file.problems.length > 0 || flags.symbols !== undefined
  if (!isGiven) return { check: skipped(name, 'none given: --config'), loaded: null }
  try {
    const loaded = loadSettings(flags.config, flagsOf(flags))
    const found = `${file.file?.name ?? 'flags'}: right`
    const warned = loaded.warnings.length
    const check =
      warned === 0
        ? fine(name, found)
        : bad('warn', name, `${found}, ${warned} warnings`, 'see cryptoflow config check')
    return { check, loaded }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [first = '', ...more] = error.lines
    const found = more.length === 0 ? first : `${first} (and ${more.length} more)`
    return { check: bad('fail', name, found, 'see cryptoflow config check'), loaded: null }
  }
}

/** What the configuration collects; without one, everything of every market that is known. */
function marketsOf(
  loaded: LoadedSettings | null,
): readonly { readonly market: ExchangeMarket; readonly streams: readonly StreamSpec[] }[] {
  if (loaded === null) return exchangeMarkets.map((market) => ({ market, streams: market.streams }))
  return loaded.settings.collections.map((collection) => {
    const { market, specs } = plannedMarket(collection)
    return { market, streams: specs }
  })
}

function skipped(name: string, found: string): DoctorCheck {
  return { name, verdict: 'skip', found, advice: '' }
}
