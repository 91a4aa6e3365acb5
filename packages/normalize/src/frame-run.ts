import {
  assert,
  type EventBatch,
  type ExchangeMarket,
  type JournalRecord,
  RecordKind,
} from '@cryptoflow/model'
import type { Normalizer } from './normalizer.ts'
import type { Span } from './normalizer-options.ts'

/**
 * Frames of one run at most. Reading and judging in turns of one frame throws each other's code out of the
 * processor's cache: 0.64 us a frame, 0.58 in turns of 2, 0.50 of 8, 0.47 of 32, 0.46 of 256.
 */
const FRAMES_MAX = 32

/** Entries after which a run ends, whatever its frames: a run of deep books must not outgrow the cache either. */
const ENTRIES_MAX = 2_048

/**
 * Decoded frames that wait in one batch to be normalized together.
 *
 *     decode ──> add, add, add, ... ── full, or a record that is no frame of events ──> flush ──> decode
 *
 * Rows are the same as frame by frame: every frame is handed over with its own record, in order, and whoever hands
 * the normalizer anything else flushes first.
 */
export class FrameRun {
  private readonly normalizer: Normalizer
  private readonly batch: EventBatch
  /** Copies: whoever reads a journal fills one record again and again. Payloads must live until the flush. */
  private readonly records: JournalRecord[]
  private readonly markets: ExchangeMarket[] = []
  /** Events `ends[n] ... ends[n + 1] - 1` of the batch are those of frame n. */
  private readonly ends = new Int32Array(FRAMES_MAX + 1)
  /** By frame, NaN = none. */
  private readonly connectionSeqs = new Float64Array(FRAMES_MAX)
  private frames = 0
  private readonly span: Span

  constructor(normalizer: Normalizer, batch: EventBatch, span: Span = () => {}) {
    this.normalizer = normalizer
    this.span = span
    this.batch = batch
    this.records = Array.from({ length: FRAMES_MAX }, () => ({
      number: 0,
      kind: RecordKind.frame,
      connection: 0,
      receivedUs: Number.NaN,
      payload: new Uint8Array(0),
    }))
  }

  /**
   * The events that were decoded into the batch since the last call are those of this frame; there may be none.
   *
   * `connectionSeq`: `EventBatch.connectionSeq` as it is after this frame, NaN where its exchange counts none. Where it
   * does, every frame is added, acknowledgements and heartbeats included: their numbers belong between the others.
   */
  add(record: JournalRecord, market: ExchangeMarket, connectionSeq: number): void {
    assert(record.kind === RecordKind.frame, 'a run is of frames')
    const { batch, frames } = this
    const own = this.records[frames] as JournalRecord
    own.number = record.number
    own.connection = record.connection
    own.receivedUs = record.receivedUs
    own.payload = record.payload
    this.markets[frames] = market
    this.ends[frames + 1] = batch.count
    this.connectionSeqs[frames] = connectionSeq
    this.frames = frames + 1
    if (this.frames === FRAMES_MAX || batch.entryCount >= ENTRIES_MAX) this.flush()
  }

  /** Normalizes what waits; the batch is empty afterwards. */
  flush(): void {
    const { normalizer, batch, records, markets, ends, connectionSeqs, frames } = this
    if (frames > 0) this.span('normalize', true)
    for (let n = 0; n < frames; n++) {
      const from = ends[n] as number
      const to = ends[n + 1] as number
      const record = records[n] as JournalRecord
      const market = markets[n] as ExchangeMarket
      const seq = connectionSeqs[n] as number
      // Most have none, and what is not handed over costs nothing.
      if (Number.isNaN(seq)) normalizer.events(record, market, batch, from, to)
      else normalizer.events(record, market, batch, from, to, seq)
    }
    if (frames > 0) this.span('normalize', false)
    this.frames = 0
    batch.clear()
  }
}
