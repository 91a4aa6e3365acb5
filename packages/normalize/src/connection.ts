import type { ExchangeMarket } from '@cryptoflow/model'

/** An open connection. What can change is part of the state image. */
export interface Connection {
  readonly market: ExchangeMarket
  /** Streams of the whole market that it carries. */
  readonly marketWide: readonly string[]
  /** Last frame of it that could not be read, 0 = none. Every lane knows it. */
  deadLetter: number
  /** Of the last frame that had one: its place in the exchange's count over the connection; -1 before the first. */
  lastSeq: number
  /** That frame, 0 = none. */
  lastFrame: number
}

export function createConnection(market: ExchangeMarket, marketWide: readonly string[]): Connection {
  return { market, marketWide, deadLetter: 0, lastSeq: -1, lastFrame: 0 }
}

/**
 * How a frame stands to its connection's count, which begins at 0 and grows by one with every frame.
 *
 * `hole`: frames before it never came. `repeat`: it came before, or so late that it counts as missing already.
 */
export type FrameStanding = 'next' | 'hole' | 'repeat'

/** Judges a frame, and makes it the connection's last one unless it is a repeat. */
export function countFrame(connection: Connection, seq: number, frame: number): FrameStanding {
  const { lastSeq } = connection
  if (seq <= lastSeq) return 'repeat'
  connection.lastSeq = seq
  connection.lastFrame = frame
  return seq === lastSeq + 1 ? 'next' : 'hole'
}
