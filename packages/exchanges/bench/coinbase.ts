import { decodeExact } from '../src/coinbase/exact.ts'
import { decodeFast } from '../src/coinbase/frame.ts'
import { findMarket } from '../src/registry.ts'
import { readCaptures } from '../src/test-support.ts'
import { type ExchangeFrames, framesOf, interleaved, type Protocol, seeded } from './frames.ts'
import { endEvent, entry, type PlainColumns } from './plain.ts'

const MADE_UP_FRAMES = 6000

const protocol: Protocol = {
  market: findMarket('coinbase', 'spot'),
  fast: (bytes, out) => decodeFast('spot', bytes, out),
  exact: (bytes, out) => decodeExact('spot', bytes, out),
  plain: decodePlain,
  mapping: { exchange: 'coinbase', kinds: ['normalizeTrades', 'normalizeBookChanges'] },
}

/**
 * Books and trades of both sockets. Frames of the Exchange socket are captured ones in `capturesDirectory`, those of
 * the Advanced socket made up after the documents, since nobody published a recording of it.
 */
export function coinbaseFrames(capturesDirectory?: string): ExchangeFrames {
  const isCaptured = capturesDirectory !== undefined
  const source = isCaptured ? 'captures' : 'made up'
  const texts = isCaptured ? capturedTexts(capturesDirectory) : madeUpExchangeTexts(MADE_UP_FRAMES)
  const exchange = framesOf(protocol, texts)
  const books = framesOf(protocol, madeUpBooks(MADE_UP_FRAMES))
  const trades = framesOf(protocol, madeUpTrades(MADE_UP_FRAMES))
  return {
    exchange: 'coinbase',
    sets: [
      { name: 'level2 and market_trades (made up)', frames: interleaved([books, trades]) },
      { name: 'level2 (made up)', frames: books },
      { name: 'market_trades (made up)', frames: trades },
      { name: 'level2 snapshot (made up)', frames: framesOf(protocol, madeUpSnapshots()) },
      {
        name: `l2update and match (${source})`,
        frames: exchange,
        mapped: exchange.filter(({ bytes }) => !bytes.includes('"last_match"')),
      },
      {
        name: `l2update (${source})`,
        frames: exchange.filter(({ bytes }) => bytes.includes('"l2update"')),
      },
      { name: `match (${source})`, frames: exchange.filter(({ bytes }) => bytes.includes('match"')) },
    ],
    unmapped: 'it has no mapper for the Advanced socket (level2, market_trades) and for last_match',
  }
}

function capturedTexts(directory: string): string[] {
  const lines = [...readCaptures(directory, 'coinbase-spot__cryptofeed').values()].flat()
  const stored = lines.filter(
    ({ transport, raw }) => transport === 'ws' && /^{"type":"(l2update|(last_)?match)"/.test(raw),
  )
  return stored.map(({ raw }) => raw)
}

interface Message {
  readonly channel?: string
  readonly type?: string
  readonly timestamp: string
  readonly events: readonly {
    readonly type: string
    readonly product_id: string
    readonly updates: readonly {
      side: string
      event_time: string
      price_level: string
      new_quantity: string
    }[]
    readonly trades: readonly Trade[]
  }[]
  readonly product_id: string
  readonly changes: readonly [string, string, string][]
  readonly time: string
}

interface Trade {
  readonly trade_id: string | number
  readonly product_id: string
  readonly price: string
  readonly size: string
  readonly side: string
  readonly time: string
}

/** The plain version: milliseconds are enough for it, and of a book it looks at its last time only. */
function decodePlain(frame: Buffer, out: PlainColumns): void {
  const message = JSON.parse(frame.toString('utf8')) as Message
  if (message.channel === 'l2_data') {
    const sentUs = Date.parse(message.timestamp) * 1000
    for (const { type, product_id, updates } of message.events) {
      for (const { side, price_level, new_quantity } of updates) {
        entry(out, side === 'bid' ? 0 : 1, price_level, new_quantity)
      }
      const engineUs = Date.parse(updates.at(-1)?.event_time ?? '') * 1000
      endEvent(out, type === 'snapshot' ? 2 : 1, 'level2', product_id, engineUs, sentUs, Number.NaN)
    }
  } else if (message.channel === 'market_trades') {
    const sentUs = Date.parse(message.timestamp) * 1000
    const trades = message.events.flatMap((event) => event.trades)
    trades.sort((a, b) => Number(a.trade_id) - Number(b.trade_id))
    for (const trade of trades) endTrade(out, trade, 'market_trades', sentUs)
  } else if (message.type === 'l2update') {
    for (const [side, price, quantity] of message.changes) entry(out, side === 'buy' ? 0 : 1, price, quantity)
    const engineUs = Date.parse(message.time) * 1000
    endEvent(out, 1, 'level2_batch', message.product_id, engineUs, Number.NaN, Number.NaN)
  } else endTrade(out, message as unknown as Trade, 'matches', Number.NaN)
}

function endTrade(out: PlainColumns, trade: Trade, stream: string, sentUs: number): void {
  entry(out, trade.side === 'BUY' || trade.side === 'buy' ? 3 : 2, trade.price, trade.size)
  const engineUs = Date.parse(trade.time) * 1000
  out.tradeType[out.count] = -1
  endEvent(out, 0, stream, trade.product_id, engineUs, sentUs, Number(trade.trade_id))
}

const next = seeded()

const price = (): string => `${60_000 + next(3000)}.${String(next(100)).padStart(2, '0')}`
const quantity = (): string => `${next(3)}.${String(next(100_000_000)).padStart(8, '0')}`
const symbols = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'DOGE-USD', 'SHIB-USD']

