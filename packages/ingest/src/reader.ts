import { type DecodeOutcome, EventBatch, type ExchangeMarket, StringTable } from '@cryptoflow/model'

/** Names and entries beyond which a used batch is thrown away: a foreign text or a long book must not stay for ever. */
const NAMES_MAX = 10_000
const ENTRIES_MAX = 4_096

/** One event of a frame, as far as a conversation needs it. */
export interface HeardEvent {
  readonly stream: string
  readonly symbol: string
  readonly kind: number
}

/** What a frame says. Its events can be looked at until the next one is read. */
export interface FrameReader {
  read(frame: Uint8Array): DecodeOutcome
  events(): Iterable<HeardEvent>
}

/** Reads frames for the conversation only; rows come from the journal. */
export function frameReader(market: ExchangeMarket): FrameReader {
  let batch = new EventBatch(new StringTable())
  return {
    read(frame) {
      const isWorn = batch.names.count > NAMES_MAX || batch.side.length > ENTRIES_MAX
      if (isWorn) batch = new EventBatch(new StringTable())
      else batch.clear()
      return market.decodeFrame(frame, batch)
    },
    *events() {
      const { names, stream, symbol, kind } = batch
      for (let event = 0; event < batch.count; event++) {
        yield {
          stream: names.text(stream[event] as number),
          symbol: names.text(symbol[event] as number),
          kind: kind[event] as number,
        }
      }
    },
  }
}
