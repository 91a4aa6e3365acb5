import type { Clock } from '@cryptoflow/runtime'
import type { IngestLimits } from './limits.ts'

/** Checks per waiting time: how late a silence may be noticed. */
const CHECKS = 4
/** Frames per second above which a connection is busy: there a short silence means something. */
const BUSY_PER_SECOND = 1
/** Of an exchange that does not answer our pings, this many signs of its own may be late before it is taken for gone. */
const BEATS = 2.5

/** How long a session's connections may be without a frame; carried from one connection to the next. */
export interface Patience {
  ms: number
}

/** When something came in last, microseconds; written by the connection's handlers. */
export interface SignsOfLife {
  /** A frame that is more than a heartbeat, as far as frames were looked at. */
  frameUs: number
  /** A ping, a pong or a heartbeat. */
  controlUs: number
  frames: number
  pongs: number
}

export interface LivenessOptions {
  readonly clock: Clock
  readonly limits: IngestLimits
  readonly signs: SignsOfLife
  readonly patience: Patience
  /** How often the exchange pings by itself or answers our texts, milliseconds; null: neither. */
  readonly beatMs: number | null
  /** The connection carries a stream that is expected to talk. */
  readonly isTalkative: () => boolean
  /** We are not listening at present. */
  readonly isPaused: () => boolean
  readonly ping: () => void
  readonly giveUp: (reason: string) => void
}

/**
 * Decides when a connection is no connection any more. The answer stops the watch.
 *
 * Dead: neither frame nor ping nor pong for `deadAfterMs`. We ping at the beginning and after half of that time, so
 * that a quiet connection that lives says so, however rarely the exchange itself pings; a half-open one does not.
 * While no ping of ours was ever answered, 2.5 of the exchange's own signs must be missing instead. Holds for every
 * connection, except where the exchange neither answered nor promises a sign: silence proves nothing there.
 *
 * Stale: it answers, heartbeats included, but no other frame came for `staleAfterMs` although it carries streams that
 * should talk. A connection of rare streams only is never stale, unless it is one that cannot be called dead. Markets exist that are silent for longer, and every reconnect costs a gap:
 * each time in vain the session's patience doubles up to `staleMaxMs`; a connection that talks all the time sets it
 * back.
 */
export function watchLife(options: LivenessOptions): () => void {
  const { clock, limits, signs, patience } = options
  const everyMs = Math.min(limits.deadAfterMs, limits.staleAfterMs) / CHECKS
  const busyFrames = (BUSY_PER_SECOND * everyMs) / 1000
  let checkedUs = clock.nowUs()
  let framesBefore = signs.frames
  options.ping()

  return clock.every(everyMs, () => {
    const nowUs = clock.nowUs()
    // Who slept himself, or did not read, has not heard silence.
    const hasListened = nowUs - checkedUs < 2 * everyMs * 1000 && !options.isPaused()
    checkedUs = nowUs
    if (!hasListened) {
      signs.frameUs = nowUs
      signs.controlUs = nowUs
      return
    }
    if (signs.frames - framesBefore > busyFrames) patience.ms = limits.staleAfterMs
    framesBefore = signs.frames
    const quietMs = (nowUs - signs.frameUs) / 1000
    const lifelessMs = Math.min(quietMs, (nowUs - signs.controlUs) / 1000)
    const deadAfterMs = deadMs(options)
    const undecidedMs = deadAfterMs === Infinity ? lifelessMs : 0
    if (lifelessMs >= deadAfterMs) {
      options.giveUp(`no sign of life for ${deadAfterMs / 1000} s`)
    } else if ((options.isTalkative() ? quietMs : undecidedMs) >= patience.ms) {
      const reason = `no frame for ${patience.ms / 1000} s`
      patience.ms = Math.min(patience.ms * 2, limits.staleMaxMs)
      options.giveUp(reason)
    } else if (lifelessMs >= limits.deadAfterMs / 2) options.ping()
  })
}

/** Silence after which a connection is dead, milliseconds; Infinity where silence cannot tell. */
function deadMs({ limits, signs, beatMs }: LivenessOptions): number {
  if (signs.pongs > 0) return limits.deadAfterMs
  return beatMs === null ? Infinity : Math.max(limits.deadAfterMs, beatMs * BEATS)
}
