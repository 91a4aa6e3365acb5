import type { Collector } from '@cryptoflow/pipeline'
import { grouped } from './terminal.ts'

/** Rates since the last call for the same collector. */
const seen = new WeakMap<Collector, { nowUs: number; frames: number; rows: number }>()

/** One line of at most 80 columns: rates, lag behind the socket, gaps, commits. */
export function progressText(collector: Collector, nowUs: number): string {
  const { board, counters } = collector
  const rows = board.get('rows')
  const before = seen.get(collector) ?? { nowUs: nowUs - 1_000_000, frames: 0, rows: 0 }
  seen.set(collector, { nowUs, frames: counters.frames, rows })
  const seconds = (nowUs - before.nowUs) / 1_000_000
  const readUs = board.get('readTimeUs')
  const lagMs = readUs === 0 ? 0 : Math.max(0, (nowUs - readUs) / 1000)
  return [
    `${grouped((counters.frames - before.frames) / seconds)} frames/s`,
    `${grouped((rows - before.rows) / seconds)} rows/s`,
    `lag ${grouped(lagMs)} ms`,
    `${grouped(rows)} rows`,
    `${grouped(board.get('gaps'))} gaps`,
    `${grouped(board.get('commits'))} commits`,
  ].join('  ')
}

type Notice = Parameters<Parameters<typeof import('@cryptoflow/pipeline').startCollector>[0]['notice']>[0]

/** What happens around the sockets, in a line. */
export function noticeText(notice: Notice): string {
  switch (notice.kind) {
    case 'connected':
      return `connected: connection ${notice.connection}, ${notice.streams} streams`
    case 'disconnected':
      return `disconnected: connection ${notice.connection}, code ${notice.code} ${JSON.stringify(notice.reason)}`
    case 'waiting':
      return `reconnecting in ${notice.delayMs} ms: ${notice.reason}`
    case 'refused':
      return `refused: ${JSON.stringify(notice.detail)}`
    case 'snapshot-failed':
      return `book snapshot of ${JSON.stringify(notice.symbol)} failed, again in ${notice.delayMs} ms: ${notice.reason}`
  }
}
