/** Few values, for people and metrics. */
export type ErrorKind = 'config' | 'disk' | 'network' | 'exchange' | 'catalog' | 'ledger' | 'data' | 'usage'

/** What code may do about it; never decided by reading the message. */
export type Reaction = 'retry' | 'resync' | 'reject' | 'stop'

/** An operation failed. The message says: doing what, found what, expected what. */
export class CryptoFlowError extends Error {
  readonly kind: ErrorKind
  readonly reaction: Reaction
  readonly context: Readonly<Record<string, unknown>>

  constructor(
    message: string,
    options: {
      kind: ErrorKind
      reaction: Reaction
      context?: Readonly<Record<string, unknown>>
      cause?: unknown
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CryptoFlowError'
    this.kind = options.kind
    this.reaction = options.reaction
    this.context = options.context ?? {}
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
