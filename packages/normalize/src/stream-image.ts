import { type LevelsImage, levelsImage, type Numeral, numeral, restoreLevels } from './decimals-image.ts'
import { DeltaLine } from './delta-line.ts'
import { type HeldImage, heldImages, restoreHeld } from './held-image.ts'
import type { Interruption, OpenGap, StreamState } from './stream.ts'
import type { WaitingHole } from './waiting-hole.ts'

type WaitingImage = Omit<WaitingHole, 'rest'> & {
  readonly rest: readonly (readonly [from: number, to: number, prev: Numeral, isDense: boolean])[]
}

/** A key's stream in a state image. */
export interface StreamImage {
  readonly name: string
  readonly connections: readonly number[]
  /** Null: it is subscribed. */
  readonly wantedUntil: Numeral
  readonly heard: boolean
  readonly lastSeq: Numeral
  readonly lastFrame: number
  readonly lastReceivedUs: Numeral
  readonly deadLetter: number
  readonly interrupted: Interruption | null
  readonly openGap: OpenGap | null
  readonly holes: readonly (readonly [from: Numeral, to: number])[]
  /** Absent: none. */
  readonly waiting?: readonly WaitingImage[]
  readonly line?: { readonly lastSeq: number; readonly deltas: readonly HeldImage[] }
  /** Hashes, oldest first. */
  readonly ids?: readonly number[]
  /** The last image, where changes are derived from it. */
  readonly image?: { readonly bids: LevelsImage; readonly asks: LevelsImage }
}

export function streamImage(stream: StreamState): StreamImage {
  return {
    name: stream.spec.name,
    connections: stream.connections,
    wantedUntil: numeral(stream.wantedUntil),
    heard: stream.heard,
    lastSeq: numeral(stream.lastSeq),
    lastFrame: stream.lastFrame,
    lastReceivedUs: numeral(stream.lastReceivedUs),
    deadLetter: stream.deadLetter,
    interrupted: stream.interrupted,
    openGap: stream.openGap === null ? null : { id: stream.openGap.id, cause: stream.openGap.cause },
    holes: stream.holes.map((hole) => [numeral(hole.from), hole.to]),
    ...(stream.waiting.length === 0 ? {} : { waiting: stream.waiting.map(waitingImage) }),
    ...(stream.line === null
      ? {}
      : { line: { lastSeq: stream.line.lastSeq, deltas: heldImages(stream.line.deltas) } }),
    ...(stream.ids === null ? {} : { ids: stream.ids.hashes() }),
    ...(stream.image === null
      ? {}
      : { image: { bids: levelsImage(stream.image.bids), asks: levelsImage(stream.image.asks) } }),
  }
}

export function restoreStream(stream: StreamState, image: StreamImage): void {
  stream.connections = [...image.connections]
  stream.wantedUntil = image.wantedUntil ?? Number.POSITIVE_INFINITY
  stream.heard = image.heard
  stream.lastSeq = image.lastSeq ?? Number.NaN
  stream.lastFrame = image.lastFrame
  stream.lastReceivedUs = image.lastReceivedUs ?? Number.NaN
  stream.deadLetter = image.deadLetter
  stream.interrupted = image.interrupted
  stream.openGap = image.openGap
  stream.holes = image.holes.map(([from, to]) => ({ from: from ?? Number.NEGATIVE_INFINITY, to }))
  stream.waiting = (image.waiting ?? []).map(restoreWaiting)
  if (image.line !== undefined) {
    stream.line = new DeltaLine(image.line.lastSeq)
    for (const delta of image.line.deltas) restoreHeld(stream.line.deltas, delta)
  }
  for (const hash of image.ids ?? []) stream.ids?.add(hash)
  if (image.image !== undefined) {
    stream.image = { bids: restoreLevels(image.image.bids), asks: restoreLevels(image.image.asks) }
  }
}

function waitingImage({ rest, ...hole }: WaitingHole): WaitingImage {
  return { ...hole, rest: rest.map(({ from, to, prev, isDense }) => [from, to, numeral(prev), isDense]) }
}

function restoreWaiting({ rest, ...hole }: WaitingImage): WaitingHole {
  const parts = rest.map(([from, to, prev, isDense]) => ({ from, to, prev: prev ?? Number.NaN, isDense }))
  return { ...hole, rest: parts }
}
