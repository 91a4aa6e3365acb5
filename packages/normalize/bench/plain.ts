import { decimalText, type EventBatch, type JournalRecord, Side } from '@cryptoflow/model'
import type { Hot } from './batches.ts'

type PlainRow = Record<string, unknown>

/**
 * The same rows as objects, as one would write them first: a Map of streams by text, a check of the sequence, an
 * object per row with the words and numbers of its columns. No book.
 */
export class PlainNormalizer {
  rows: PlainRow[] = []
  private readonly last = new Map<string, number>()

  events(record: JournalRecord, hot: Hot, batch: EventBatch): void {
    for (let event = 0; event < batch.count; event++) this.event(record, hot, batch, event)
  }

  private event(record: JournalRecord, hot: Hot, batch: EventBatch, event: number): void {
    const symbol = batch.names.text(batch.symbol[event] as number)
    const stream = batch.names.text(batch.stream[event] as number)
    const seq = batch.lastSeq[event] as number
    const place = `fake/spot/${symbol}/${stream}`
    const known = this.last.get(place)
    if (known !== undefined && seq <= known) return
    this.last.set(place, seq)
    const common = {
      exchange: 'fake',
      market: 'spot',
      symbol,
      instrument: null,
      event_ts: batch.engineUs[event],
      event_ts_source: 'engine',
      sent_ts: batch.sentUs[event],
      received_ts: record.receivedUs,
      source: 'ws',
      writer: 'J1',
      frame: record.number,
      quantity_unit: 'base',
    }
    const start = batch.entryStart[event] as number
    const end = batch.entryStart[event + 1] as number
    if (hot === 'deltas') {
      for (let i = start; i < end; i++) {
        const side = batch.side[i] === Side.bid ? 'bid' : 'ask'
        const level = { side, ...numbers(batch, i), first_seq: batch.firstSeq[event], last_seq: seq }
        this.rows.push({
          ...common,
          ...level,
          is_snapshot: false,
          level_index: i - start,
          book_state: 'waiting',
        })
      }
    } else if (hot === 'quotes') {
      const bid = numbers(batch, start)
      const ask = numbers(batch, start + 1)
      this.rows.push({ ...common, bid, ask, last_seq: seq })
    } else {
      const side = batch.side[start] === Side.buy ? 'buy' : 'sell'
      this.rows.push({ ...common, trade_id: String(seq), kind: 'trade', side, ...numbers(batch, start) })
    }
  }
}

function numbers(batch: EventBatch, entry: number): { price: string; quantity: string } {
  const { price, quantity } = batch
  return {
    price: decimalText(price.mantissas[entry] as number, price.scales[entry] as number),
    quantity: decimalText(quantity.mantissas[entry] as number, quantity.scales[entry] as number),
  }
}
