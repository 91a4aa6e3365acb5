import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogue, type MetricName, reservedNames, specOf } from './catalogue.ts'
import { catalogueMarkdown } from './catalogue-markdown.ts'
import { processMetrics } from './process-metrics.ts'

const names = Object.keys(catalogue) as MetricName[]

test('has every metric that users of the older layouts know, or keeps its name free', () => {
  expect([...names, ...reservedNames]).toEqual(
    expect.arrayContaining([
      'channel_depth',
      'channel_occupancy_ratio',
      'channel_enqueue_delay_seconds',
      'reader_messages_total',
      'seq_gaps_total',
      'drops_total',
      'flush_size_bytes',
      'flush_duration_seconds',
      's3_upload_retries_total',
      's3tables_commit_latency_seconds',
      'idempotency_dupe_total',
      'collector_websocket_connected',
      'collector_websocket_reconnects_total',
      'collector_messages_received_total',
      'collector_messages_dropped_total',
      'collector_message_timeouts_total',
      'collector_latency_exchange_to_collector_ms',
      'collector_sequence_gaps_total',
      'collector_sequence_gap_size',
      'collector_sequence_out_of_order_total',
      'collector_sequence_duplicates_total',
      'collector_db_write_seconds',
      'collector_db_snapshots_written_total',
      'collector_db_insert_errors_total',
      'collector_archives_completed_total',
      'collector_snapshots_archived_total',
      'collector_s3_upload_seconds',
      'collector_archive_failures_total',
    ]),
  )
})

test('gives no name away that it keeps free', () => {
  expect(names.filter((name) => (reservedNames as readonly string[]).includes(name))).toEqual([])
})

test('names, labels and texts follow the rules', () => {
  for (const name of names) {
    const { type, help, labels, symbol, buckets } = specOf(name)
    expect(name).toMatch(/^[a-z][a-z0-9_]+$/)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    expect(help, name).toMatch(/^[^\n|]+\.$/)
    expect(new Set(labels).size, name).toBe(labels.length)
    // A label called symbol would be there without being asked for; one called shard multiplies everything.
    expect(labels, name).not.toContain('symbol')
    expect(labels, name).not.toContain('shard')
    for (const label of labels) expect(label, name).toMatch(/^[a-z][a-z_]+$/)
    expect(symbol === true && type === 'gauge', name).toBe(false)
    expect(buckets !== undefined, name).toBe(type === 'histogram')
    expect(buckets ?? [], name).toEqual([...(buckets ?? [])].sort((a, b) => a - b))
    expect(processMetrics as readonly string[]).not.toContain(name)
  }
})

test('the page of metrics is the catalogue', () => {
  const page = join(import.meta.dirname, '../../../docs/operations/metrics.md')
  expect(readFileSync(page, 'utf8')).toBe(catalogueMarkdown())
})

test('each metric has one row in the page of metrics', () => {
  const rows = catalogueMarkdown().split('\n')
  for (const name of names) expect(rows.filter((row) => row.startsWith(`| \`${name}\` |`))).toHaveLength(1)
  for (const row of rows.filter((line) => line.startsWith('|'))) expect(row.split('|')).toHaveLength(7)
})
