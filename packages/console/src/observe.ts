import type { ChannelReading } from '@cryptoflow/channels'
import type { Config } from '@cryptoflow/config'
import { build, type Collector, type CommittingProcess } from '@cryptoflow/pipeline'
import type { Clock } from '@cryptoflow/runtime'
import {
  breakersCheck,
  channelsCheck,
  commitCheck,
  connectionsCheck,
  type HealthServer,
  type Metrics,
  openHealthServer,
  openMetrics,
  writersCheck,
} from '@cryptoflow/telemetry'

/** A process is ready while its last commit is not older than this many commit intervals, and at least a minute. */
const COMMIT_INTERVALS_MAX = 6
const COMMIT_AGE_SECONDS_MIN = 60

/** The metrics of a collecting process; null when the configuration does not ask for them. */
export function openProcessMetrics({ metrics: settings }: Pick<Config, 'metrics'>): Metrics | null {
  if (!settings.enabled) return null
  const metrics = openMetrics({ perSymbol: settings.perSymbol })
  metrics.set('cryptoflow_build_info', { version: build.version, sha: build.sha ?? 'unknown' }, 1)
  return metrics
}

/** Metrics and health over HTTP. */
export async function openObservation(
  { metrics: settings, commit }: Pick<Config, 'metrics' | 'commit'>,
  collector: Collector,
  metrics: Metrics,
  clock: Clock,
): Promise<HealthServer> {
  followCollector(metrics, collector, clock)
  const { board, channels, journal } = collector
  const checks = [
    connectionsCheck(() =>
      collector.markets().map(({ exchange, market, connections }) => ({
        collector: `${exchange} ${market}`,
        ...connections,
      })),
    ),
    breakersCheck(collector.breakers),
    writersCheck(() => [
      { writer: 'journal', problem: journal.isFull ? `the disk is full: ${journal.directory}` : null },
    ]),
    channelsCheck(channels.readings),
    commitCheck({
      clock,
      ageSecondsMax: commitAgeSecondsMax(commit),
      lastCommitUs: () => board.get('committedUs') || null,
      isWorkWaiting: () => board.get('released') < board.get('sealed'),
    }),
  ]
  return openHealthServer({
    host: settings.host,
    port: settings.port,
    clock,
    checks,
    metrics,
    version: build,
  })
}

/** The same for a process that commits and does nothing else. */
export function openCommitObservation(
  { metrics: settings, commit }: Pick<Config, 'metrics' | 'commit'>,
  { progress }: CommittingProcess,
  metrics: Metrics,
  clock: Clock,
): Promise<HealthServer> {
  metrics.follow('commit_age_seconds', {}, () => secondsSince(clock, progress.committedUs))
  const checks = [
    writersCheck(() => [
      { writer: 'committer', problem: null },
      ...[...progress.halted].map(([table, why]) => ({ writer: table, problem: `halted: ${why}` })),
    ]),
    commitCheck({
      clock,
      ageSecondsMax: commitAgeSecondsMax(commit),
      lastCommitUs: () => progress.committedUs || null,
      isWorkWaiting: () => progress.backlogs.length > 0,
    }),
  ]
  const { host, port } = settings
  return openHealthServer({ host, port, clock, checks, metrics, version: build })
}

function commitAgeSecondsMax({ everyMs }: Config['commit']): number {
  return Math.max(COMMIT_AGE_SECONDS_MIN, (COMMIT_INTERVALS_MAX * everyMs) / 1000)
}

