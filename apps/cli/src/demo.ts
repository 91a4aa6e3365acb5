import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { byName, openProgress, type ProgressLine, progressText, wholeNumber } from '@cryptoflow/console'
import { faultKinds, type SimCounters, type SimInWorker, startSimInWorker } from '@cryptoflow/exchange-sim'
import { lockFile } from '@cryptoflow/journal'
import { type Collector, imageDefaults, startCollector, tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { type TableReport, tableReport } from '@cryptoflow/reader'
import { type Clock, seededChance, sleep, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { DEMO_HOME, DEMO_WAREHOUSE, HOME } from './defaults.ts'
import { binanceMarkets, houses, operators } from './demo-cast.ts'
import { type ExchangeReport, exchangeReport } from './demo-exchanges.ts'
import { demoText } from './demo-text.ts'
import { type VerifyReport, verifyRun } from './inspect/verify.ts'

interface DemoFlags {
  readonly seconds: number
  readonly seed: number
  readonly json?: boolean
}

/** What a demo run found out. */
export interface DemoResult {
  readonly tables: readonly TableReport[]
  readonly exchanges: readonly ExchangeReport[]
  readonly report: VerifyReport
  readonly seconds: number
  readonly rowsPerSecond: number
  readonly warehouse: string
  readonly emissions: string
  readonly sim: SimCounters
}

const TRADES_PER_SECOND = 15
const LEVELS_PER_DIFF = 20
/** Messages per second that a symbol brings: trades, quotes, books, and what is told by the second. */
const MESSAGES_PER_SYMBOL = 2 * TRADES_PER_SECOND + 10
/** Faults in a run of either cast, whatever its length: each kind comes at least twice. */
const FAULTS = 14

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('collect a simulated exchange that misbehaves, then prove that every row is there once')
    .option('--seconds <n>', 'how long to collect', wholeNumber('--seconds', 2), 30)
    .option('--seed <n>', 'seed of the market and of the faults', wholeNumber('--seed', 0), 1)
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: DemoFlags) => {
      const result = await runDemo(flags)
      process.stdout.write(`${flags.json ? JSON.stringify(demoJson(result)) : demoText(result)}\n`)
      if (!result.report.ok) process.exitCode = 1
    })
}

async function runDemo(flags: DemoFlags): Promise<DemoResult> {
  const clock = systemClock()
  mkdirSync(HOME, { recursive: true })
  const unlock = lockFile(join(HOME, 'demo.lock'))
  try {
    rmSync(DEMO_HOME, { recursive: true, force: true })
    mkdirSync(DEMO_HOME, { recursive: true })
    return await collectAndVerify(flags, clock)
  } finally {
    unlock()
  }
}

async function collectAndVerify(flags: DemoFlags, clock: Clock): Promise<DemoResult> {
  const progress = openProgress(clock.nowUs)
  const emissions = join(DEMO_HOME, 'emissions.jsonl')
  const sim = await startSimInWorker({
    logPath: emissions,
    settings: { ...flow(flags, binanceMarkets), markets: binanceMarkets },
    stage: { ...flow(flags, houses), houses },
  })
  const startedUs = clock.nowUs()
  const collector = await startDemoCollector(flags, sim, clock)
  await watch(collector, flags.seconds, clock, progress)
  progress.show('stopping: draining, sealing, committing ...')
  await collector.stop()
  const seconds = (clock.nowUs() - startedUs) / 1_000_000
  const counters = await sim.close()
  progress.show('verifying with DuckDB against the emission log ...')
  const warehouse = warehouseAt(DEMO_WAREHOUSE).directory
  const files = await tableFiles(warehouseAt(DEMO_WAREHOUSE), clock)
  const report = await verifyRun({ files, warehouse, emissionLog: emissions, restarted: false })
  const tables = await tableReport(files)
  const exchanges = await exchangeReport(files, warehouse)
  progress.end()
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return {
    tables,
    exchanges,
    report,
    seconds,
    rowsPerSecond: rows / seconds,
    warehouse,
    emissions,
    sim: counters,
  }
}

/** A cast's pace and its faults, spaced so that each kind comes in a run of any length. */
function flow({ seed, seconds }: DemoFlags, cast: readonly { readonly symbols: readonly string[] }[]) {
  const perSecond = cast.flatMap(({ symbols }) => symbols).length * MESSAGES_PER_SYMBOL
  return {
    seed,
    tradesPerSecond: TRADES_PER_SECOND,
    levelsPerDiff: LEVELS_PER_DIFF,
    faults: {
      everyMessages: Math.max(20, Math.floor((seconds * perSecond) / (FAULTS + 1))),
      kinds: faultKinds,
      startAfterMessages: perSecond / 2,
    },
  }
}

function startDemoCollector(flags: DemoFlags, sim: SimInWorker, clock: Clock): Promise<Collector> {
  return startCollector({
    collections: [
      ...binanceMarkets.map(({ market, symbols }) => ({
        exchange: 'binance',
        market,
        urls: sim.urls[market],
        symbols,
        operators,
      })),
      ...houses.map(({ exchange, market, symbols }, at) => {
        const { wsUrl, restUrl } = sim.houses[at] as SimInWorker['houses'][number]
        return { exchange, market, urls: { wsUrl, restUrl }, symbols, operators }
      }),
    ],
    warehouseDirectory: DEMO_WAREHOUSE,
    images: imageDefaults,
    compression: 'zstd',
    sealEveryMs: 3_000,
    sealRows: 500_000,
    commit: { by: 'collector', everyMs: 2_000, voidAfterMs: Number.POSITIVE_INFINITY },
    threads: 1,
    // A demo's journal is small, and its disk is not its own.
    journal: { reserveBytes: 1 << 20 },
    backoff: { firstMs: 200, maxMs: 5_000, jitter: 0.25 },
    clock,
    chance: seededChance(flags.seed),
    drill: null,
    notice: () => {},
  })
}

/** Shows progress until the time is over; a collector that fails ends the watch with its failure. */
async function watch(
  collector: Collector,
  seconds: number,
  clock: Clock,
  progress: ProgressLine,
): Promise<void> {
  const endUs = clock.nowUs() + seconds * 1_000_000
  while (clock.nowUs() < endUs) {
    const pauseMs = Math.min(1000, Math.max(1, Math.ceil((endUs - clock.nowUs()) / 1000)))
    await Promise.race([sleep(clock, pauseMs), collector.ended])
    progress.show(progressText(collector, clock.nowUs()))
  }
}

/** The result under the names that scripts rely on. */
function demoJson({
  tables,
  exchanges,
  report,
  seconds,
  rowsPerSecond,
  warehouse,
}: DemoResult): Record<string, unknown> {
  const { emitted, stored, in_gaps, dead_letters, lost, doubled, gaps_injected, gaps_recorded } = report
  const { unanswered, undetectable } = report
  return {
    tables: byName(tables),
    exchanges,
    emitted,
    stored,
    in_gaps,
    dead_letters,
    unanswered,
    undetectable,
    lost,
    doubled,
    gaps_injected,
    gaps_recorded,
    seconds,
    rows_per_second: Math.round(rowsPerSecond),
    warehouse,
    ok: report.ok,
  }
}
