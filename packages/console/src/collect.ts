import { type DurableStep, durableSteps, type TableName } from '@cryptoflow/model'
import { build, type Collector, type CrashDrill, startCollector, VERSION } from '@cryptoflow/pipeline'
import { type Clock, CryptoFlowError, seededChance, systemClock } from '@cryptoflow/runtime'
import type { HealthServer } from '@cryptoflow/telemetry'
import { Command } from 'commander'
import { type ConfigFlags, flagsOf, withConfigFlags } from './config-flags.ts'
import { takeMeasurement, takeNotice } from './measured.ts'
import { openObservation, openProcessMetrics } from './observe.ts'
import { loadSettings } from './settings.ts'
import { onStopSignal, openStop, pendingText } from './shutdown.ts'
import { collectorGlance, openTeller } from './tell.ts'
import { runAlone, wholeNumber } from './terminal.ts'

interface CollectFlags extends ConfigFlags {
  readonly untilFrames?: number
  readonly crashAt?: CrashDrill
}

const STOPPED = {
  collector: 'stopped: everything received is in the tables',
  committer: 'stopped: everything received is sealed, and the ledger has it for a committer',
} as const

/** The command `collect`: any tables of a market together. */
export function addCollect(program: Command): void {
  const command = program.command('collect').description('collect markets into a warehouse until interrupted')
  withDrills(withConfigFlags(command)).action((flags: CollectFlags) => collect(flags))
}

/**
 * Runs a process that collects these tables and nothing else: what a thin collector app is. Ends the process with
 * an explanation when it fails.
 */
export async function runCollector(name: string, tables: readonly TableName[]): Promise<void> {
  const command = new Command(name)
    .description(`collect ${tables.join(' and ')} of a market into a warehouse until interrupted`)
    .version(VERSION)
  withDrills(withConfigFlags(command, ['streams'])).action((flags: CollectFlags) =>
    collect({ ...flags, streams: tables.join(',') }),
  )
  await runAlone(command)
}

function withDrills(command: Command): Command {
  return command
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
  const metrics = openProcessMetrics(config)
  const teller = openTeller(config, clock, metrics)
  for (const warning of warnings) teller.say(warning)
  const collector = await startCollector({
    ...settings,
    clock,
    chance: seededChance(clock.nowUs() % 2 ** 31),
    drill: flags.crashAt ?? null,
    notice(notice) {
      teller.notice(notice)
      if (metrics !== null) takeNotice(metrics, notice)
    },
    ...(metrics === null ? {} : { measure: (measurement) => takeMeasurement(metrics, measurement) }),
  })
  const stopping = openStop({
    clock,
    withinMs: config.shutdown.withinMs,
    pending: () => pendingText(collector.board),
    teller,
    does: 'draining, sealing, committing',
    stop: () => collector.stop(),
  })
  let cancel = (): void => {}
  let server: HealthServer | null = null
  try {
    if (metrics !== null) {
      server = await openObservation(config, collector, metrics, clock)
      teller.say(`metrics and health: http://${server.host}:${server.port}/health`)
    }
    teller.started(build)
    cancel = clock.every(1000, () => teller.progress(collectorGlance(collector)))
    if (flags.untilFrames !== undefined) stopAfter(collector, flags.untilFrames, clock, stopping.begin)
    onStopSignal(clock, stopping.begin)
    await collector.ended
    await collector.stop()
    teller.say(STOPPED[collector.commit.by])
  } catch (error) {
    await collector.stop().catch(() => {})
    throw error
  } finally {
    cancel()
    stopping.done()
    await server?.close()
    await teller.end()
  }
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
