/** The bounds of a conversation that are ours and not the exchange's. */
export interface IngestLimits {
  /** A connection that does not open, or a subscription that is not acknowledged, within this is given up. */
  readonly answerWithinMs: number
  /** Least distance of two connects to one host. */
  readonly connectEveryMs: number
  /** No frame, ping or pong for this long, our own ping included: the other side is not there any more. */
  readonly deadAfterMs: number
  /** No frame for this long where streams are expected to talk: given up. Doubles up to `staleMaxMs` while in vain. */
  readonly staleAfterMs: number
  readonly staleMaxMs: number
  /** Time in which a subscription that is expected to talk must be heard first. */
  readonly muteAfterMs: number
  /** A subscribed connection that lived this long was a success: backoff begins anew. */
  readonly steadyAfterMs: number
  /** How long two connections are heard side by side after the second is acknowledged. */
  readonly overlapMs: number
  /** A connection is replaced between these two before the end of its life; null: never. */
  readonly rotateBeforeMs: { readonly min: number; readonly max: number } | null
  /** A REST answer must begin within `answerWithinMs` and be complete within this. */
  readonly bodyWithinMs: number
  /** The longest frame that is taken: books of whole markets come in frames of several MB. */
  readonly frameBytesMax: number
  readonly bodyBytesMax: number
}

/** What holds when nothing else is said. */
export const defaultLimits: IngestLimits = {
  answerWithinMs: 10_000,
  connectEveryMs: 1_000,
  deadAfterMs: 30_000,
  staleAfterMs: 30_000,
  staleMaxMs: 600_000,
  muteAfterMs: 30_000,
  steadyAfterMs: 30_000,
  // Front ends of one exchange run behind each other by parts of a second: an acknowledgement alone would be too early.
  overlapMs: 2_000,
  rotateBeforeMs: { min: 5 * 60_000, max: 30 * 60_000 },
  bodyWithinMs: 30_000,
  frameBytesMax: 32 * 1024 * 1024,
  // The longest listings of whole markets are above 10 MB; a journal record ends at 64 MB.
  bodyBytesMax: 48 * 1024 * 1024,
}
