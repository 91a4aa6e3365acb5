import { type DecodeOutcome, type EventBatch, EventKind, type LiquidationDetail } from '@cryptoflow/model'
import { appendDetail, unsignedDecimal } from '../details.ts'
import { FieldReader, field, isObject, malformed } from '../json.ts'
import { LEVELS_MAX } from '../levels.ts'
import { EMPTY, EVENTS } from '../outcomes.ts'
import type { Message } from './channels.ts'

/**
 * Orders that closed a position by force: all of them, every 500 ms, without id or sequence. `S` is the side of the
 * position, so the order's is the other one; `p` is the bankruptcy price, not the price of the fill.
 * Source: bybit-exchange/docs 2026-07-24, v5/websocket/public/all-liquidation. It calls `data` an object; in its
 * example and on the wire it is a list.
 */

/** Appends the liquidations of a message. */
export function readLiquidations(message: Message, out: EventBatch): DecodeOutcome {
  const { fields, stream } = message
  const sentUs = fields.time('ts')
  const rows = fields.list('data')
  if (rows.length > LEVELS_MAX)
    fields.refuse('too_many_levels', `data has more than ${LEVELS_MAX} liquidations`)
  if (fields.refusal !== null) return fields.refusal
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) return malformed('malformed', `liquidation ${index} is not an object`)
    const inRow = new FieldReader(row)
    if (field(row, 's') !== message.symbol) inRow.refuse('bad_symbol', 's is not the symbol of the topic')
    const engineUs = inRow.time('T')
    const detail = detailOf(inRow)
    const symbol = inRow.symbol('s', out.names)
    appendDetail({ kind: EventKind.liquidation, symbol, stream, engineUs, sentUs, detail }, out)
    if (inRow.refusal !== null) return inRow.refusal
  }
  return rows.length === 0 ? EMPTY : EVENTS
}

function detailOf(fields: FieldReader): LiquidationDetail {
  return {
    side: closingSideOf(fields),
    price: unsignedDecimal(fields, 'p'),
    priceKind: 'bankruptcy',
    averagePrice: null,
    quantity: unsignedDecimal(fields, 'v'),
    filledQuantity: null,
    status: null,
    sampled: false,
  }
}

/** A long position, `Buy`, is closed by selling. */
function closingSideOf(fields: FieldReader): 'buy' | 'sell' {
  const side = fields.text('S')
  if (side !== 'Buy' && side !== 'Sell') fields.refuse('malformed', 'S is neither Buy nor Sell')
  return side === 'Buy' ? 'sell' : 'buy'
}
