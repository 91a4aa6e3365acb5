import type { Flag } from '@cryptoflow/config'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import { type DurableStep, durableSteps, type TableName } from '@cryptoflow/model'
import { type Collector, type CrashDrill, startCollector, VERSION } from '@cryptoflow/pipeline'
import { type Clock, CryptoFlowError, seededChance, systemClock } from '@cryptoflow/runtime'
import type { HealthServer } from '@cryptoflow/telemetry'
import { Command } from 'commander'
import { openObservation } from './observe.ts'
import { loadSettings } from './settings.ts'
import { openTeller } from './tell.ts'
import { exitCodeOf, explain, onStopSignal, wholeNumber } from './terminal.ts'

interface CollectFlags extends Partial<Record<string, unknown>> {
  readonly config?: string
  readonly untilFrames?: number
  readonly crashAt?: CrashDrill
}

/** Flags that set a key of the configuration. */
const keyFlags = [
  ['--exchange <name>', 'exchange', 'exchange; default: the first that is known'],
  ['--market <market>', 'market', 'spot, linear (margined in the quote) or inverse (in the base)'],
  ['--symbols <list>', 'symbols', 'symbols as the exchange writes them, separated by commas'],
  ['--warehouse <dir>', 'warehouse.directory', 'warehouse directory; made when it is not there'],
  ['--ws-url <url>', 'ws_url', 'WebSocket scheme, host and port other than the exchange’s own'],
  ['--rest-url <url>', 'rest_url', 'REST address other than the exchange’s own'],
  ['--seal-ms <ms>', 'seal.every_ms', 'seal files at the latest after (30000)'],
  ['--seal-rows <rows>', 'seal.rows', 'seal files at the latest after (500000)'],
  ['--commit-ms <ms>', 'commit.every_ms', 'commit every (10000)'],
  ['--threads <n>', 'threads', '1: lane and publisher in threads of their own, 0: inline (1)'],
] as const

/** The command `collect`: any tables of a market together. */
export function addCollect(program: Command): void {
  const command = program
    .command('collect')
    .description('collect markets into a warehouse until interrupted')
    .option(
      '--streams <list>',
      'tables (ticks,spot_delta,bbo) or the exchange’s own channels (depth@500ms); default: every table of the market',
    )
  withFlags(command).action((flags: CollectFlags) => collect(flags))
}

/**
 * Runs a process that collects these tables and nothing else: what a thin collector app is. Ends the process with
 * an explanation when it fails.
 */
export async function runCollector(name: string, tables: readonly TableName[]): Promise<void> {
  const command = new Command(name)
    .description(`collect ${tables.join(' and ')} of a market into a warehouse until interrupted`)
    .version(VERSION)
  withFlags(command).action((flags: CollectFlags) => collect({ ...flags, streams: tables.join(',') }))
  try {
    await command.parseAsync()
  } catch (error) {
    process.stderr.write(explain(error))
    // Threads and sockets of what failed may still be open; what they held is safe in the journal.
    process.exit(exitCodeOf(error))
  }
}

function withFlags(command: Command): Command {
  command.option('--config <file>', 'configuration (or CONFIG_FILE); flags win over it')
  for (const [form, , text] of keyFlags) command.option(form, text)
  return command
    .option('--set <key=value...>', 'any key of the configuration: journal.compression=zstd')
    .option('--until-frames <n>', 'stop by itself after this many frames', wholeNumber('--until-frames', 1))
    .option(
      '--crash-at <step:passage:report>',
      `fault drill: die by SIGKILL in ${durableSteps.join(', ')}`,
      crashDrill,
    )
}

async function collect(flags: CollectFlags): Promise<void> {
  const clock = systemClock()
  const { config, settings, warnings } = loadSettings(flags.config, flagsOf(flags))
  const teller = openTeller(config, clock)
  for (const warning of warnings) teller.say(warning)
  const collector = await startCollector({
    ...settings,
    clock,
    chance: seededChance(clock.nowUs() % 2 ** 31),
    drill: flags.crashAt ?? null,
    notice: teller.notice,
  })
  const stop = (): void => {
    teller.say('stopping: draining, sealing, committing ...')
    collector.stop().catch(() => {})
  }
  let cancel = (): void => {}
  let server: HealthServer | null = null
  try {
    server = await openObservation(config, collector, clock)
    if (server !== null) teller.say(`metrics and health: http://${server.host}:${server.port}/health`)
    cancel = clock.every(1000, () => teller.progress(collector))
    if (flags.untilFrames !== undefined) stopAfter(collector, flags.untilFrames, clock, stop)
    onStopSignal(clock, stop)
    await collector.ended
    await collector.stop()
    teller.say('stopped: everything received is in the tables')
  } catch (error) {
    await collector.stop().catch(() => {})
    throw error
  } finally {
    cancel()
    await server?.close()
    await teller.end()
  }
}

/** What was typed, as keys of the configuration. */
function flagsOf(flags: CollectFlags): Flag[] {
  const typed: Flag[] = []
  for (const [form, key] of keyFlags) {
    const name = form.split(' ')[0] as string
    const value = flags[camelCase(name.slice(2))]
    if (typeof value === 'string') typed.push({ key, value, name })
  }
  // Without a file somebody must say which exchange; there is one that everybody begins with.
  const isFlat = typed.some(({ key }) => key === 'symbols') && !typed.some(({ key }) => key === 'exchange')
  const [first] = exchangeMarkets
  if (isFlat && flags.config === undefined && first !== undefined) {
    typed.push({ key: 'exchange', value: first.exchange, name: '--exchange' })
  }
  if (typeof flags.streams === 'string') {
    typed.push({ key: 'streams', value: flags.streams, name: '--streams' })
  }
  for (const pair of (flags.set as readonly string[] | undefined) ?? []) {
    const at = pair.indexOf('=')
    typed.push({ key: pair.slice(0, Math.max(at, 0)), value: pair.slice(at + 1), name: '--set' })
  }
  return typed
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Frames are counted from the start of this process. */
function stopAfter(collector: Collector, frames: number, clock: Clock, stop: () => void): void {
  const cancel = clock.every(50, () => {
    if (collector.counters.frames < frames) return
    cancel()
    stop()
  })
}

function crashDrill(text: string): CrashDrill {
  const [step = '', passage = '1', ...report] = text.split(':')
  const isStep = (durableSteps as readonly string[]).includes(step)
  if (isStep && report.length > 0) {
    return { step: step as DurableStep, passage: Number(passage), report: report.join(':') }
  }
  throw new CryptoFlowError(
    `reading the command line: --crash-at is "${text}", expected step:passage:report`,
    {
      kind: 'usage',
      reaction: 'stop',
      context: { steps: durableSteps.join(', ') },
    },
  )
}
