import type { LevelText } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import type { Peer } from '../stage/peer.ts'
import type { Print } from './tape.ts'
import { microTime, shortTime } from './times.ts'

/**
 * How the Advanced socket writes. Sources: docs.cdp.coinbase.com, Advanced Trade WebSocket channels, read 2026-09-27;
 * frames of 2026-09-07 for times of nine digits and envelopes without a client, of 2026-09-30 for trades.
 */

/** Every so many connections one is served by a server that leaves out `client_id`. */
const CLIENTLESS_EVERY = 4

/** A frame of the connection: counted, whatever becomes of it. `events` is their JSON, comma between them. */
export function advancedFrame(peer: Peer, channel: string, sentMs: number, events: string): string {
  const client = peer.number % CLIENTLESS_EVERY === 0 ? '' : '"client_id":"",'
  const position = peer.frames
  peer.frames += 1
  const time = shortTime(sentMs, hashOf(`${channel} ${sentMs}`) % 1000)
  return `{"channel":"${channel}",${client}"timestamp":"${time}","sequence_num":${position},"events":[${events}]}`
}

/** One event of `l2_data`. Levels of both sides take turns; an ask is called `offer`. */
export function bookEvent(
  type: 'snapshot' | 'update',
  product: string,
  {
    bids,
    asks,
    times,
  }: {
    readonly bids: readonly LevelText[]
    readonly asks: readonly LevelText[]
    /** Of the n-th level of either side. */
    readonly times: (index: number) => string
  },
): string {
  const levels: string[] = []
  for (let i = 0; i < Math.max(bids.length, asks.length); i++) {
    for (const [side, level] of [
      ['bid', bids[i]],
      ['offer', asks[i]],
    ] as const) {
      if (level === undefined) continue
      levels.push(
        `{"side":"${side}","event_time":"${times(i)}","price_level":"${level[0]}","new_quantity":"${level[1]}"}`,
      )
    }
  }
  return `{"type":"${type}","product_id":"${product}","updates":[${levels.join(',')}]}`
}

/** One event of `market_trades`, newest first or oldest first. */
export function tradesEvent(
  type: 'snapshot' | 'update',
  product: string,
  prints: readonly Print[],
  isNewestFirst: boolean,
): string {
  const rows = prints.map((print) => tradeJson(product, print))
  if (isNewestFirst) rows.reverse()
  return `{"type":"${type}","trades":[${rows.join(',')}]}`
}

/** `side` is the maker's: that of the order which stood in the book. */
function tradeJson(product: string, { trade, price, quantity }: Print): string {
  const maker = trade.side === 'buy' ? 'SELL' : 'BUY'
  return (
    `{"product_id":"${product}","trade_id":"${trade.id}","price":"${price}","size":"${quantity}",` +
    `"time":"${shortTime(trade.timeMs)}","side":"${maker}"}`
  )
}

/** The event of an acknowledgement: all that is subscribed on the connection, by channel. */
export function subscriptionsEvent(channels: ReadonlyMap<string, ReadonlySet<string>>): string {
  const lists = [...channels].filter(([, products]) => products.size > 0)
  return JSON.stringify({
    subscriptions: Object.fromEntries(lists.map(([name, products]) => [name, [...products]])),
  })
}

/** `current_time` is no RFC 3339. */
export function heartbeatEvent(nowMs: number, count: number): string {
  const time = microTime(nowMs).replace('T', ' ').replace('Z', '000+00:00')
  return `{"current_time":"${time}","heartbeat_counter":${count}}`
}

/** Says that a request is refused; it has no place in the connection's count. */
export function errorText(message: string): string {
  return JSON.stringify({ type: 'error', message })
}
