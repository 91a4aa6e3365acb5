import type { UndecidedConfig } from './check-collectors.ts'
import { channelsOf, type MarketFacts } from './facts.ts'
import type { Findings } from './findings.ts'
import type { KeyPath } from './key-path.ts'
import { hint, nearestName } from './nearest.ts'
import { sizeText } from './read-value.ts'
import { quoted } from './shown.ts'

/** Compares values that are right by themselves and wrong together. */
export function checkTogether(config: UndecidedConfig, facts: MarketFacts, findings: Findings): void {
  const { ingest, backoff, images, journal } = config
  const atMost = atMostOf(findings)
  atMost(['ingest', 'stale_after_ms'], ingest.staleAfterMs, ['ingest', 'stale_max_ms'], ingest.staleMaxMs)
  const rotation = ingest.rotateBeforeMs
  if (rotation !== null) {
    const path = ['ingest', 'rotate_before_ms']
    atMost([...path, 'min'], rotation.min, [...path, 'max'], rotation.max)
  }
  atMost(['backoff', 'first_ms'], backoff.firstMs, ['backoff', 'max_ms'], backoff.maxMs)
  atMost(['images', 'derived_levels'], images.derivedLevels, ['images', 'depth_cap'], images.depthCap)
  atMost(
    ['journal', 'segment_bytes'],
    journal.segmentBytes,
    ['journal', 'retention', 'bytes'],
    journal.retention.bytes,
    sizeText,
  )
  atMost(
    ['journal', 'flush_bytes'],
    journal.flushBytes,
    ['journal', 'segment_bytes'],
    journal.segmentBytes,
    sizeText,
  )
  checkSharding(config, findings)
  checkOverrides(config, facts, findings)
}

/** Tells the one of two numbers that was set when the first is above the second. */
function atMostOf(findings: Findings) {
  return (
    low: KeyPath,
    value: number,
    high: KeyPath,
    most: number,
    text: (value: number) => string = String,
  ): void => {
    if (value <= most || findings.isBroken(low) || findings.isBroken(high)) return
    const isLowSet = findings.sourceOf(low).origin !== 'default'
    const [path, message] = isLowSet
      ? [low, `expected at most ${high.join('.')} (${text(most)}), got ${text(value)}`]
      : [high, `expected at least ${low.join('.')} (${text(value)}), got ${text(most)}`]
    findings.problem(path, findings.sourceOf(path), message)
  }
}

function checkSharding({ sharding }: UndecidedConfig, findings: Findings): void {
  const { totalShards, replicaCount, replicaIndex, egressPool, perShardIpOverride } = sharding
  atMostOf(findings)(['sharding', 'replica_count'], replicaCount, ['sharding', 'total_shards'], totalShards)
  const index: KeyPath = ['sharding', 'replica_index']
  if (replicaIndex >= replicaCount && !findings.isBroken(index)) {
    const message = `expected less than sharding.replica_count (${replicaCount}), got ${replicaIndex}`
    findings.problem(index, findings.sourceOf(index), message)
  }
  for (const [shard, address] of Object.entries(perShardIpOverride)) {
    const path: KeyPath = ['sharding', 'per_shard_ip_override', shard]
    if (Number(shard) >= totalShards) {
      const message = `expected a shard below sharding.total_shards (${totalShards}), got ${shard}`
      findings.problem(path, findings.sourceOf(path), message)
    } else if (
      !egressPool.includes(address) &&
      !findings.isBroken(path) &&
      !findings.isBroken(['sharding', 'egress_pool'])
    ) {
      const message = `expected an address of sharding.egress_pool, got ${quoted(address)}`
      findings.problem(path, findings.sourceOf(path), message + hint(nearestName(address, egressPool)))
    }
  }
}

function checkOverrides({ channels }: UndecidedConfig, facts: MarketFacts, findings: Findings): void {
  for (const [exchange, byTable] of Object.entries(channels.overrides)) {
    const own = facts.filter((fact) => fact.exchange === exchange)
    const path: KeyPath = ['channels', 'overrides', exchange]
    const source = findings.sourceOf(path)
    if (own.length === 0) {
      const known = [...new Set(facts.map((fact) => fact.exchange))]
      findings.problem(
        path,
        source,
        `expected a known exchange, got ${quoted(exchange)}${hint(nearestName(exchange, known))}`,
      )
      continue
    }
    const tables = [
      ...new Set(
        own.flatMap((fact) =>
          channelsOf(fact, null)
            .map(({ table }) => table)
            .concat(Object.keys(fact.tables)),
        ),
      ),
    ]
    for (const table of Object.keys(byTable)) {
      if (tables.includes(table)) continue
      const message = `expected a table of ${exchange}, got ${quoted(table)}${hint(nearestName(table, tables))}`
      findings.problem([...path, table], findings.sourceOf([...path, table]), message)
    }
  }
}
