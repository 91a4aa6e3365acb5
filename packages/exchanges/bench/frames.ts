import type { EventBatch, ExchangeMarket } from '@cryptoflow/model'
import type { PlainColumns } from './plain.ts'
import type { Mapping } from './tardis.ts'

/** What is measured of one market's websocket frames. */
export interface Protocol {
  /** Its `decodeFrame` is ours. */
  readonly market: ExchangeMarket
  /** The two halves of it: whether the first reads the frame from its bytes, and what the second makes of any frame. */
  fast(bytes: Uint8Array, out: EventBatch): boolean
  exact(bytes: Uint8Array, out: EventBatch): unknown
  /** The plain way that everybody begins with. */
  plain(bytes: Buffer, out: PlainColumns): void
  /** How tardis-dev reads it; null where it has no mapper. */
  readonly mapping: Mapping | null
}

/** A websocket frame and the market whose connection brought it. */
export interface BenchFrame {
  readonly protocol: Protocol
  readonly bytes: Buffer
}

/** Frames that are measured together. */
export interface FrameSet {
  readonly name: string
  readonly frames: readonly BenchFrame[]
  /** Those that tardis-dev has a mapper for; absent where they are not measured against it. */
  readonly mapped?: readonly BenchFrame[]
}

/** What is measured of an exchange; the first set decides, the others explain it. */
export interface ExchangeFrames {
  readonly exchange: string
  readonly sets: readonly FrameSet[]
  /** Protocols and kinds of frames that tardis-dev has no mapper for, as a sentence; null where it has all. */
  readonly unmapped: string | null
}

/** Frames of one connection that arrive in a row, as sockets are read in turns. */
const RUN_FRAMES = 32

/** Frames of several connections as they arrive together: in runs, until the longest is at its end. */
export function interleaved<Frame>(connections: readonly (readonly Frame[])[]): Frame[] {
  const longest = Math.max(...connections.map((frames) => frames.length))
  return Array.from({ length: Math.ceil(longest / RUN_FRAMES) }, (_, run) =>
    connections.flatMap((frames) => frames.slice(run * RUN_FRAMES, (run + 1) * RUN_FRAMES)),
  ).flat()
}

/** The frames as views of one buffer, as a journal block gives them. */
export function inOneBlock(frames: readonly BenchFrame[]): BenchFrame[] {
  const block = Buffer.concat(frames.map((frame) => frame.bytes))
  let from = 0
  return frames.map(({ protocol, bytes }) => {
    from += bytes.length
    return { protocol, bytes: block.subarray(from - bytes.length, from) }
  })
}

/** Texts as frames of one protocol. */
export function framesOf(protocol: Protocol, texts: readonly string[]): BenchFrame[] {
  return texts.map((text) => ({ protocol, bytes: Buffer.from(text) }))
}

/** Whole numbers 0 ... `below` - 1, the same ones in every run. */
export function seeded(): (below: number) => number {
  let state = 0x2545f491
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
