import { type EventBatch, EventKind, type LiquidationDetail } from '@cryptoflow/model'
import { appendDetail, optionalUnsigned, unsignedDecimal } from '../details.ts'
import { FieldReader, field, isArray, isObject } from '../json.ts'
import { type Element, type Place, textTime } from './fields.ts'

/**
 * Orders that closed a position by force: at most one per contract and second is published, not in order of time, and
 * the first push after subscribing brings old ones. There is no id: what tells an order from others is all that is
 * said of it.
 *
 * Source: okx.com/docs-v5, "WS / Liquidation orders channel", as of 2026-02-23; a frame of 2026-10-09.
 */

/** Most orders in one element: the known ones have one. */
const ORDERS_MAX = 10_000

/** Appends the orders of one contract, the element's `details`. */
export function readLiquidations({ row, fields }: Element, place: Place, out: EventBatch): void {
  const orders = field(row, 'details')
  if (!isArray(orders) || orders.length > ORDERS_MAX) {
    fields.refuse('malformed', `details is not a list of at most ${ORDERS_MAX} orders`)
    return
  }
  for (const order of orders) {
    if (!isObject(order)) {
      fields.refuse('malformed', 'an order in details is not an object')
      return
    }
    const element = { row: order, fields: new FieldReader(order) }
    readOrder(element, place, out)
    fields.refusal ??= element.fields.refusal
  }
}

function readOrder(element: Element, { stream, symbol }: Place, out: EventBatch): void {
  const engineUs = textTime(element, 'ts')
  // At the price of bankruptcy the position's margin is used up; the order was filled at another.
  const price = optionalUnsigned(element.fields, 'bkPx')
  const detail: LiquidationDetail = {
    side: sideOf(element),
    price,
    priceKind: price === null ? null : 'bankruptcy',
    averagePrice: null,
    quantity: unsignedDecimal(element.fields, 'sz'),
    filledQuantity: null,
    status: null,
    sampled: true,
  }
  const event = appendDetail(
    { kind: EventKind.liquidation, symbol, stream, engineUs, sentUs: Number.NaN, detail },
    out,
  )
  out.textIds.set(event, idOf(element))
}

function sideOf({ row, fields }: Element): 'buy' | 'sell' {
  const side = field(row, 'side')
  if (side !== 'buy' && side !== 'sell') fields.refuse('malformed', 'side is neither buy nor sell')
  return side === 'buy' ? 'buy' : 'sell'
}

/** Longest id that is kept. The known ones have half of it. */
const ID_BYTES_MAX = 128
const encoder = new TextEncoder()

/** All that is said of an order, as it is written: a repeat is the same byte for byte. */
function idOf({ row, fields }: Element): string {
  const texts = ['ts', 'side', 'posSide', 'sz', 'bkPx'].map((key) => field(row, key) ?? '')
  const id = texts.join('|')
  const isText = texts.every((text) => typeof text === 'string' && text.isWellFormed())
  if (!isText) fields.refuse('malformed', 'a field of an order is not a text')
  else if (encoder.encode(id).length > ID_BYTES_MAX) {
    fields.refuse('malformed', `the fields of an order have more than ${ID_BYTES_MAX} bytes`)
  }
  return id
}
