import type { WireLine } from './captures.ts'

/**
 * What messages say, read by another program than ours: text to text, no float in between. Rows are lines of CSV:
 *
 *     levels   symbol, side, level_index, price, price_scale, quantity, quantity_scale, is_snapshot
 *     trades   symbol, side, price, price_scale, quantity, quantity_scale
 */
export interface WireTable {
  readonly levels: string[]
  readonly trades: string[]
}

/** A JSON number as it is written. */
class Written {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Any JSON, numbers as they are written. */
type Wire = string | boolean | null | Written | Wire[] | { readonly [key: string]: Wire | undefined }
type Fields = { readonly [key: string]: Wire | undefined }

/** Rows of books and trades, in any protocol of a capture but the first exchange's, which its own test reads. */
export function wireTable(lines: readonly WireLine[]): WireTable {
  const table: WireTable = { levels: [], trades: [] }
  for (const { raw } of lines) {
    const message = parse(raw)
    for (const read of [topics, channels, products, feeds, short]) read(message, table)
  }
  return table
}

/** `{"topic":"orderbook.500.A","type":"snapshot","data":{"b":[["1","2"]],"a":[]}}` */
function topics(message: Fields, table: WireTable): void {
  const topic = text(message.topic)
  if (!topic.startsWith('orderbook.')) return
  const { s, b, a } = message.data as Fields
  book(table, s, pairs(b), pairs(a), message.type === 'snapshot')
}

/** `{"arg":{"channel":"books","instId":"A"},"data":[...]}` and `{"channel":"book","data":[{"symbol":"A/B",...}]}` */
function channels(message: Fields, table: WireTable): void {
  const { channel, instId } = (message.arg ?? {}) as Fields
  const isSnapshot = message.action === 'snapshot' || message.type === 'snapshot'
  if (!Array.isArray(message.data)) return
  for (const data of message.data as Fields[]) {
    if (channel === 'books') book(table, instId, pairs(data.bids), pairs(data.asks), isSnapshot)
    if (channel === 'trades') trade(table, data.instId, data.side, data.px, data.sz)
    if (message.channel === 'book')
      book(table, data.symbol, objects(data.bids), objects(data.asks), isSnapshot)
  }
}

/** `{"type":"l2update","product_id":"A","changes":[["buy","1","2"]]}`, `snapshot`, `match`: its side is the maker's. */
function products(message: Fields, table: WireTable): void {
  const { type, product_id } = message
  if (type === 'snapshot' && product_id !== undefined) {
    book(table, product_id, pairs(message.bids), pairs(message.asks), true)
  }
  if (type === 'l2update') {
    const changes = message.changes as [string, string, string][]
    const of = (side: string): Level[] => changes.filter(([own]) => own === side).map(([, ...level]) => level)
    book(table, product_id, of('buy'), of('sell'), false)
  }
  if (type === 'match' || type === 'last_match') {
    trade(table, product_id, message.side === 'buy' ? 'sell' : 'buy', message.price, message.size)
  }
}

/** `{"feed":"book","product_id":"A","side":"sell","price":1.5,"qty":2.0}`, `book_snapshot`, `trade`, `trade_snapshot` */
function feeds(message: Fields, table: WireTable): void {
  const { feed, product_id, side, price, qty } = message
  if (feed === 'book_snapshot') book(table, product_id, objects(message.bids), objects(message.asks), true)
  if (feed === 'book' && price !== undefined) {
    const level: Level[] = [[price, qty]]
    book(table, product_id, side === 'buy' ? level : [], side === 'sell' ? level : [], false)
  }
  if (feed === 'trade' && price !== undefined) trade(table, product_id, side, price, qty)
  if (feed !== 'trade_snapshot') return
  for (const one of message.trades as Fields[]) trade(table, one.product_id, one.side, one.price, one.qty)
}

/** `{"ty":"trade","cd":"A","tp":1.0,"tv":2.0,"ab":"ASK"}` */
function short(message: Fields, table: WireTable): void {
  if (message.ty !== 'trade') return
  trade(table, message.cd, message.ab === 'ASK' ? 'sell' : 'buy', message.tp, message.tv)
}

type Level = readonly (Wire | undefined)[]

function pairs(side: Wire | undefined): Level[] {
  return side as Wire[][]
}

function objects(side: Wire | undefined): Level[] {
  return (side as Fields[]).map(({ price, qty }) => [price, qty])
}

function book(
  table: WireTable,
  symbol: Wire | undefined,
  bids: Level[],
  asks: Level[],
  isSnapshot: boolean,
): void {
  for (const [side, levels] of [
    ['bid', bids],
    ['ask', asks],
  ] as const) {
    levels.forEach(([price, quantity], index) => {
      table.levels.push(
        [text(symbol), side, index, ...number(price), ...number(quantity), isSnapshot].join(','),
      )
    })
  }
}

function trade(table: WireTable, ...[symbol, side, price, quantity]: (Wire | undefined)[]): void {
  table.trades.push([text(symbol), text(side), ...number(price), ...number(quantity)].join(','))
}

/** `61837.630` -> the same at 18 fraction digits, and the 3 that were written; `1.5e-7` has 8. */
function number(wire: Wire | undefined): [string, number] {
  const [mantissa = '', exponent = '0'] = text(wire).toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const scale = Math.max(0, fraction.length - Number(exponent))
  const digits = `${whole}${fraction}`.padStart(scale + 1, '0') + '0'.repeat(18 - scale)
  const shifted = digits + '0'.repeat(Math.max(0, Number(exponent) - fraction.length))
  const at = shifted.length - 18
  return [`${BigInt(shifted.slice(0, at))}.${shifted.slice(at)}`, scale]
}

function text(wire: Wire | undefined): string {
  if (wire instanceof Written) return wire.text
  return typeof wire === 'string' ? wire : ''
}

function parse(raw: string): Fields {
  const keep = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
    typeof value === 'number' ? new Written(source ?? '') : value
  return (JSON.parse as (text: string, reviver: typeof keep) => Fields)(raw, keep)
}
