import type { Alarm, CollectNotice, Measurement } from '@cryptoflow/pipeline'
import type { Metrics } from '@cryptoflow/telemetry'

/** Takes what a collecting process measures into its metrics. */
export function takeMeasurement(metrics: Metrics, measurement: Measurement): void {
  switch (measurement.kind) {
    case 'block':
      takeBlock(metrics, measurement)
      break
    case 'cut':
      takeCut(metrics, measurement)
      break
    case 'round':
      takeRound(metrics, measurement)
      break
    case 'synced':
      metrics.observe('journal_fsync_duration_seconds', {}, measurement.seconds)
      break
    case 'maintenance':
      takeMaintenance(metrics, measurement)
      break
    case 'resync': {
      const { exchange, market, stream, symbol } = measurement.stream
      metrics.add('book_resyncs_total', { exchange, market, stream, symbol })
    }
  }
}

type Of<K extends Measurement['kind']> = Extract<Measurement, { kind: K }>

function takeBlock(metrics: Metrics, { seconds, operators, streams }: Of<'block'>): void {
  metrics.observe('operator_duration_seconds', { operator: 'lane' }, seconds)
  for (const { operator, seconds: own } of operators) {
    metrics.observe('operator_duration_seconds', { operator }, own)
  }
  for (const { messages, latencyMs, ...labels } of streams) {
    metrics.add('collector_messages_received_total', labels, messages)
    if (latencyMs === null) continue
    metrics.observe('collector_latency_exchange_to_collector_ms', labels, latencyMs)
  }
}

function takeCut(
  metrics: Metrics,
  { files, keys, books, gaps, deadLetters, operators, ids }: Of<'cut'>,
): void {
  for (const { table, rows, bytes, seconds } of files) {
    metrics.add('rows_total', { table }, rows)
    metrics.observe('flush_size_bytes', { table }, bytes)
    metrics.observe('flush_duration_seconds', { table }, seconds)
  }
  for (const { gaps: holes, duplicates, late, ...key } of keys) {
    metrics.add('collector_sequence_gaps_total', key, holes)
    metrics.add('collector_sequence_duplicates_total', key, duplicates)
    metrics.add('collector_sequence_out_of_order_total', key, late)
  }
  for (const { live, waiting, ...market } of books) {
    metrics.set('books_live', market, live)
    metrics.set('books_waiting', market, waiting)
  }
  for (const { rows, sizes, ...labels } of gaps) {
    metrics.add('seq_gaps_total', labels, rows)
    for (const size of sizes) metrics.observe('collector_sequence_gap_size', labels, size)
  }
  for (const { count, ...labels } of operators) metrics.add('operator_messages_total', labels, count)
  for (const { ids: remembered, farthest, ...labels } of ids) {
    metrics.set('dedupe_ids', labels, remembered)
    metrics.set('dedupe_farthest_ids', labels, farthest)
  }
  for (const { count, ...labels } of deadLetters) metrics.add('dead_letters_total', labels, count)
}

/** Of all kinds one is told, so that an alarm that is over is seen to be over. */
const ALARMS: readonly Alarm['kind'][] = ['late', 'hole', 'unattended']

function takeRound(
  metrics: Metrics,
  { tables, commits, writes, voided, pending, alarms }: Of<'round'>,
): void {
  for (const kind of alarms === null ? [] : ALARMS) {
    const count = alarms?.filter((alarm) => alarm.kind === kind).length ?? 0
    metrics.set('commit_alarms', { alarm: kind }, count)
  }
  for (const { table } of voided) metrics.add('epochs_voided_total', { table })
  const halted = tables.filter(({ outcome }) => outcome === 'halted')
  metrics.set('tables_halted', {}, halted.length)
  metrics.set('epochs_pending', {}, pending)
  for (const { table, outcome } of tables) {
    if (outcome === 'committed') metrics.add('collector_db_snapshots_written_total', { table })
  }
  for (const { table, outcome, seconds } of commits) {
    metrics.add('commits_total', { table, outcome })
    metrics.observe('s3tables_commit_latency_seconds', { table }, seconds)
  }
  for (const { operation, seconds, error } of writes) {
    metrics.observe('collector_db_write_seconds', { operation }, seconds)
    if (error !== null) metrics.add('collector_db_insert_errors_total', { error_type: error })
  }
}

function takeMaintenance(metrics: Metrics, { seconds, reports }: Of<'maintenance'>): void {
  metrics.observe('maintenance_duration_seconds', {}, seconds)
  for (const { table, refused, after, compacted, expired, orphans, metadata } of reports) {
    metrics.add('maintenance_files_joined_total', { table }, compacted.removed)
    metrics.add('maintenance_snapshots_expired_total', { table }, expired.snapshots)
    metrics.add('maintenance_files_deleted_total', { table }, expired.files + orphans.files)
    if (refused !== null) metrics.add('maintenance_refused_total', { table })
    if (after !== null) metrics.set('table_data_files', { table }, after.files)
    if (metadata === null) continue
    metrics.set('table_metadata_bytes', { table }, metadata.bytes)
    metrics.set('table_manifests', { table }, metadata.manifests)
  }
}

const RETRIES: Readonly<Partial<Record<CollectNotice['kind'], string>>> = {
  waiting: 'connect',
  'snapshot-failed': 'snapshot',
  'poll-failed': 'poll',
}

/** Counts notices of something that is tried again. */
export function takeNotice(metrics: Metrics, { kind }: CollectNotice): void {
  const operation = RETRIES[kind]
  if (operation !== undefined) metrics.add('retries_total', { operation })
}