/** Everything that the process counts anyway, read when somebody asks. */
function followCollector(metrics: Metrics, collector: Collector, clock: Clock): void {
  const { board, channels, journal } = collector
  for (const { exchange, market } of collector.markets()) {
    const labels = { exchange, market }
    const now = () => collector.markets().find((one) => one.exchange === exchange && one.market === market)
    const count = (name: keyof Collector['counters']) => () => now()?.counters[name] ?? 0
    metrics.follow('collector_websocket_connected', labels, () => now()?.connections.up ?? 0)
    metrics.follow('collector_websocket_configured', labels, () => now()?.connections.total ?? 0)
    metrics.follow('collector_websocket_reconnects_total', labels, count('reconnects'))
    metrics.follow('collector_message_timeouts_total', labels, count('timeouts'))
    metrics.follow('collector_messages_dropped_total', labels, count('dropped'))
    metrics.follow('reader_messages_total', labels, count('frames'))
    metrics.follow('reader_bytes_total', labels, count('bytes'))
    metrics.follow('reader_connects_total', labels, count('connects'))
    metrics.follow('reader_disconnects_total', labels, count('disconnects'))
    metrics.follow('reader_replaced_total', labels, count('replaced'))
    metrics.follow('reader_unreadable_total', labels, count('unreadable'))
    metrics.follow('reader_mute_total', labels, count('mute'))
    metrics.follow('reader_pauses_total', labels, count('pauses'))
    metrics.follow('reader_snapshots_total', { ...labels, outcome: 'ok' }, count('snapshots'))
    metrics.follow('reader_snapshots_total', { ...labels, outcome: 'failed' }, count('snapshotFailures'))
    metrics.follow('reader_polls_total', { ...labels, outcome: 'ok' }, count('polls'))
    metrics.follow('reader_polls_total', { ...labels, outcome: 'failed' }, count('pollFailures'))
  }
  channels.readings().forEach(({ name, policy }, index) => {
    const labels = { channel: name }
    const now = () => channels.readings()[index] as ChannelReading
    metrics.follow('channel_depth', labels, () => now().depth)
    metrics.follow('channel_occupancy_ratio', labels, () => now().occupancy)
    metrics.follow('channel_high_water', labels, () => now().highWater)
    metrics.follow('channel_filling', labels, () => Number(now().isFilling))
    metrics.follow('channel_left_total', labels, () => now().left)
    metrics.follow('drops_total', { ...labels, policy }, () => now().dropped)
  })
  channels.delays((channel, seconds) =>
    metrics.observe('channel_enqueue_delay_seconds', { channel }, seconds),
  )
  for (const { dependency } of collector.breakers()) {
    const isOpen = (): boolean =>
      collector.breakers().some((one) => one.dependency === dependency && one.state !== 'closed')
    metrics.follow('breaker_open', { dependency }, () => (isOpen() ? 1 : 0))
  }
  metrics.follow('journal_records_total', {}, () => journal.counters.records)
  metrics.follow('journal_bytes_total', {}, () => journal.counters.bytes)
  metrics.follow('journal_full_disks_total', {}, () => journal.counters.fullDisks)
  metrics.follow('journal_refused_records_total', {}, () => journal.counters.refusedRecords)
  metrics.follow(
    'journal_disk_bytes',
    {},
    lately(() => diskBytes(journal)),
  )
  metrics.follow('disk_free_bytes', {}, () => board.get('freeBytes'))
  metrics.follow('disk_full_in_seconds', {}, () => board.get('fullInSeconds'))
  metrics.follow('journal_unsynced_records', {}, () => board.get('appended') - board.get('durable'))
  metrics.follow('journal_unread_records', {}, () => board.get('durable') - board.get('read'))
  metrics.follow('lane_lag_seconds', {}, () => secondsSince(clock, board.get('readTimeUs')))
  metrics.follow('commit_age_seconds', {}, () => secondsSince(clock, board.get('committedUs')))
}

async function diskBytes(journal: Collector['journal']): Promise<number> {
  return (await journal.segments()).reduce((total, { bytes }) => total + bytes, 0)
}

/** What was found at the scrape before: a scrape does not wait for the disk. */
function lately(source: () => Promise<number>): () => number {
  let last = 0
  return () => {
    source().then(
      (value) => {
        last = value
      },
      () => {},
    )
    return last
  }
}

/** 0 before anything happened. */
function secondsSince(clock: Clock, us: number): number {
  return us === 0 ? 0 : Math.max(0, (clock.nowUs() - us) / 1e6)
}
