import { describe, expect, it } from 'vitest'
import { GOOD, problemsOf } from './testing/load-text.ts'

const with_ = (text: string) => problemsOf(`${GOOD}${text}`)

describe('values that belong together', () => {
  it('are in order, and the one that was set is told', () => {
    expect(with_('ingest: { stale_after_ms: 700000 }')).toEqual([
      'a.yaml:4:27: ingest.stale_after_ms: expected at most ingest.stale_max_ms (600000), got 700000',
    ])
    expect(with_('ingest: { stale_max_ms: 1000 }')).toEqual([
      'a.yaml:4:25: ingest.stale_max_ms: expected at least ingest.stale_after_ms (30000), got 1000',
    ])
    expect(with_('ingest: { rotate_before_ms: { min: 10, max: 5 } }')).toHaveLength(1)
    expect(with_('ingest: { rotate_before_ms: null }')).toEqual([])
    expect(with_('backoff: { first_ms: 70000 }')).toHaveLength(1)
    expect(with_('images: { depth_cap: 10 }')).toHaveLength(1)
    expect(with_('journal: { retention: { bytes: 1MiB } }')).toEqual([
      'a.yaml:4:32: journal.retention.bytes: expected at least journal.segment_bytes (64MiB), got 1MiB',
    ])
    expect(with_('journal: { segment_bytes: 1MiB, flush_bytes: 2MiB }')).toHaveLength(1)
  })

  it('are not compared when one of them is wrong by itself', () => {
    expect(with_('images: { depth_cap: -1, derived_levels: 5000 }')).toHaveLength(1)
  })

  it('are a replica below the count, and a count within the shards', () => {
    expect(with_('sharding: { replica_index: 4, replica_count: 4 }')).toEqual([
      'a.yaml:4:28: sharding.replica_index: expected less than sharding.replica_count (4), got 4',
    ])
    expect(with_('sharding: { replica_index: 3, replica_count: 4 }')).toEqual([])
    expect(with_('sharding: { total_shards: 2, replica_count: 3 }')).toHaveLength(1)
  })

  it('are shards that exist and addresses of the pool', () => {
    const text = (shard: string, address: string) =>
      with_(
        `sharding: { egress_pool: [10.0.0.1, "fe80::1"], per_shard_ip_override: { "${shard}": "${address}" } }`,
      )
    expect(text('1023', '10.0.0.1')).toEqual([])
    expect(text('0', 'fe80::1')).toEqual([])
    expect(text('1024', '10.0.0.1')).toEqual([
      expect.stringContaining('expected a shard below sharding.total_shards (1024), got 1024'),
    ])
    expect(text('1', '10.0.0.2')).toEqual([
      expect.stringContaining('expected an address of sharding.egress_pool, got "10.0.0.2"'),
    ])
    expect(text('01', '10.0.0.1')).toHaveLength(1)
    expect(with_('sharding: { egress_pool: [10.0.0.256] }')).toHaveLength(1)
  })

  it('are overrides of exchanges and tables that exist', () => {
    expect(with_('channels: { overrides: { binanc: {} } }')).toEqual([
      'a.yaml:4:26: channels.overrides.binanc: expected a known exchange, got "binanc"; did you mean "binance"?',
    ])
    expect(with_('channels: { overrides: { binance: { spot_detla: {} } } }')).toEqual([
      'a.yaml:4:37: channels.overrides.binance.spot_detla: expected a table of binance, got "spot_detla"; did you mean "spot_delta"?',
    ])
    expect(with_('channels: { overrides: { binance: { funding: { raw_cap: 1 } } } }')).toEqual([])
  })
})
