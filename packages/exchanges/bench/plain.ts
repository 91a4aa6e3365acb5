/** The plain way that everybody begins with: `JSON.parse`, `Number`, and the same columns. */
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
  entryStart: Int32Array
  side: Uint8Array
  price: Float64Array
  quantity: Float64Array
  readonly names: Map<string, number>
}

interface Payload {
  readonly e?: string
  readonly X?: string
  readonly pu?: number
  readonly E?: number
  readonly T?: number
  readonly s: string
  readonly t: number
  /** The id of an aggregate, the asks of a diff, the best ask of a quote. */
  readonly a: number | string | readonly [string, string][]
  readonly f: number
  readonly l: number
  readonly p: string
  readonly q: string
  readonly m: boolean
  readonly U: number
  readonly u: number
  readonly b: string & [string, string][]
  readonly B: string
  readonly A: string
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
    entryStart: new Int32Array(events + 1),
    side: new Uint8Array(entries),
    price: new Float64Array(entries),
    quantity: new Float64Array(entries),
    names: new Map(),
  }
}

export function decodePlain(frame: Buffer, out: PlainColumns): void {
  const { stream, data } = JSON.parse(frame.toString('utf8')) as { stream: string; data: Payload }
  const event = out.count
  out.symbol[event] = nameId(out.names, data.s)
  out.stream[event] = nameId(out.names, stream.slice(stream.indexOf('@') + 1))
  out.engineUs[event] = data.T === undefined ? Number.NaN : data.T * 1000
  out.sentUs[event] = data.E === undefined ? Number.NaN : data.E * 1000
  out.prevSeq[event] = data.pu ?? Number.NaN
  out.tradeType[event] = data.X === undefined ? -1 : nameId(out.names, data.X)
  if (data.e === 'trade') {
    out.kind[event] = 0
    out.firstSeq[event] = data.t
    out.lastSeq[event] = data.t
    entry(out, data.m ? 3 : 2, data.p, data.q)
  } else if (data.e === 'aggTrade') {
    out.kind[event] = 4
    out.firstSeq[event] = data.a as number
    out.lastSeq[event] = data.a as number
    out.firstTradeId[event] = data.f
    out.lastTradeId[event] = data.l
    entry(out, data.m ? 3 : 2, data.p, data.q)
  } else if (data.e === 'depthUpdate') {
    out.kind[event] = 1
    out.firstSeq[event] = data.U
    out.lastSeq[event] = data.u
    for (const [price, quantity] of data.b) entry(out, 0, price, quantity)
    for (const [price, quantity] of data.a as readonly [string, string][]) entry(out, 1, price, quantity)
  } else {
    out.kind[event] = 3
    out.firstSeq[event] = Number.NaN
    out.lastSeq[event] = data.u
    entry(out, 0, data.b, data.B)
    entry(out, 1, data.a as string, data.A)
  }
  out.count = event + 1
  out.entryStart[out.count] = out.entryCount
}

function entry(out: PlainColumns, side: number, price: string, quantity: string): void {
  const row = out.entryCount
  out.side[row] = side
  out.price[row] = Number(price)
  out.quantity[row] = Number(quantity)
  out.entryCount = row + 1
}

function nameId(names: Map<string, number>, name: string): number {
  const known = names.get(name)
  if (known !== undefined) return known
  names.set(name, names.size)
  return names.size - 1
}
