import { type Config, type Flag, loadConfig, problemText, readInput } from '@cryptoflow/config'
import type { MarketOperators } from '@cryptoflow/model'
import type { CollectOptions, MaintenanceSettings } from '@cryptoflow/pipeline'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { exchangeFacts } from './facts.ts'

const HOUR_MS = 3_600_000

/** What of a collecting process stands in its configuration. */
export type Settings = Omit<CollectOptions, 'clock' | 'chance' | 'drill' | 'notice'>

/** A checked configuration, and what a person should know of it. */
export interface LoadedSettings {
  readonly config: Config
  readonly settings: Settings
  readonly warnings: readonly string[]
}

/** Wrong configuration: every problem at once, a line each. */
export class ConfigError extends CryptoFlowError {
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super('reading the configuration: it cannot be used', { kind: 'config', reaction: 'stop' })
    this.lines = lines
  }
}

/**
 * Flags over environment over file over defaults, checked together. Throws ConfigError with all problems when it
 * cannot be used. `isCollecting`: whether there must be something to collect.
 */
export function loadSettings(
  path: string | undefined,
  flags: readonly Flag[],
  isCollecting = true,
): LoadedSettings {
  const read = readInput(path === undefined ? {} : { path })
  const facts = exchangeFacts()
  const { config, problems, warnings } = loadConfig({ ...read, flags, facts, isCollecting })
  if (config === null) throw new ConfigError(problems.map(problemText))
  return { config, settings: settingsOf(config), warnings: warnings.map(problemText) }
}

/** The configuration in the pipeline's words. */
export function settingsOf(config: Config): Settings {
  const { warehouse, journal, images, parquet, seal, commit, threads, channels, audit } = config
  return {
    collections: config.collectors.map(collectionOf),
    warehouseDirectory: warehouse.directory,
    images: {
      derivedEveryUs: images.derivedEveryMs * 1000,
      derivedLevels: images.derivedLevels,
      checkpointEveryUs: images.checkpointEveryMs * 1000,
      depthCap: images.depthCap,
    },
    compression: parquet.compression,
    fileBounds: fileBoundsOf(config),
    sealEveryMs: Math.min(seal.everyMs, parquet.flushIntervalMs ?? seal.everyMs),
    sealRows: seal.rows,
    commit: roleOf(config),
    sealBytes: seal.bytes,
    threads: threads === 0 ? 0 : 1,
    journalName: journal.name,
    journal,
    channels,
    auditEveryMs: audit.enabled ? audit.everyMs : null,
    ingestLimits: config.ingest,
    localAddress: config.egress.localAddress,
    backoff: config.backoff,
    // Whoever commits for many also looks after their tables.
    ...(commit.by === 'collector' ? maintenanceSettings(config) : {}),
  }
}

/** Who commits, how often, and until when. */
export function roleOf({ commit }: Pick<Config, 'commit'>): Settings['commit'] {
  const { by, everyMs, voidAfterHours } = commit
  return { by, everyMs, voidAfterMs: voidAfterHours * HOUR_MS }
}

/** What a process that looks after the tables is told of it; nothing where it is not to. */
export function maintenanceSettings(config: Pick<Config, 'maintenance'>): Pick<Settings, 'maintenance'> {
  const { enabled, everyMs } = config.maintenance
  return enabled ? { maintenance: { ...maintenanceOf(config), everyMs } } : {}
}

/** How large row groups and data files become. */
function fileBoundsOf({ parquet }: Pick<Config, 'parquet'>): NonNullable<Settings['fileBounds']> {
  const { rowGroupRows, rowGroupBytes, targetMb } = parquet
  return { rowGroupRows, rowGroupBytes, fileBytes: targetMb * 1_000_000 }
}

/** How the tables are looked after, in the pipeline's words. */
export function maintenanceOf({ maintenance }: Pick<Config, 'maintenance'>): MaintenanceSettings {
  const { compact, expire, orphans } = maintenance
  return {
    compact,
    expire:
      expire === null ? null : { keepMs: expire.keepHours * HOUR_MS, snapshotsMax: expire.keepSnapshots },
    orphans: orphans === null ? null : { minAgeMs: orphans.minAgeHours * HOUR_MS },
  }
}

function collectionOf(collector: Config['collectors'][number]): Settings['collections'][number] {
  const { exchange, market, streams, symbols, pollEveryMs, expectWithinMs } = collector
  const { wsUrl, restUrl, paths, bookDepth, bookPoll } = collector
  const operators = operatorsOf(collector)
  const urls = {
    ...(wsUrl === null ? {} : { wsUrl }),
    ...(restUrl === null ? {} : { restUrl }),
    ...(Object.keys(paths).length === 0 ? {} : { paths }),
    ...(bookDepth === null ? {} : { bookDepth }),
  }
  return {
    exchange,
    market,
    symbols,
    pollEveryMs,
    expectWithinMs,
    ...(Object.keys(urls).length === 0 ? {} : { urls }),
    ...(streams === null ? {} : { streams }),
    ...(bookPoll === null ? {} : { bookPoll }),
    ...(operators === null ? {} : { operators }),
  }
}

/** Without what is not said: it becomes part of the journal. Null: nothing is done. */
function operatorsOf({ operators }: Config['collectors'][number]): MarketOperators | null {
  const filter = Object.fromEntries(
    Object.entries(operators.filter).map(([table, rules]) => [table, withoutNulls(rules)]),
  )
  const windows = operators.aggregate?.windows ?? null
  const own: MarketOperators = {
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
    ...(operators.dedupe === null ? {} : { dedupe: operators.dedupe }),
    ...(windows === null ? {} : { aggregate: { windows }, watermark: operators.watermark }),
  }
  return Object.keys(own).length === 0 ? null : own
}

function withoutNulls<T extends object>(given: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(given).filter(([, value]) => value !== null)
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> }
}
