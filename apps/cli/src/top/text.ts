import { bytesText, columns, grouped, spanText } from '@cryptoflow/console'
import { forecast } from '@cryptoflow/journal'
import { escapeControls } from '@cryptoflow/reader'
import { collectorLines, type Status } from '../status.ts'
import { timeText } from '../text.ts'
import type { Pulse, StreamPulse } from './pulse.ts'

/** What `top` knows at a look. */
export interface Look {
  readonly nowUs: number
  readonly status: Status
  readonly pulse: Pulse
  /** The first look of this run: what grew since then. */
  readonly first: { readonly nowUs: number; readonly status: Status }
}

const NAME_CHARS = 24
const COLUMNS = 80

/** A look, at most 80 columns wide; the busiest streams that fit into `rows` lines. */
export function topText(look: Look, rows: number): string {
  const head = headLines(look)
  const room = Math.max(1, rows - head.length - 3)
  return [...head, '', ...streamLines(look, room)].map((line) => line.slice(0, COLUMNS)).join('\n')
}

function headLines({ nowUs, status, pulse, first }: Look): string[] {
  const { directory, journalDamage, tables, holes } = status
  const total = (of: (stream: StreamPulse) => number): number =>
    pulse.streams.reduce((sum, stream) => sum + of(stream), 0)
  const committedUs = Math.max(0, ...tables.map((table) => table.committedUs ?? 0))
  const newHoles = allHoles(status) - allHoles(first.status)
  return [
    `${timeText(nowUs).slice(0, 19)}Z  ${escapeControls(directory)}`,
    ...(journalDamage === null
      ? collectorLines(status, nowUs)
      : ['journal    DAMAGED (cryptoflow journal verify)']),
    `commits    ${committedUs === 0 ? 'none yet' : `the last ${spanText(Math.max(0, nowUs - committedUs) / 1e6)} ago`}`,
    `holes      ${grouped(holes.open)} open, ${grouped(holes.closed)} closed, ${grouped(newHoles)} of them new`,
    `disk       ${diskText({ nowUs, status, first })}`,
    `received   ${grouped(total((stream) => stream.framesPerSecond))} frames/s, ${bytesText(Math.round(total((stream) => stream.bytesPerSecond)))}/s`,
  ]
}

function allHoles({ holes }: Status): number {
  return holes.open + holes.closed
}

/** What is free, and when it will be gone if it goes on like this and nothing is deleted. */
function diskText({ nowUs, status, first }: Pick<Look, 'nowUs' | 'status' | 'first'>): string {
  const used = ({ disk }: Status): number => disk.journalBytes + disk.tableBytes
  const seconds = (nowUs - first.nowUs) / 1e6
  const bytesPerSecond = seconds <= 0 ? 0 : Math.max(0, used(status) - used(first.status)) / seconds
  const { fullInSeconds } = forecast({
    bytesPerSecond,
    freeBytes: status.disk.freeBytes,
    bytes: 0,
    oldestUs: null,
    policy: { days: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
    nowUs,
  })
  const free = `${bytesText(status.disk.freeBytes)} free`
  if (bytesPerSecond === 0) return `${free}, nothing grows`
  return `${free}, ${bytesText(Math.round(bytesPerSecond))}/s: full in ${spanText(fullInSeconds)} if nothing is deleted`
}

function streamLines({ pulse, status }: Look, room: number): string[] {
  const { streams, skipped } = pulse
  if (streams.length === 0) {
    const isRunning = [status, ...status.journals].some(({ journal }) => journal?.isRunning === true)
    return [isRunning ? 'no frames since the last look' : 'nobody collects here']
  }
  const busiest = streams.toSorted((a, b) => b.framesPerSecond - a.framesPerSecond)
  const shown = busiest.slice(0, room)
  const rows = shown.map((each) => [
    each.exchange,
    each.market,
    nameText(each.stream),
    grouped(each.symbols),
    rateText(each.framesPerSecond),
    bytesText(Math.round(each.bytesPerSecond)),
    each.lagMs === null ? '-' : `${grouped(each.lagMs)} ms`,
  ])
  const more = [
    ...(shown.length < streams.length ? [`${streams.length - shown.length} quieter streams`] : []),
    ...(skipped > 0 ? [`${grouped(skipped)} records passed over: rates are of the rest`] : []),
  ]
  const head = ['exchange', 'market', 'stream', 'symbols', 'frames/s', 'bytes/s', 'lag']
  return [...columns([head, ...rows]).split('\n'), ...(more.length === 0 ? [] : [more.join('; ')])]
}

function nameText(stream: string): string {
  const name = escapeControls(stream)
  return name.length <= NAME_CHARS ? name : `${name.slice(0, NAME_CHARS - 1)}~`
}

function rateText(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : grouped(perSecond)
}
