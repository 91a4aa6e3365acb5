import { type Json, pairs, reading } from './house-support.ts'

/** A second reading of both protocols' frames, as entries of the log should say the same. */

/** The events of a spot frame, read by the documents. */
export function spotReadings({ channel, type, data }: Json): Json[] {
  if (channel === 'book') {
    return data.map(({ symbol, bids, asks, checksum, timestamp }: Json) =>
      reading({
        symbol,
        stream: 'book',
        is_snapshot: type === 'snapshot',
        checksum,
        bids: pairs(bids),
        asks: pairs(asks),
        engine_ms: Date.parse(timestamp),
      }),
    )
  }
  if (channel !== 'trade' || type === 'snapshot') return []
  return data.map(({ symbol, side, price, qty, ord_type, trade_id, timestamp }: Json) =>
    reading({
      symbol,
      stream: 'trade',
      first: Number(trade_id),
      last: Number(trade_id),
      engine_ms: Date.parse(timestamp),
      values: { trade_id, kind: 'trade', side, price, quantity: qty, trade_type: ord_type },
    }),
  )
}

type Side = [string, string][]

/** The one level of a delta, on its side. */
export function sidesOf({ side, price, qty }: Json): [Side, Side] {
  const level: Side = [[price, qty]]
  return side === 'buy' ? [level, []] : [[], level]
}

/** The events of a futures frame, read by the documents. */
export function futuresReadings(message: Json): Json[] {
  const { feed, event, product_id: symbol } = message
  if (event !== undefined || feed === 'trade_snapshot') return []
  switch (feed) {
    case 'book_snapshot': {
      const sides = { bids: pairs(message.bids), asks: pairs(message.asks) }
      const last = Number(message.seq)
      return [
        reading({
          symbol,
          stream: 'book',
          last,
          is_snapshot: true,
          ...sides,
          engine_ms: Number(message.timestamp),
        }),
      ]
    }
    case 'book': {
      const [bids, asks] = sidesOf(message)
      const [first, last] = [Number(message.seq), Number(message.seq)]
      return [
        reading({ symbol, stream: 'book', first, last, bids, asks, engine_ms: Number(message.timestamp) }),
      ]
    }
    case 'trade':
      return tradesOf(symbol, message)
    case 'ticker':
      return tickersOf(symbol, message)
    default:
      throw new Error(`a message of no known kind: ${feed}`)
  }
}

function tradesOf(symbol: string, { uid, side, type, seq, time, qty, price }: Json): Json[] {
  const engine_ms = Number(time)
  const isForced = type === 'liquidation' || type === 'termination'
  const [first, last] = [Number(seq), Number(seq)]
  const kind = type === 'block' ? 'block' : 'trade'
  const values = { trade_id: uid, kind, side, price, quantity: qty, trade_type: type }
  const position = side === 'sell' ? 'long' : 'short'
  const told = {
    side,
    position_side: position,
    price,
    price_kind: 'fill',
    quantity: qty,
    status: type,
    sampled: 'false',
  }
  return [
    reading({ symbol, stream: 'trade', first, last, engine_ms, values }),
    ...(isForced ? [reading({ symbol, stream: 'trade/liquidations', engine_ms, values: told })] : []),
  ]
}

function tickersOf(symbol: string, message: Json): Json[] {
  const sent_ms = Number(message.time)
  const names: readonly (readonly [string, string])[] = [
    ['mark_price', 'markPrice'],
    ['index_price', 'index'],
    ['funding_rate', 'relative_funding_rate'],
    ['predicted_rate', 'relative_funding_rate_prediction'],
  ]
  const told = names.flatMap(([name, key]) => (key in message ? [[name, message[key]]] : []))
  const time = message.next_funding_rate_time
  const values = {
    kind: 'current',
    ...Object.fromEntries(told),
    ...(time === undefined ? {} : { funding_ts: `${time}000` }),
    ...('relative_funding_rate' in message ? { interval_hours: '1' } : {}),
  }
  return [
    reading({ symbol, stream: 'ticker', sent_ms, values }),
    reading({
      symbol,
      stream: 'ticker/open_interest',
      sent_ms,
      values: { open_interest: message.openInterest },
    }),
  ]
}
