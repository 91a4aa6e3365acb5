import { createRowBuffer, type RowBuffer, reserveRows, StringTable, spotDelta } from '@cryptoflow/model'

/** Rows for tests and benches: book updates as Binance spot sends them, the same at every call. */
export function bookUpdates(rows: number, symbolCount = 40): RowBuffer<typeof spotDelta> {
  const next = numbers(20261121)
  const names = new StringTable()
  const symbols = Array.from({ length: symbolCount }, (_, i) => names.idOf(`SYM${i * 7919}USDT`))
  const walk = symbols.map((_, i) => ({ price: 100_000 + i * 977, seq: 1_000_000 * (i + 1) }))
  const buffer = createRowBuffer(spotDelta, names)
  reserveRows(buffer, rows)
  const id = (text: string) => names.idOf(text)
  const constants = {
    exchange: id('binance'),
    market: id('spot'),
    event_ts_source: id('sent'),
    source: id('ws'),
    writer: id('01KAJ4V8Q2J3S9WZ6T0M5N7XYB'),
    quantity_unit: id('base'),
    book_state: id('live'),
  }
  const [bid, ask] = [id('bid'), id('ask')]
  let timeUs = 1_763_700_000_000_000
  let frame = 1
  while (buffer.count < rows) {
    const which = Math.floor(next() * symbolCount)
    const state = walk[which] as { price: number; seq: number }
    const levels = Math.min(2 + Math.floor(next() * 11), rows - buffer.count)
    const lastSeq = state.seq + levels + Math.floor(next() * 5)
    state.price = Math.max(1_000, state.price + Math.floor(next() * 7) - 3)
    timeUs += Math.floor(next() * 3_000)
    for (let level = 0; level < levels; level++) {
      const row = buffer.count++
      const { columns } = buffer
      for (const [name, value] of Object.entries(constants)) {
        columns[name as keyof typeof constants].values[row] = value
      }
      columns.symbol.values[row] = symbols[which] as number
      columns.instrument.values[row] = -1
      columns.event_ts.values[row] = timeUs - 4_000
      columns.sent_ts.values[row] = timeUs - 4_000
      columns.received_ts.values[row] = timeUs + Math.floor(next() * 900)
      columns.frame.values[row] = frame
      columns.side.values[row] = level % 2 === 0 ? bid : ask
      columns.price.mantissas[row] = state.price + (level % 2 === 0 ? -level : level)
      columns.price.scales[row] = 2
      columns.quantity.mantissas[row] = next() < 0.25 ? 0 : Math.floor(next() ** 3 * 400_000)
      columns.quantity.scales[row] = 5
      columns.first_seq.values[row] = state.seq + 1
      columns.last_seq.values[row] = lastSeq
      columns.prev_seq.values[row] = Number.NaN
      columns.is_snapshot.values[row] = 0
      columns.level_index.values[row] = level >> 1
      columns.connection_seq.values[row] = Number.NaN
      columns.checksum.values[row] = Number.NaN
    }
    state.seq = lastSeq
    frame += 1
  }
  return buffer
}

/** Numbers 0 <= x < 1 from a seed (mulberry32). */
export function numbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}
