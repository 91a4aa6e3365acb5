import { exchangeMarkets } from '@cryptoflow/exchanges'
import { type DurableStep, durableSteps, type Market, type TableName } from '@cryptoflow/model'
import {
  type Collector,
  type CrashDrill,
  type MarketCollection,
  startCollector,
  VERSION,
} from '@cryptoflow/pipeline'
import { type Clock, CryptoFlowError, seededChance, systemClock } from '@cryptoflow/runtime'
import { Command } from 'commander'
import { images } from './images.ts'
import { noticeText, progressText } from './progress.ts'
import { explain, onStopSignal, openProgress, wholeNumber } from './terminal.ts'

interface CollectFlags {
  readonly exchange: string
  readonly market: string
  readonly symbols: string
  readonly streams?: string
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

/** The command `collect`: any tables of a market together. */
export function addCollect(program: Command): void {
  const command = program
    .command('collect')
    .description('collect a market into a warehouse until interrupted')
    .option(
      '--streams <list>',
      'tables (ticks,spot_delta,bbo) or the exchange’s own channels (depth@500ms); default: every table of the market',
    )
  withFlags(command).action((flags: CollectFlags) => collect(flags))
}

/**
 * Runs a process that collects these tables and nothing else: what a thin collector app is. Ends the process with
 * status 1 and an explanation when it fails.
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
    process.exit(1)
  }
}

function withFlags(command: Command): Command {
  return command
    .requiredOption('--symbols <list>', 'symbols as the exchange writes them, separated by commas')
    .requiredOption('--warehouse <dir>', 'warehouse directory; made when it is not there')
    .option('--exchange <name>', 'exchange', exchangeMarkets[0]?.exchange)
    .option('--market <market>', 'spot, linear (margined in the quote) or inverse (in the base)', 'spot')
    .option('--ws-url <url>', 'WebSocket scheme, host and port other than the exchange’s own')
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
}

async function collect(flags: CollectFlags): Promise<void> {
  const clock = systemClock()
  const progress = openProgress(clock.nowUs)
  const collector = await startCollector({
    collections: [collectionOf(flags)],
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

function collectionOf(flags: CollectFlags): MarketCollection {
  const { exchange, market, streams } = flags
  return {
    exchange,
    market: market as Market,
    ...urlsOf(flags),
    symbols: listOf(flags.symbols),
    ...(streams === undefined ? {} : { streams: listOf(streams) }),
  }
}

/** The parts of a list with commas; an empty part is nobody's name. */
function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Both addresses or none: half a simulator would be collected beside half the real exchange. */
function urlsOf({ wsUrl, restUrl }: CollectFlags): Pick<MarketCollection, 'urls'> {
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
