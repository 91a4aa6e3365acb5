import { type DurableStep, durableSteps, type Market } from '@cryptoflow/model'
import { type CollectOptions, type Collector, type CrashDrill, startCollector } from '@cryptoflow/pipeline'
import { type Clock, CryptoFlowError, seededChance, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { images, STREAMS } from './defaults.ts'
import { noticeText, progressText } from './progress.ts'
import { onStopSignal, openProgress, wholeNumber } from './terminal.ts'

interface CollectFlags {
  readonly exchange: string
  readonly market: string
  readonly symbols: string
  readonly warehouse: string
  readonly wsUrl?: string
  readonly restUrl?: string
  readonly sealMs: number
  readonly sealRows: number
  readonly commitMs: number
  readonly threads: number
  readonly untilFrames?: number
  readonly crashAt?: CrashDrill
}

export function addCollect(program: Command): void {
  program
    .command('collect')
    .description('collect trades and books of a market into a warehouse until interrupted')
    .requiredOption('--symbols <list>', 'symbols as the exchange writes them, separated by commas')
    .requiredOption('--warehouse <dir>', 'warehouse directory; made when it is not there')
    .option('--exchange <name>', 'exchange', 'binance')
    .option('--market <market>', 'market', 'spot')
    .option('--ws-url <url>', 'WebSocket address other than the exchange’s own')
    .option('--rest-url <url>', 'REST address other than the exchange’s own')
    .option('--seal-ms <ms>', 'seal files at the latest after', wholeNumber('--seal-ms', 10), 30_000)
    .option('--seal-rows <rows>', 'seal files at the latest after', wholeNumber('--seal-rows', 1), 500_000)
    .option('--commit-ms <ms>', 'commit every', wholeNumber('--commit-ms', 10), 10_000)
    .option(
      '--threads <n>',
      '1: lane and publisher in threads of their own, 0: inline',
      wholeNumber('--threads', 0),
      1,
    )
    .option('--until-frames <n>', 'stop by itself after this many frames', wholeNumber('--until-frames', 1))
    .option(
      '--crash-at <step:passage:report>',
      `fault drill: die by SIGKILL in ${durableSteps.join(', ')}`,
      crashDrill,
    )
    .action(collect)
}

async function collect(flags: CollectFlags): Promise<void> {
  const clock = systemClock()
  const progress = openProgress(clock.nowUs)
  const collector = await startCollector({
    exchange: flags.exchange,
    market: flags.market as Market,
    ...urlsOf(flags),
    symbols: flags.symbols.split(',').map((symbol) => symbol.trim()),
    streams: STREAMS,
    warehouseDirectory: flags.warehouse,
    images,
    compression: 'zstd',
    sealEveryMs: flags.sealMs,
    sealRows: flags.sealRows,
    commitEveryMs: flags.commitMs,
    threads: flags.threads === 0 ? 0 : 1,
    clock,
    chance: seededChance(clock.nowUs() % 2 ** 31),
    drill: flags.crashAt ?? null,
    notice: (notice) => {
      progress.end()
      process.stderr.write(`${noticeText(notice)}\n`)
    },
  })
  const cancel = clock.every(1000, () => progress.show(progressText(collector, clock.nowUs())))
  const stop = (): void => {
    progress.end()
    process.stderr.write('stopping: draining, sealing, committing ...\n')
    collector.stop().catch(() => {})
  }
  if (flags.untilFrames !== undefined) stopAfter(collector, flags.untilFrames, clock, stop)
  onStopSignal(clock, stop)
  try {
    await collector.ended
    await collector.stop()
    progress.end()
    process.stderr.write('stopped: everything received is in the tables\n')
  } finally {
    cancel()
  }
}

/** Both addresses or none: half a simulator would be collected beside half the real exchange. */
function urlsOf({ wsUrl, restUrl }: CollectFlags): Pick<CollectOptions, 'urls'> {
  if (wsUrl !== undefined && restUrl !== undefined) return { urls: { wsUrl, restUrl } }
  if (wsUrl === undefined && restUrl === undefined) return {}
  throw new CryptoFlowError(
    'reading the command line: found one of --ws-url and --rest-url, expected both or none',
    {
      kind: 'usage',
      reaction: 'stop',
    },
  )
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
