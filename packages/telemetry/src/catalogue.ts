/** Where a counter, gauge or histogram is described, once. */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence with the unit; no line end. */
  readonly help: string
  readonly labels: readonly string[]
  /** Also has the label `symbol` in a process that keeps series per symbol. Gauges never do: see `metrics.ts`. */
  readonly symbol?: true
  /** Upper bounds of a histogram's buckets, ascending, in the metric's unit. */
  readonly buckets?: readonly number[]
}

const market = ['exchange', 'market'] as const
const stream = ['exchange', 'market', 'stream'] as const
const table = ['table'] as const
const none = [] as const

/** From one machine to another on the same continent, up to a queue that has stood for half a minute. */
const latencyMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000]
/** Local disk and processor work. */
const workSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
/** Requests to a store or a catalog, with their retries. */
const remoteSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/** 16 kB to 512 MB: a file is meant to have about 128 MB. */
const fileBytes = [
  2 ** 14,
  2 ** 16,
  2 ** 18,
  2 ** 20,
  2 ** 22,
  2 ** 24,
  2 ** 25,
  2 ** 26,
  2 ** 27,
  2 ** 28,
  2 ** 29,
]
const gapSizes = [1, 2, 5, 10, 50, 100, 500, 1000, 10_000, 100_000]

/**
 * Every metric of CryptoFlow by its name.
 *
 * Names are a contract: dashboards and alerts of others stand on them. Base units (seconds, bytes, ratio) and
 * `_total` on counters, except where a name is older than this table. Label values come from the config and the
 * registry; `symbol` alone comes from the wire, so it is there only when asked for. No label has a shard: shards
 * times buckets is what fills a Prometheus.
 */
