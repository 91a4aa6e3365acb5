import type { ChannelReading } from '@cryptoflow/channels'
import type { Alarm, CollectNotice, Collector, CommitProgress, MaintenanceTotals } from '@cryptoflow/pipeline'
import type { BreakerChange } from '@cryptoflow/runtime'
import { bytesText, grouped, spanText } from './terminal.ts'

/** Rates since the last call for the same collector. */
const seen = new WeakMap<Collector, { nowUs: number; frames: number; rows: number }>()

/** A disk that will be full within this is said in every line. */
const DISK_SOON_S = 7 * 86_400

/** One line of at most 80 columns: rates, lag behind the socket, gaps; rows and commits, or when the disk is full. */
export function progressText(collector: Collector, nowUs: number): string {
  const { board, counters } = collector
  const rows = board.get('rows')
  const before = seen.get(collector) ?? { nowUs: nowUs - 1_000_000, frames: 0, rows: 0 }
  seen.set(collector, { nowUs, frames: counters.frames, rows })
  const seconds = (nowUs - before.nowUs) / 1_000_000
  const fullInSeconds = board.get('fullInSeconds')
  const readUs = board.get('readTimeUs')
  const lagMs = readUs === 0 ? 0 : Math.max(0, (nowUs - readUs) / 1000)
  return [
    `${grouped((counters.frames - before.frames) / seconds)} frames/s`,
    `${grouped((rows - before.rows) / seconds)} rows/s`,
    `lag ${grouped(lagMs)} ms`,
    `${grouped(board.get('gaps'))} gaps`,
    ...(fullInSeconds > 0 && fullInSeconds < DISK_SOON_S
      ? [`disk full in ${spanText(fullInSeconds)}`]
      : [`${grouped(rows)} rows`, commitsText(collector)]),
  ].join('  ')
}

/** Commits of its own; of a process that leaves them to a committer, the records that wait for it. */
function commitsText({ board, commit }: Collector): string {
  if (commit.by === 'collector') return `${grouped(board.get('commits'))} commits`
  return `${grouped(board.get('sealed') - board.get('released'))} to commit`
}

/** One line: what was committed, what waits and for how long, what is halted. */
export function commitProgressText(progress: CommitProgress, nowUs: number): string {
  const { commits, rows, backlogs, halted } = progress
  const waiting = backlogs.reduce((sum, { epochs }) => sum + epochs, 0)
  const [oldest] = backlogs
  const ageS = oldest === undefined ? 0 : Math.max(0, nowUs / 1e6 - oldest.sealedAtMs / 1000)
  return [
    `${grouped(commits)} commits`,
    `${grouped(rows)} rows`,
    waiting === 0
      ? 'nothing waits'
      : `${grouped(waiting)} epochs of ${backlogs.length} writers wait, ${spanText(ageS)}`,
    ...(halted.size === 0 ? [] : [`HALTED: ${[...halted.keys()].join(', ')}`]),
  ].join('  ')
}

