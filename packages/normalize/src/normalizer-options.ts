import type {
  AnswerContext,
  ExchangeMarket,
  ImageOptions,
  InstrumentKey,
  Market,
  StringTable,
} from '@cryptoflow/model'
import type { HeldBounds } from './held.ts'
import type { RowsFor } from './row-types.ts'

/** Where a snapshot request leads, and the number that its answer must carry. */
export type SnapshotRequest = Omit<AnswerContext, 'status'>

export function requestOf(
  { exchange, market, symbol }: InstrumentKey,
  stream: string,
  resync: number,
): SnapshotRequest {
  return { exchange, market, symbol, stream, resync }
}

/**
 * Told when the work of an operator on a batch begins and ends, for whoever measures: the core asks no clock.
 * `normalize` is all that becomes of a run of frames; `images` and `aggregate` are what a record that ends a cell of their
 * grids makes due, within a run or before a record that is no frame. What is done with each message on its way (dedupe,
 * sequence, filter, book) has no beginning and end of its own.
 */
export type Span = (operator: 'normalize' | 'images' | 'aggregate', isBegun: boolean) => void

export interface NormalizerOptions {
  /** Journal id. */
  readonly writer: string
  /** The string table that batches and row buffers use. */
  readonly names: StringTable
  /** One object per market: it is compared by identity. */
  findMarket(exchange: string, market: Market): ExchangeMarket
  readonly rowsFor: RowsFor
  /**
   * A side effect without a row: asks for a book snapshot. It comes as the answer's record or, where books begin in
   * their streams, as the next snapshot of the stream, which is to be subscribed again.
   */
  wantSnapshot(request: SnapshotRequest): void
  /** A side effect without a row: frames of this connection are missing, and books on it wait for another one. */
  wantReplace?(connection: number): void
  /** Where the journal does not say how images are made. */
  readonly images?: Partial<ImageOptions>
  /** `images` count whatever the journal says. */
  readonly isOwnImages?: boolean
  readonly held?: HeldBounds
  readonly span?: Span
  /** Records come from an import of captures: any event time is allowed. */
  readonly imports?: boolean
  /** Keys that belong to this lane; default all. A dead letter without a symbol asks with symbol ''. */
  owns?(key: InstrumentKey): boolean
}