function timeText(us: number): string {
  return `${new Date(us / 1000).toISOString().slice(0, 19)}.${String(us % 1_000_000).padStart(6, '0')}Z`
}

function enveloped(channel: string, us: number, sequence_num: number, event: object): string {
  const timestamp = `${timeText(us).slice(0, -1)}123Z`
  return JSON.stringify({ channel, client_id: '', timestamp, sequence_num, events: [event] })
}

/** Updates of 1 to 20 levels, a third of which have times of their own. */
function madeUpBooks(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const us = Date.UTC(2026, 8, 7) * 1000 + i * 50_000
    return enveloped('l2_data', us, i, {
      type: 'update',
      product_id: symbols[next(5)],
      updates: levels(1 + next(20), us),
    })
  })
}

function madeUpSnapshots(): string[] {
  const us = Date.UTC(2026, 8, 7) * 1000
  return Array.from({ length: 4 }, (_, i) => {
    return enveloped('l2_data', us, i, {
      type: 'snapshot',
      product_id: symbols[i],
      updates: levels(20_000, us, 0),
    })
  })
}

function levels(count: number, us: number, distinct = 3): object[] {
  let event_time = timeText(us)
  return Array.from({ length: count }, () => {
    if (distinct > 0 && next(distinct) === 0) event_time = timeText(us + next(50_000))
    return { side: next(2) > 0 ? 'bid' : 'offer', event_time, price_level: price(), new_quantity: quantity() }
  })
}

/** Messages of 1 to 4 trades, oldest first. */
function madeUpTrades(count: number): string[] {
  let id = 846_149_798
  return Array.from({ length: count }, (_, i) => {
    const us = Date.UTC(2026, 8, 7) * 1000 + i * 50_000
    const product_id = symbols[next(5)]
    const trades = Array.from({ length: 1 + next(4) }, () => {
      id += 1
      const time = timeText(us + next(50_000))
      return {
        product_id,
        trade_id: String(id),
        price: price(),
        size: quantity(),
        time,
        side: next(2) > 0 ? 'BUY' : 'SELL',
      }
    })
    return enveloped('market_trades', us, i, { type: 'update', trades })
  })
}

/** Messages of the Exchange socket: of seven, six changes of a level and one trade. */
function madeUpExchangeTexts(count: number): string[] {
  let trade_id = 156_449_798
  return Array.from({ length: count }, (_, i) => {
    const time = timeText(Date.UTC(2026, 8, 7) * 1000 + i * 50_000)
    const product_id = symbols[next(5)]
    const side = next(2) > 0 ? 'buy' : 'sell'
    if (next(7) > 0) {
      return JSON.stringify({ type: 'l2update', product_id, changes: [[side, price(), quantity()]], time })
    }
    trade_id += 1
    const ids = { trade_id, maker_order_id: orderId(), taker_order_id: orderId() }
    const told = { side, size: quantity(), price: price(), product_id, sequence: 24_000_000_000 + i, time }
    return JSON.stringify({ type: 'match', ...ids, ...told })
  })
}

function orderId(): string {
  const hex = (count: number): string => Array.from({ length: count }, () => next(16).toString(16)).join('')
  return [8, 4, 4, 4, 12].map(hex).join('-')
}