/** What happens around the sockets, in a line. */
export function noticeText(notice: CollectNotice): string {
  switch (notice.kind) {
    case 'connected':
      return `connected: connection ${notice.connection}, ${notice.streams} streams`
    case 'disconnected':
      return `disconnected: connection ${notice.connection}, code ${notice.code} ${quoted(notice.reason)}`
    case 'waiting':
      return `reconnecting in ${notice.delayMs} ms: ${notice.reason}`
    case 'refused':
      return `refused${notice.streams === undefined ? '' : ` ${quoted(notice.streams.join(' '))}`}: ${quoted(notice.detail)}`
    case 'resubscribed':
      return `subscribed again on connection ${notice.connection}: ${quoted(notice.stream)} ${quoted(notice.symbol)}, whose book was lost`
    case 'mute':
      return `nothing heard of ${quoted(notice.stream)} ${quoted(notice.symbol)} for ${notice.afterMs} ms: is there such a symbol?`
    case 'unreadable':
      return `connection ${notice.connection}: ${notice.deadLetters} of ${notice.frames} frames could not be read`
    case 'replaced':
      return `connection ${notice.connection} replaced by ${notice.by} (${notice.cause})${notice.overlapped ? '' : ', not side by side'}`
    case 'poll-failed':
      return `asking for ${quoted(notice.stream)} ${quoted(notice.symbol)} failed, again in ${notice.delayMs} ms: ${notice.reason}`
    case 'poll-slowed':
      return `${quoted(notice.stream)} is asked every ${notice.possibleMs} ms instead of ${notice.everyMs}: the exchange allows no more`
    case 'breaker':
      return breakerText(notice)
    case 'time-jump':
      return notice.what === 'suspended'
        ? `the process stood still for ${Math.round(notice.seconds)} s: connecting anew, the hole is in gaps`
        : `the clock was set by ${Math.round(notice.seconds)} s: connecting anew`
    case 'moved':
      return `the journal in ${notice.directory} was moved, or the machine was started anew: nobody else used its id, going on`
    case 'disk-low':
      return `the disk is nearly full, ${bytesText(notice.freeBytes)} free: images of books are not made until there is more room, the hole is in gaps`
    case 'disk-eased':
      return `the disk has ${bytesText(notice.freeBytes)} free: images of books are made again`
    case 'disk-full':
      return `the disk is full: not listening until there is room in ${notice.directory}; what was received is being committed`
    case 'no-room':
      return notice.what === 'seal'
        ? `no room to seal, the reserve included: trying again with at most ${grouped(notice.rows)} rows`
        : 'no room to commit, the reserve included: trying again'
    case 'disk-resumed':
      return `the disk has room again: listening after ${Math.round(notice.seconds)} s, ${notice.refused} records refused; the hole is in gaps`
    case 'reserve-short':
      return `only ${bytesText(notice.bytes)} of ${bytesText(notice.wantedBytes)} could be kept back for a full disk`
    case 'channel-filling':
      return `${channelText(notice.reading)}: more than 80 % for a second; what finds no room is read from the journal`
    case 'channel-calm':
      return `${channelText(notice.reading)}: no more than 80 %`
    case 'retired':
      return `${notice.segments} segments of the journal deleted, ${bytesText(notice.bytes)}: all their rows are committed`
    case 'retention-failed':
      return `old segments of the journal could not be deleted: ${notice.reason}`
    case 'alarm':
      return alarmText(notice.alarm)
    case 'alarm-over':
      return notice.alarm.kind === 'unattended'
        ? 'somebody commits again'
        : `requests of ${notice.alarm.name} (${notice.alarm.writer}) go on`
    case 'commit-failed':
      return `not committed in this round: ${notice.tables.join(', ')}: ${notice.reason}`
    case 'ledger-away':
      return `the ledger could not be used: ${notice.reason}; what is sealed is kept and offered again`
    case 'halted':
      return `HALTED ${notice.table}: ${notice.reason}; its rows are sealed and wait (cryptoflow repair)`
    case 'voided':
      return `epoch ${notice.epoch} of ${notice.writer} was not appended to ${notice.table}: ${notice.reason}; its writer makes the rows again`
    case 'recut':
      return `${grouped(notice.rows)} rows of ${notice.epochs} epochs that tables had passed over were made again`
    case 'recut-failed':
      return `rows that tables have passed over could not be made again: ${notice.reason}`
    case 'unhalted':
      return `${notice.table} is halted no more`
    case 'maintained':
      return maintainedText(notice)
    case 'maintenance-failed':
      return `the tables could not be looked after: ${notice.reason}`
    case 'snapshot-failed':
      return `book snapshot of ${quoted(notice.symbol)} failed, again in ${notice.delayMs} ms: ${notice.reason}`
  }
}

/** What is wrong with requests that wait, in a line. */
export function alarmText(alarm: Alarm): string {
  const age = spanText(alarm.ageMs / 1000)
  if (alarm.kind === 'unattended') {
    return `nobody commits: ${grouped(alarm.epochs)} epochs wait, the oldest for ${age}; start cryptoflow committer, or set commit.by to collector`
  }
  const { name, writer, epoch, epochs, tables } = alarm
  if (alarm.kind === 'hole')
    return `epoch ${epoch} of ${name} (${writer}) is missing from the ledger, ${grouped(epochs)} later ones wait for it: is its process gone, or its disk?`
  return `epoch ${epoch} of ${name} (${writer}) waits for ${age}, ${grouped(epochs)} with it: ${tables.join(', ')}`
}

/** What a round of maintenance came to, in a line. */
export function maintainedText({ joined, made, snapshots, deleted, refused }: MaintenanceTotals): string {
  const left = refused.length === 0 ? '' : `; left as they are: ${refused.join('; ')}`
  return `tables looked after: ${grouped(joined)} files became ${grouped(made)}, ${grouped(snapshots)} snapshots forgotten, ${grouped(deleted)} files deleted${left}`
}

/** How full a channel is, in a line. */
export function channelText({ name, depth, bytes, occupancy, highWater, left }: ChannelReading): string {
  const share = `${Math.round(occupancy * 100)} % full`
  return `channel ${name} ${share}: ${grouped(depth)} items, ${bytesText(bytes)}; most ${grouped(highWater)}, ${grouped(left)} left to the disk`
}

function breakerText({ dependency, state, openMs, reason }: BreakerChange): string {
  if (state === 'closed') return `${dependency} is well again`
  if (state === 'half_open') return `${dependency} is tried again`
  return `${dependency} failed again and again, left alone for ${openMs} ms: ${quoted(reason)}`
}

/** Text from outside, harmless on a terminal. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, '?')
}
