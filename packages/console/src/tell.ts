import type { ChannelReading } from '@cryptoflow/channels'
import type { Config } from '@cryptoflow/config'
import type { CollectNotice, Collector } from '@cryptoflow/pipeline'
import type { Clock, Version } from '@cryptoflow/runtime'
import { type Log, type Metrics, openLog } from '@cryptoflow/telemetry'
import { channelText, noticeText, progressText } from './progress.ts'
import { openProgress } from './terminal.ts'

/** What a collecting process says while it runs: lines for a person on stderr, or a log. */
export interface Teller {
  /** What runs; only a log says it. */
  started(version: Version): void
  notice(notice: CollectNotice): void
  /** How it goes, once a second. */
  progress(glance: Glance): void
  say(text: string): void
  end(): Promise<void>
}

/** How a process fares: a line for people, and what a log says beside it. */
export interface Glance {
  text(nowUs: number): string
  readonly fields: Readonly<Record<string, unknown>>
  readonly channels: readonly ChannelReading[]
}

export function collectorGlance(collector: Collector): Glance {
  return {
    text: (nowUs) => progressText(collector, nowUs),
    fields: { ...collector.counters },
    channels: collector.channels.readings(),
  }
}

/** A log says how it goes once in this time. */
const STATISTICS_EVERY_US = 30_000_000

/** A log when the configuration names a file or a format for machines; a line of progress otherwise. */
export function openTeller({ log }: Pick<Config, 'log'>, clock: Clock, metrics: Metrics | null): Teller {
  return log.file === null && log.format === 'auto' ? terminalTeller(clock) : logTeller(log, clock, metrics)
}

function terminalTeller(clock: Clock): Teller {
  const line = openProgress(clock.nowUs)
  const say = (text: string): void => {
    line.end()
    process.stderr.write(`${text}\n`)
  }
  return {
    started() {},
    notice: (notice) => say(noticeText(notice)),
    progress: ({ text }) => line.show(text(clock.nowUs())),
    say,
    async end() {
      line.end()
    },
  }
}

function logTeller(settings: Config['log'], clock: Clock, metrics: Metrics | null): Teller {
  const { level, format, file, rotate, sampling } = settings
  const log = openLog({
    level,
    format,
    ...(file === null ? {} : { file }),
    rotateBytes: rotate.bytes,
    keepDays: rotate.days,
    keepFiles: rotate.files,
    sampling,
    clock,
    isTerminal: process.stdout.isTTY === true,
    ...(metrics === null ? {} : { metrics }),
  })
  let lastUs = clock.nowUs()
  return {
    started: ({ version, sha, builtAt, node }) =>
      log.info('started', { version, sha, built_at: builtAt, node }),
    notice: (notice) => tell(log, notice),
    progress({ text, fields, channels }) {
      if (clock.nowUs() - lastUs < STATISTICS_EVERY_US) return
      lastUs = clock.nowUs()
      log.info('progress', { text: text(lastUs), ...fields })
      for (const reading of channels) log.info('channel', { text: channelText(reading), ...reading })
    },
    say: (text) => log.info(text),
    end: () => log.close(),
  }
}

const LEVELS: Readonly<Record<Exclude<CollectNotice['kind'], 'alarm'>, 'info' | 'warn' | 'error'>> = {
  connected: 'info',
  disconnected: 'warn',
  waiting: 'warn',
  refused: 'error',
  resubscribed: 'info',
  mute: 'warn',
  unreadable: 'error',
  replaced: 'info',
  'snapshot-failed': 'warn',
  'poll-failed': 'warn',
  'poll-slowed': 'warn',
  'time-jump': 'warn',
  breaker: 'warn',
  moved: 'info',
  'disk-low': 'error',
  'disk-eased': 'info',
  'disk-full': 'error',
  'no-room': 'error',
  'disk-resumed': 'warn',
  'reserve-short': 'warn',
  'channel-filling': 'warn',
  'channel-calm': 'info',
  retired: 'info',
  'retention-failed': 'warn',
  'alarm-over': 'info',
  'commit-failed': 'warn',
  'ledger-away': 'warn',
  halted: 'error',
  unhalted: 'info',
  voided: 'warn',
  recut: 'info',
  'recut-failed': 'error',
  maintained: 'info',
  'maintenance-failed': 'warn',
}

/** The kind is the message, so that a storm of one kind is thinned as one; what is special about it are fields. */
function tell(log: Log, notice: CollectNotice): void {
  const { kind, ...fields } = notice
  const level = notice.kind === 'alarm' ? notice.alarm.level : LEVELS[notice.kind]
  log[level](kind, { text: noticeText(notice), ...fields })
}