export const catalogue = {
  // Sockets.
  collector_websocket_connected: gauge('Connections whose subscriptions are all acknowledged.', market),
  collector_websocket_configured: gauge('Connections that the plan has.', market),
  collector_websocket_reconnects_total: counter('Connections subscribed again after one was lost.', market),
  collector_message_timeouts_total: counter('Connections given up because nothing came.', market),
  reader_messages_total: counter('Frames received, read or not.', market),
  reader_bytes_total: counter('Bytes of frames and REST bodies received.', market),
  reader_connects_total: counter('Connections opened.', market),
  reader_disconnects_total: counter('Connections that ended, for any cause.', market),
  reader_replaced_total: counter('Connections that a successor took over from.', market),
  reader_unreadable_total: counter('Connections given up because most frames could not be read.', market),
  reader_mute_total: counter('Subscriptions acknowledged and not heard in time.', market),
  reader_pauses_total: counter('Times that sockets were paused because the disk was behind.', market),
  reader_snapshots_total: counter(
    'Book snapshots asked for, by REST or for an audit, by outcome (ok, failed).',
    [...market, 'outcome'],
  ),
  reader_polls_total: counter('Polls over REST, by outcome (ok, failed).', [...market, 'outcome']),

  // Messages and sequences.
  collector_messages_received_total: symbolCounter('Messages decoded.', stream),
  collector_messages_dropped_total: counter(
    'Messages heard and not journaled: the last resort of a full disk.',
    market,
  ),
  collector_latency_exchange_to_collector_ms: symbolHistogram(
    "Milliseconds from the exchange's time to the arrival of the last message of each batch; 0 when its clock is ahead of ours.",
    stream,
    latencyMs,
  ),
  collector_sequence_gaps_total: symbolCounter('Holes found or opened in the streams of a symbol.', market),
  collector_sequence_gap_size: histogram(
    'Sequence numbers missing in a hole, where they are counted.',
    [...market, 'table'],
    gapSizes,
  ),
  collector_sequence_out_of_order_total: symbolCounter(
    'Messages heard behind one that comes after them, stored all the same.',
    market,
  ),
  collector_sequence_duplicates_total: symbolCounter('Messages heard again and not stored again.', market),
  seq_gaps_total: counter('Rows written to the table of gaps, whatever the cause.', [...market, 'table']),
  dead_letters_total: counter('Messages that could not be read, kept with their bytes.', [
    ...market,
    'reason',
  ]),
  book_resyncs_total: symbolCounter('Snapshots that order books asked for, the first ones included.', stream),
  books_live: gauge('Order books that are right now.', market),
  books_waiting: gauge('Order books that wait for a snapshot.', market),

  // Channels and lanes.
  channel_depth: gauge('Items waiting in a channel.', ['channel']),
  channel_occupancy_ratio: gauge('Share of a channel that is filled, 0 to 1.', ['channel']),
  channel_high_water: gauge('Most items that ever waited in a channel.', ['channel']),
  channel_filling: gauge('1 while a channel has been fuller than 80 % for a second, else 0.', ['channel']),
  channel_left_total: counter('Items that found no room in a channel and were read from the disk.', [
    'channel',
  ]),
  channel_enqueue_delay_seconds: histogram(
    'Seconds that an item waited in a channel.',
    ['channel'],
    workSeconds,
  ),
  drops_total: counter('Items that a full channel gave up, by its policy.', ['channel', 'policy']),
  operator_duration_seconds: histogram(
    'Seconds of one batch in one step (lane: all of it; normalize: without reading, from dedupe to book, which go message by message and have no times of their own; images: books written; aggregate: bars with their watermark).',
    ['operator'],
    workSeconds,
  ),
  operator_messages_total: counter(
    'Messages that an operator did something with, by what (dedupe: repeat; sequence: gap, late; filter: removed; book: applied, asked, crossed; images: derived, checkpoint; watermark: late, dropped; aggregate: bar, revision).',
    [...market, 'operator', 'outcome'],
  ),
  dedupe_ids: gauge('Ids remembered to know repeats by, of all streams together.', market),
  dedupe_farthest_ids: gauge(
    'Of the repeats found, how many ids of its stream the farthest lay behind: what a window must hold.',
    market,
  ),
  lane_lag_seconds: gauge('Seconds from the arrival of the last record that became rows until now.', none),
  rows_total: counter('Rows in sealed files.', table),

  // Journal.
  journal_records_total: counter('Records appended to the journal.', none),
  journal_bytes_total: counter('Bytes of the journal written to the disk.', none),
  journal_unsynced_records: gauge('Records appended and not yet durable.', none),
  journal_unread_records: gauge('Durable records that have not become rows yet.', none),
  journal_fsync_duration_seconds: histogram('Seconds of one write with its fsync.', none, workSeconds),
  journal_disk_bytes: gauge('Bytes that the journal takes on the disk.', none),
  disk_free_bytes: gauge('Bytes free on the disk of the journal.', none),
  disk_full_in_seconds: gauge(
    'Seconds until that disk is full if it goes on as in the last ten minutes; 0 when nothing is lost.',
    none,
  ),
  journal_full_disks_total: counter('Times the disk was found full.', none),
  journal_refused_records_total: counter('Records refused because the disk was full.', none),

  // Files, stores, commits.
  flush_size_bytes: histogram('Bytes of one sealed data file.', table, fileBytes),
  flush_duration_seconds: histogram('Seconds to sort, encode and store one data file.', table, remoteSeconds),
  collector_db_write_seconds: histogram(
    'Seconds of one write to ledger (put, mark) or catalog (commit).',
    ['operation'],
    remoteSeconds,
  ),
  collector_db_insert_errors_total: counter('Writes to ledger or catalog that failed, by error kind.', [
    'error_type',
  ]),
  collector_db_snapshots_written_total: counter('Table snapshots committed.', table),
  s3tables_commit_latency_seconds: histogram(
    'Seconds of one table commit, whatever the catalog.',
    table,
    remoteSeconds,
  ),
  commits_total: counter(
    'Swaps of a table in the catalog by outcome (committed, conflict, unknown, failed).',
    ['table', 'outcome'],
  ),
  commit_age_seconds: gauge('Seconds since the last commit.', none),
  epochs_pending: gauge('Sealed epochs that are not in all their tables yet.', none),
  commit_alarms: gauge(
    'Writers whose requests wait too long (late) or for a lost one (hole), or 1 when nobody commits (unattended).',
    ['alarm'],
  ),
  epochs_voided_total: counter(
    'Epochs that a table passed over: too old, without their file, or refused; their rows come again.',
    table,
  ),
  tables_halted: gauge('Tables that need a person before anything is committed to them.', none),

  // Tables looked after.
  maintenance_duration_seconds: histogram(
    'Seconds of one round of compaction, expiry and the search for orphans.',
    none,
    remoteSeconds,
  ),
  maintenance_files_joined_total: counter('Data files that compaction replaced by fewer.', table),
  maintenance_snapshots_expired_total: counter('Table snapshots forgotten.', table),
  maintenance_files_deleted_total: counter('Files deleted: of forgotten snapshots, and orphans.', table),
  maintenance_refused_total: counter('Rounds that left a table, or a part of the work, as it was.', table),
  table_data_files: gauge('Data files that the table shows, as of the last round of maintenance.', table),
  table_manifests: gauge('Manifests that the table lists, as of the last round of maintenance.', table),
  table_metadata_bytes: gauge(
    "Bytes of the table's metadata file, which every commit writes anew, as of the last round of maintenance.",
    table,
  ),

  // Resilience.
  breaker_open: gauge('1 while a host that kept failing is left alone or tried once, else 0.', [
    'dependency',
  ]),
  retries_total: counter('Operations tried again (connect, snapshot, poll).', ['operation']),

  // Telemetry about itself.
  log_lines_total: counter('Log lines written.', ['level']),
  log_bytes_total: counter('Bytes of log lines written.', none),
  log_suppressed_total: counter('Log lines left out by sampling.', ['level']),
  log_failures_total: counter('Log lines lost: the disk or the reader did not take them.', none),
  ops_requests_total: counter('Requests to this server by answer.', ['status']),
  telemetry_series_folded_total: counter(
    'Values that went to a series `other` or nowhere: too many series.',
    ['metric'],
  ),
  telemetry_values_refused_total: counter('Values that were no number, or below 0 where that cannot be.', [
    'metric',
  ]),
  cryptoflow_build_info: gauge('1, with the version and git commit of the running code.', ['version', 'sha']),
} as const satisfies Readonly<Record<string, MetricSpec>>

