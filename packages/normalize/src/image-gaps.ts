import { markMinutes, tableOfGap } from './gap-rows.ts'
import type { KeyState } from './key-state.ts'
import { ledgerOf, minuteOf } from './minutes.ts'
import { imageTableOf, isWritten, type RowSink } from './row-sink.ts'
import type { Stamp } from './stamps.ts'
import { isCarried } from './stream.ts'
import { gapRow } from './truth-rows.ts'

/**
 * Holes in the images of our own books, which the disk had no room for: rows of `gaps` of the image table, with
 * `derived` as their stream. The deltas go on, so whoever has those can make the images again.
 */

/** What such a hole is called where the exchange's streams have their names. */
export const IMAGES_STREAM = 'derived'

/** A hole that is open. Part of the state image. */
export interface ImageGap {
  readonly id: string
  /** Of the last image before it; NaN: there was none, or the exchange numbers nothing. */
  readonly fromSeq: number
  readonly fromUs: number
}

/** When and by which record something is written. */
type Moment = Pick<Stamp, 'receivedUs' | 'frame'>

/** Images of this key are not made from here on: behind `last`, null where none came before. */
export function openImageGap(
  sink: RowSink,
  writer: string,
  state: KeyState,
  now: Moment,
  last: { readonly seq: number; readonly receivedUs: number } | null,
): void {
  const { key } = state
  if (state.imageGap !== null || !isWritten(sink, key, imageTableOf(key))) return
  const place = `${key.exchange}/${key.market}/${IMAGES_STREAM}/${key.symbol}`
  state.imageGap = {
    id: `${writer}/${now.frame}/${place}`,
    fromSeq: last?.seq ?? Number.NaN,
    fromUs: last?.receivedUs ?? now.receivedUs,
  }
  state.counters.gaps += 1
  write(sink, state, state.imageGap, now, null)
}

/** The first image behind the hole: of the update that has this sequence and stamp. */
export function closeImageGap(sink: RowSink, state: KeyState, seq: number, stamp: Moment): void {
  const { imageGap } = state
  if (imageGap === null) return
  state.imageGap = null
  write(sink, state, imageGap, stamp, seq)
  const { key, streams, ledgers } = state
  const table = imageTableOf(key)
  // Minutes are those of messages: where none is stored as an image, there is no minute to mark.
  const hasMinutes = streams.some(({ spec }) => isCarried(spec) && tableOfGap(sink, key, spec) === table)
  const span = { fromUs: imageGap.fromUs, toUs: stamp.receivedUs, cause: 'disk_full' } as const
  if (hasMinutes) markMinutes(ledgerOf(ledgers, table), span, minuteOf(stamp.receivedUs))
}

function write(sink: RowSink, state: KeyState, gap: ImageGap, now: Moment, toSeq: number | null): void {
  const { key } = state
  const table = imageTableOf(key)
  const toUs = toSeq === null ? Number.NaN : now.receivedUs
  const { id, fromSeq, fromUs } = gap
  gapRow(sink, key, now.receivedUs, now.frame, {
    id,
    state: toSeq === null ? 'open' : 'closed',
    table,
    stream: IMAGES_STREAM,
    fromSeq,
    toSeq: toSeq ?? Number.NaN,
    fromUs,
    toUs,
    missing: Number.NaN,
    cause: 'disk_full',
    detail: null,
  })
}
