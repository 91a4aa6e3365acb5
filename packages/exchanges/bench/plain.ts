/** What the plain version fills: `JSON.parse`, `Number`, and the same columns. */
export interface PlainColumns {
  count: number
  entryCount: number
  kind: Uint8Array
  symbol: Int32Array
  stream: Int32Array
  engineUs: Float64Array
  sentUs: Float64Array
  firstSeq: Float64Array
  lastSeq: Float64Array
  prevSeq: Float64Array
  firstTradeId: Float64Array
  lastTradeId: Float64Array
  tradeType: Int32Array
  checksum: Float64Array
  entryStart: Int32Array
  side: Uint8Array
  price: Float64Array
  quantity: Float64Array
  readonly textIds: Map<number, string>
  readonly names: Map<string, number>
}

/** Columns with room for all rows from the start: the plain version never has to grow. */
export function plainColumns(events: number, entries: number): PlainColumns {
  return {
    count: 0,
    entryCount: 0,
    kind: new Uint8Array(events),
    symbol: new Int32Array(events),
    stream: new Int32Array(events),
    engineUs: new Float64Array(events),
    sentUs: new Float64Array(events),
    firstSeq: new Float64Array(events),
    lastSeq: new Float64Array(events),
    prevSeq: new Float64Array(events),
    firstTradeId: new Float64Array(events),
    lastTradeId: new Float64Array(events),
    tradeType: new Int32Array(events),
    checksum: new Float64Array(events),
    entryStart: new Int32Array(events + 1),
    side: new Uint8Array(entries),
    price: new Float64Array(entries),
    quantity: new Float64Array(entries),
    textIds: new Map(),
    names: new Map(),
  }
}

/** The columns are filled again from their beginning. */
export function clearPlain(out: PlainColumns): void {
  out.count = 0
  out.entryCount = 0
  if (out.textIds.size > 0) out.textIds.clear()
}

/** Appends a level or a trade whose numbers are texts on the wire. */
export function entry(out: PlainColumns, side: number, price: string, quantity: string): void {
  bareEntry(out, side, Number(price), Number(quantity))
}

/** Appends a level or a trade whose numbers are bare on the wire. */
export function bareEntry(out: PlainColumns, side: number, price: number, quantity: number): void {
  const row = out.entryCount
  out.side[row] = side
  out.price[row] = price
  out.quantity[row] = quantity
  out.entryCount = row + 1
}

/**
 * Ends the event being written: its entries are all entries since the one before. Times are microseconds; `seq` is its
 * first and its last number. One argument each, since an object made for them would slow the yardstick down.
 */
export function endEvent(
  out: PlainColumns,
  kind: number,
  stream: string,
  symbol: string,
  engineUs: number,
  sentUs: number,
  seq: number,
): void {
  const event = out.count
  out.kind[event] = kind
  out.stream[event] = nameId(out.names, stream)
  out.symbol[event] = nameId(out.names, symbol)
  out.engineUs[event] = engineUs
  out.sentUs[event] = sentUs
  out.firstSeq[event] = seq
  out.lastSeq[event] = seq
  out.prevSeq[event] = Number.NaN
  out.count = event + 1
  out.entryStart[out.count] = out.entryCount
}

export function nameId(names: Map<string, number>, name: string): number {
  const known = names.get(name)
  if (known !== undefined) return known
  names.set(name, names.size)
  return names.size - 1
}
