import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ConfigFlags, flagsOf, loadSettings, withConfigFlags } from '@cryptoflow/console'
import { connectSpanMs } from '@cryptoflow/ingest'
import { type Forecast, forecast, freeBytes } from '@cryptoflow/journal'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { busySymbol } from './plan-assumptions.ts'
import {
  type BudgetPlan,
  type MarketPlan,
  type PlannedMarket,
  planBudgets,
  planMarket,
  plannedMarket,
} from './plan-figures.ts'
import { type LoadPlan, planLoad } from './plan-load.ts'
import { planText } from './plan-text.ts'
import { asciiJson, usage } from './text.ts'

/** What collecting would ask of exchange and disk. */
export interface Plan {
  readonly markets: readonly MarketPlan[]
  readonly budgets: readonly BudgetPlan[]
  /** Seconds between the first and the last connect. */
  readonly connectSeconds: number
  /** Share of a busy symbol's traffic that each symbol is taken to have. */
  readonly activity: number
  readonly load: LoadPlan
  readonly disk: DiskPlan
}

/** The disk under a warehouse, were it filled as the load says. */
export interface DiskPlan {
  readonly directory: string
  readonly freeBytes: number
  readonly journalBytesPerDay: number
  readonly tableBytesPerDay: number
  /** What the journal grows to before retention takes as much as comes. */
  readonly journalBytesMax: number
  /** The journal alone: when retention begins, and whether in time. */
  readonly journal: Forecast
  /** Days until the tables have filled what the journal leaves; Infinity when nothing comes. */
  readonly fullInDays: number
}

const DAY_S = 86_400

/** The command `plan`. */
export function addPlan(program: Command): void {
  withConfigFlags(
    program
      .command('plan')
      .description('compute what a configuration asks of the exchange and of the disk, before it starts'),
  )
    .option('--activity <share>', 'how busy each symbol is, 1: as the busiest there are', share, 1)
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: ConfigFlags & { activity: number; json?: boolean }) => {
      const plan = await makePlan(flags, flags.activity)
      process.stdout.write(`${flags.json ? asciiJson(plan) : planText(plan)}\n`)
    })
}

async function makePlan(flags: ConfigFlags, activity: number): Promise<Plan> {
  const { config, settings, warnings } = loadSettings(flags.config, flagsOf(flags))
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
  const { collections, auditEveryMs = null } = settings
  const markets = collections.map((collection) => plannedMarket(collection, auditEveryMs))
  const load = planLoad(markets, config.images, activity)
  const isZstd = config.journal.compression === 'zstd'
  const journal = load.journalBytesPerSecond / (isZstd ? busySymbol.zstdRatio : 1)
  return {
    markets: markets.map(planMarket),
    budgets: planBudgets(markets),
    connectSeconds: connectSeconds(markets, config.ingest.connectEveryMs),
    activity,
    load,
    disk: await planDisk(config.warehouse.directory, journal, load, config.journal),
  }
}

/** Hosts are connected to beside one another, each at the pace of the first market that asks. */
function connectSeconds(markets: readonly PlannedMarket[], everyMs: number): number {
  const connects = markets.flatMap((each) => {
    const { routes, connectsPerFiveMinutesMax } = planMarket(each)
    return routes.map(({ address, connections }) => ({
      host: new URL(address).host,
      connections,
      connectsPerFiveMinutesMax,
    }))
  })
  const spansMs = [...Map.groupBy(connects, ({ host }) => host).values()].map((own) => {
    const count = own.reduce((total, { connections }) => total + connections, 0)
    return connectSpanMs(count, own[0]?.connectsPerFiveMinutesMax ?? 1, everyMs)
  })
  return Math.max(0, ...spansMs) / 1000
}

async function planDisk(
  path: string,
  journalBytesPerSecond: number,
  { tables }: LoadPlan,
  { retention, reserveBytes }: { retention: { days: number; bytes: number }; reserveBytes: number },
): Promise<DiskPlan> {
  const directory = resolve(path)
  const free = Math.max(0, (await freeBytes(standing(directory))) - reserveBytes)
  const tableBytesPerDay = tables.reduce((total, { bytesPerSecond }) => total + bytesPerSecond, 0) * DAY_S
  const journalBytesPerDay = journalBytesPerSecond * DAY_S
  const journalBytesMax = Math.min(retention.bytes, retention.days * journalBytesPerDay)
  const nowUs = systemClock().nowUs()
  return {
    directory,
    freeBytes: free,
    journalBytesPerDay,
    tableBytesPerDay,
    journalBytesMax,
    journal: forecast({
      bytesPerSecond: journalBytesPerSecond,
      freeBytes: free,
      bytes: 0,
      oldestUs: nowUs,
      policy: retention,
      nowUs,
    }),
    fullInDays: daysUntilFull(free, { journalBytesPerDay, journalBytesMax, tableBytesPerDay }),
  }
}

/** The journal grows until retention holds it; the tables grow for ever. */
function daysUntilFull(
  free: number,
  plan: Pick<DiskPlan, 'journalBytesPerDay' | 'journalBytesMax' | 'tableBytesPerDay'>,
): number {
  const { journalBytesPerDay, journalBytesMax, tableBytesPerDay } = plan
  const both = free / (journalBytesPerDay + tableBytesPerDay)
  if (!Number.isFinite(both)) return Number.POSITIVE_INFINITY
  const isBeforeRetention = both * journalBytesPerDay <= journalBytesMax
  return isBeforeRetention ? both : (free - journalBytesMax) / tableBytesPerDay
}

/** The directory itself, or the nearest one above it that is there. */
export function standing(directory: string): string {
  return existsSync(directory) ? directory : standing(dirname(directory))
}

function share(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 100) return value
  throw usage(
    `reading the command line: --activity is ${asciiJson(text)}, expected a number above 0, at most 100`,
  )
}
