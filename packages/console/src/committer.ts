import { hostname } from 'node:os'
import { build, type CommittingProcess, startCommitting, VERSION } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import type { HealthServer } from '@cryptoflow/telemetry'
import { Command } from 'commander'
import { type ConfigFlags, flagsOf } from './config-flags.ts'
import { takeMeasurement, takeNotice } from './measured.ts'
import { openCommitObservation, openProcessMetrics } from './observe.ts'
import { commitProgressText } from './progress.ts'
import { loadSettings, maintenanceSettings, roleOf } from './settings.ts'
import { onStopSignal, openStop } from './shutdown.ts'
import { type Glance, openTeller } from './tell.ts'
import { runAlone } from './terminal.ts'

/** The command `committer`. */
export function addCommitter(program: Command): void {
  withFlags(program.command('committer')).action(commit)
}

/** Runs a process that commits: what the app is. Ends the process with an explanation when it fails. */
export async function runCommitter(): Promise<void> {
  await runAlone(withFlags(new Command('committer')).version(VERSION).action(commit))
}

function withFlags(command: Command): Command {
  return command
    .description('commit what collectors of a warehouse have sealed, and look after its tables')
    .option('--config <file>', 'configuration (or CONFIG_FILE); flags win over it')
    .option('--warehouse <dir>', 'warehouse directory; made when it is not there')
    .option('--commit-ms <ms>', 'commit every (10000)')
    .option('--threads <n>', 'threads, 1: look after the tables in a thread of its own, 0: inline (1)')
    .option('--set <key=value...>', 'any key of the configuration: metrics.port=9091')
    .addHelpText(
      'after',
      '\nAny number may run beside any number of collectors; those with\ncommit.by: committer commit nothing themselves. No market need be configured.',
    )
}

async function commit(flags: ConfigFlags): Promise<void> {
  const clock = systemClock()
  const { config, settings, warnings } = loadSettings(flags.config, flagsOf(flags), false)
  const metrics = openProcessMetrics(config)
  const teller = openTeller(config, clock, metrics)
  for (const warning of warnings) teller.say(warning)
  const { warehouseDirectory, compression, fileBounds, threads } = settings
  const committing = await startCommitting({
    warehouseDirectory,
    compression,
    fileBounds,
    threads,
    ...roleOf(config),
    name: `committer on ${hostname()}`,
    clock,
    ...maintenanceSettings(config),
    notice(notice) {
      teller.notice(notice)
      if (metrics !== null) takeNotice(metrics, notice)
    },
    ...(metrics === null ? {} : { measure: (measurement) => takeMeasurement(metrics, measurement) }),
  })
  const stopping = openStop({
    clock,
    withinMs: config.shutdown.withinMs,
    pending: () => 'a round is under way',
    teller,
    does: 'finishing the round',
    stop: () => committing.stop(),
  })
  let cancel = (): void => {}
  let server: HealthServer | null = null
  try {
    if (metrics !== null) {
      server = await openCommitObservation(config, committing, metrics, clock)
      teller.say(`metrics and health: http://${server.host}:${server.port}/health`)
    }
    teller.started(build)
    teller.say(`committing into ${warehouseDirectory} every ${config.commit.everyMs} ms as ${committing.id}`)
    cancel = clock.every(1000, () => teller.progress(glanceOf(committing)))
    onStopSignal(clock, stopping.begin)
    await committing.ended
    teller.say('stopped: what waits is for the next committer')
  } finally {
    cancel()
    await committing.stop().catch(() => {})
    stopping.done()
    await server?.close()
    await teller.end()
  }
}

function glanceOf({ progress }: CommittingProcess): Glance {
  const { commits, epochs, rows, files, backlogs, halted } = progress
  return {
    text: (nowUs) => commitProgressText(progress, nowUs),
    fields: { commits, epochs, rows, files, backlogs, halted: [...halted.keys()] },
    channels: [],
  }
}
