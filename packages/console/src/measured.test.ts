import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue, openMetrics } from '@cryptoflow/telemetry'
import { describe, expect, it } from 'vitest'
import { takeMeasurement, takeNotice } from './measured.ts'

const market = { exchange: 'x', market: 'spot' } as const

describe('what is measured', () => {
  it('stands in the metrics, of each kind', async () => {
    const metrics = openMetrics({ perSymbol: true, process: false })
    const stream = { ...market, stream: 'trade', symbol: 'A' }
    takeMeasurement(metrics, {
      kind: 'block',
      seconds: 0.002,
      operators: [{ operator: 'normalize', seconds: 0.001 }],
      streams: [
        { ...stream, messages: 7, latencyMs: 12 },
        { ...stream, stream: 'depth', messages: 3, latencyMs: null },
      ],
    })
    takeMeasurement(metrics, { kind: 'resync', stream })
    takeMeasurement(metrics, { kind: 'synced', seconds: 0.004 })
    takeMeasurement(metrics, {
      kind: 'cut',
      files: [{ table: 'ticks', rows: 5, bytes: 70_000, seconds: 0.1 }],
      keys: [{ ...market, symbol: 'A', gaps: 1, duplicates: 2, late: 3 }],
      books: [{ ...market, live: 4, waiting: 5 }],
      gaps: [{ ...market, table: 'ticks', rows: 2, sizes: [8] }],
      deadLetters: [{ ...market, reason: 'no json', count: 6 }],
      operators: [{ ...market, operator: 'filter', outcome: 'removed', count: 8 }],
      ids: [{ ...market, ids: 70, farthest: 12 }],
    })
    takeMeasurement(metrics, {
      kind: 'round',
      tables: [
        { table: 'ticks', outcome: 'committed' },
        { table: 'bbo', outcome: 'idle' },
      ],
      commits: [{ table: 'ticks', outcome: 'conflict', seconds: 0.2 }],
      writes: [{ operation: 'put', seconds: 0.01, error: 'ledger' }],
      alarms: [{ kind: 'unattended', level: 'warn', ageMs: 61_000, epochs: 1 }],
      voided: [{ table: 'ticks', writer: 'w', epoch: 3, why: 'why' }],
      pending: 9,
    })
    takeMeasurement(metrics, {
      kind: 'maintenance',
      seconds: 2,
      reports: [
        {
          table: 'ticks',
          refused: 'why',
          before: null,
          after: { files: 3, bytes: 1, snapshots: 1 },
          compacted: { removed: 20, added: 2, rows: 9, commits: 1, overtaken: 0, left: [] },
          expired: { snapshots: 5, files: 21 },
          orphans: { files: 1, bytes: 1 },
          metadata: { bytes: 700, manifests: 4 },
        },
      ],
    })
    takeNotice(metrics, { kind: 'waiting', reason: 'no such host', delayMs: 1000 })
    takeNotice(metrics, { kind: 'retired', segments: 1, bytes: 1 })
    const { text } = await metrics.scrape()
    for (const line of [
      'collector_messages_received_total{exchange="x",market="spot",stream="trade",symbol="A"} 7',
      'collector_messages_received_total{exchange="x",market="spot",stream="depth",symbol="A"} 3',
      'collector_latency_exchange_to_collector_ms_count{exchange="x",market="spot",stream="trade",symbol="A"} 1',
      'operator_duration_seconds_count{operator="lane"} 1',
      'operator_duration_seconds_sum{operator="normalize"} 0.001',
      'book_resyncs_total{exchange="x",market="spot",stream="trade",symbol="A"} 1',
      'journal_fsync_duration_seconds_sum 0.004',
      'rows_total{table="ticks"} 5',
      'operator_messages_total{exchange="x",market="spot",operator="filter",outcome="removed"} 8',
      'dedupe_ids{exchange="x",market="spot"} 70',
      'dedupe_farthest_ids{exchange="x",market="spot"} 12',
      'maintenance_duration_seconds_sum 2',
      'maintenance_files_joined_total{table="ticks"} 20',
      'maintenance_snapshots_expired_total{table="ticks"} 5',
      'maintenance_files_deleted_total{table="ticks"} 22',
      'maintenance_refused_total{table="ticks"} 1',
      'table_data_files{table="ticks"} 3',
      'table_manifests{table="ticks"} 4',
      'table_metadata_bytes{table="ticks"} 700',
      'flush_size_bytes_sum{table="ticks"} 70000',
      'flush_duration_seconds_sum{table="ticks"} 0.1',
      'collector_sequence_gaps_total{exchange="x",market="spot",symbol="A"} 1',
      'collector_sequence_duplicates_total{exchange="x",market="spot",symbol="A"} 2',
      'collector_sequence_out_of_order_total{exchange="x",market="spot",symbol="A"} 3',
      'books_live{exchange="x",market="spot"} 4',
      'books_waiting{exchange="x",market="spot"} 5',
      'seq_gaps_total{exchange="x",market="spot",table="ticks"} 2',
      'collector_sequence_gap_size_sum{exchange="x",market="spot",table="ticks"} 8',
      'dead_letters_total{exchange="x",market="spot",reason="no json"} 6',
      'epochs_pending 9',
      'epochs_voided_total{table="ticks"} 1',
      'collector_db_snapshots_written_total{table="ticks"} 1',
      'commits_total{table="ticks",outcome="conflict"} 1',
      's3tables_commit_latency_seconds_sum{table="ticks"} 0.2',
      'collector_db_write_seconds_sum{operation="put"} 0.01',
      'collector_db_insert_errors_total{error_type="ledger"} 1',
      'retries_total{operation="connect"} 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    expect(text).not.toContain(
      'latency_exchange_to_collector_ms_count{exchange="x",market="spot",stream="depth"',
    )
    expect(text).not.toContain('"idle"')
  })
})

describe('the catalogue of metrics', () => {
  it('has no metric that nobody tells', () => {
    const packages = join(import.meta.dirname, '..', '..')
    const files = globSync('{console,telemetry}/src/*.ts', { cwd: packages }).filter(
      (file) => !/\.test\.ts$|catalogue/.test(file),
    )
    const source = files.map((file) => readFileSync(join(packages, file), 'utf8')).join('\n')
    const untold = Object.keys(catalogue).filter((name) => !source.includes(`'${name}'`))
    expect(untold).toEqual([])
  })
})
