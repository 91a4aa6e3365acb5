import { type EventBatch, EventKind, type LiquidationDetail, type StringTable } from '@cryptoflow/model'
import { appendDetail, optionalUnsigned, unsignedDecimal } from '../details.ts'
import { FieldReader, field, isObject, type JsonObject } from '../json.ts'

/**
 * Orders that closed a position by force: at most one per symbol and second, without id or sequence.
 * Source: developers.binance.com, derivatives, "Liquidation Order Streams" of USD-M and COIN-M, as scraped
 * 2026-05-28 (c3e7630).
 */

/** Appends the liquidation of one `forceOrder`: the order itself stands in the message's `o`. */
export function readForceOrder(
  message: JsonObject,
  fields: FieldReader,
  stream: number,
  names: StringTable,
  out: EventBatch,
): void {
  const order = field(message, 'o')
  if (!isObject(order)) {
    fields.refuse('malformed', 'o is not an object')
    return
  }
  const sentUs = fields.time('E')
  const inOrder = new FieldReader(order)
  const engineUs = inOrder.time('T')
  const detail = detailOf(inOrder)
  const symbol = inOrder.symbol('s', names)
  fields.refusal ??= inOrder.refusal
  appendDetail({ kind: EventKind.liquidation, symbol, stream, engineUs, sentUs, detail }, out)
}

function detailOf(order: FieldReader): LiquidationDetail {
  return {
    side: sideOf(order),
    price: unsignedDecimal(order, 'p'),
    priceKind: 'order',
    averagePrice: optionalUnsigned(order, 'ap'),
    quantity: unsignedDecimal(order, 'q'),
    filledQuantity: optionalUnsigned(order, 'z'),
    status: order.optionalText('X'),
    sampled: true,
  }
}

function sideOf(order: FieldReader): 'buy' | 'sell' {
  const side = order.text('S')
  if (side !== 'BUY' && side !== 'SELL') order.refuse('malformed', 'S is neither BUY nor SELL')
  return side === 'BUY' ? 'buy' : 'sell'
}