/**
 * Names that users of older layouts know, for things that are not there yet: no metric may take one of them for
 * something else. Each comes into the catalogue with its first caller.
 */
export const reservedNames = [
  'collector_archive_failures_total',
  'collector_archives_completed_total',
  'collector_s3_upload_seconds',
  'collector_snapshots_archived_total',
  'egress_connections',
  'egress_cooldowns_total',
  'exchange_weight_used_ratio',
  'idempotency_dupe_total',
  'rate_limited_total',
  's3_upload_retries_total',
] as const

/** The name of a metric of the catalogue. */
export type MetricName = keyof typeof catalogue

type OfType<T extends MetricSpec['type']> = {
  [N in MetricName]: (typeof catalogue)[N]['type'] extends T ? N : never
}[MetricName]

export type CounterName = OfType<'counter'>
export type GaugeName = OfType<'gauge'>
export type HistogramName = OfType<'histogram'>

/** The labels that a value of the metric must come with; `symbol` is left out when nobody asked for it. */
export type LabelsOf<N extends MetricName> = {
  readonly [L in (typeof catalogue)[N]['labels'][number]]: string
} & ((typeof catalogue)[N] extends { readonly symbol: true } ? { readonly symbol?: string } : unknown)

/** The description of a metric without its literal types. */
export function specOf(name: MetricName): MetricSpec {
  return catalogue[name]
}

function counter<const L extends readonly string[]>(help: string, labels: L) {
  return { type: 'counter', help, labels } as const
}

function symbolCounter<const L extends readonly string[]>(help: string, labels: L) {
  return { ...counter(help, labels), symbol: true } as const
}

function gauge<const L extends readonly string[]>(help: string, labels: L) {
  return { type: 'gauge', help, labels } as const
}

function histogram<const L extends readonly string[]>(help: string, labels: L, buckets: readonly number[]) {
  return { type: 'histogram', help, labels, buckets } as const
}

function symbolHistogram<const L extends readonly string[]>(
  help: string,
  labels: L,
  buckets: readonly number[],
) {
  return { ...histogram(help, labels, buckets), symbol: true } as const
}
