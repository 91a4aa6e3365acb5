import { findMarket } from '../src/registry.ts'
import { readCaptures } from '../src/test-support.ts'
import { decodeExact } from '../src/upbit/exact.ts'
import { decodeFast } from '../src/upbit/frame.ts'
import {
  type BenchFrame,
  type ExchangeFrames,
  type FrameSet,
  framesOf,
  type Protocol,
  seeded,
} from './frames.ts'
import { bareEntry, endEvent, type PlainColumns } from './plain.ts'

const MADE_UP_BOOKS = 1000
const MADE_UP_TRADES = 6000

const protocol: Protocol = {
  market: findMarket('upbit', 'spot'),
  fast: decodeFast,
  exact: decodeExact,
  plain: decodePlain,
  mapping: { exchange: 'upbit', kinds: ['normalizeTrades', 'normalizeBookChanges'] },
}

/**
 * Books and trades in both formats. Frames of the format `SIMPLE` are captured ones in `capturesDirectory`; those of
 * `DEFAULT`, which we ask for, are made up after the documents, since published recordings hold few.
 */
export function upbitFrames(capturesDirectory?: string): ExchangeFrames {
  const books = framesOf(protocol, madeUpBooks(MADE_UP_BOOKS, usual))
  const trades = framesOf(protocol, madeUpTrades(MADE_UP_TRADES))
  const both = [...books, ...trades.slice(0, books.length)]
  const sets: FrameSet[] = [
    { name: 'orderbook and trade (made up)', frames: both, mapped: both },
    { name: 'orderbook (made up)', frames: books },
    {
      name: 'orderbook, prices with exponents (made up)',
      frames: framesOf(protocol, madeUpBooks(MADE_UP_BOOKS, dear)),
    },
    { name: 'trade (made up)', frames: trades },
  ]
  if (capturesDirectory !== undefined) {
    sets.push({ name: 'orderbook and trade, SIMPLE (captures)', frames: capturedFrames(capturesDirectory) })
  }
  return { exchange: 'upbit', sets, unmapped: 'it has no mapper for the format SIMPLE' }
}

function capturedFrames(directory: string): BenchFrame[] {
  const lines = [...readCaptures(directory, 'upbit-').values()].flat()
  const texts = lines.filter(({ transport }) => transport === 'ws').map(({ raw }) => raw)
  return framesOf(protocol, texts)
}

interface Unit {
  readonly ask_price: number
  readonly bid_price: number
  readonly ask_size: number
  readonly bid_size: number
  readonly ap: number
  readonly bp: number
  readonly as: number
  readonly bs: number
}

interface Message {
  readonly type?: string
  readonly code: string
  readonly timestamp: number
  readonly trade_timestamp: number
  readonly trade_price: number
  readonly trade_volume: number
  readonly ask_bid: string
  readonly sequential_id: number
  readonly orderbook_units: readonly Unit[]
  readonly ty: string
  readonly cd: string
  readonly tms: number
  readonly ttms: number
  readonly tp: number
  readonly tv: number
  readonly ab: string
  readonly sid: number
  readonly obu: readonly Unit[]
}

/** The plain version, which loses the last digit of an id. */
function decodePlain(frame: Buffer, out: PlainColumns): void {
  const message = JSON.parse(frame.toString('utf8')) as Message
  if (message.type === 'orderbook') {
    const { orderbook_units: units, code, timestamp } = message
    for (const { bid_price, bid_size } of units) if (bid_price > 0) bareEntry(out, 0, bid_price, bid_size)
    for (const { ask_price, ask_size } of units) if (ask_price > 0) bareEntry(out, 1, ask_price, ask_size)
    endEvent(out, 5, 'orderbook', code, Number.NaN, timestamp * 1000, Number.NaN)
  } else if (message.type === 'trade') {
    const { trade_price, trade_volume, ask_bid, sequential_id, code, timestamp, trade_timestamp } = message
    bareEntry(out, ask_bid === 'BID' ? 2 : 3, trade_price, trade_volume)
    out.textIds.set(out.count, String(sequential_id))
    out.tradeType[out.count] = -1
    endEvent(out, 0, 'trade', code, trade_timestamp * 1000, timestamp * 1000, Number.NaN)
  } else if (message.ty === 'orderbook') {
    for (const { bp, bs } of message.obu) if (bp > 0) bareEntry(out, 0, bp, bs)
    for (const { ap, as } of message.obu) if (ap > 0) bareEntry(out, 1, ap, as)
    endEvent(out, 5, 'orderbook', message.cd, Number.NaN, message.tms * 1000, Number.NaN)
  } else {
    bareEntry(out, message.ab === 'BID' ? 2 : 3, message.tp, message.tv)
    out.textIds.set(out.count, String(message.sid))
    out.tradeType[out.count] = -1
    endEvent(out, 0, 'trade', message.cd, message.ttms * 1000, message.tms * 1000, Number.NaN)
  }
}

const next = seeded()

/** Symbols with a price and its step in units of a tenth. */
const dear = [['KRW-BTC', 1_160_000_000, 10_000]] as const
const usual = [
  ['KRW-ETH', 45_210_000, 10_000],
  ['KRW-XRP', 30_210, 10],
  ['KRW-DOGE', 2531, 10],
  ['USDT-BTC', 763_412, 1],
  ['KRW-SOL', 2_101_500, 500],
] as const
type Symbols = typeof dear | typeof usual

/** Zeros are cut off, and beyond ten millions an exponent is written. */
function priceText(tenths: number): string {
  const price = tenths / 10
  return price < 1e7 ? String(price) : price.toExponential().replace('e+', 'E')
}
const quantity = (): string => `${next(300)}.${String(next(100_000_000)).padStart(8, '0')}`

/** Books of 30 levels a side, one step apart. */
function madeUpBooks(count: number, symbols: Symbols): string[] {
  return Array.from({ length: count }, (_, i) => {
    const [symbol, middle, step] = symbols[next(symbols.length)] as (typeof usual)[number]
    const best = middle + next(20) * step
    const units = Array.from({ length: 30 }, (_, level) => {
      const [ask, bid] = [priceText(best + (level + 1) * step), priceText(best - level * step)]
      return `{"ask_price":${ask},"bid_price":${bid},"ask_size":${quantity()},"bid_size":${quantity()}}`
    })
    return (
      `{"type":"orderbook","code":"${symbol}","timestamp":${1_790_134_742_106 + i},` +
      `"total_ask_size":${quantity()},"total_bid_size":${quantity()},"orderbook_units":[${units.join()}],` +
      '"stream_type":"REALTIME","level":0}'
    )
  })
}

function madeUpTrades(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const ms = 1_788_335_180_423 + i
    // One trade in five is of a price so high that its digits are beyond 2^53.
    const [symbol, middle, step] = [...dear, ...usual.slice(1)][next(5)] as (typeof usual)[number]
    const price = (middle + next(20) * step) / 10
    return (
      `{"type":"trade","code":"${symbol}","timestamp":${ms},"trade_date":"2026-09-02","trade_time":"07:46:20",` +
      `"trade_timestamp":${ms - 46},"trade_price":${price.toFixed(8)},` +
      `"trade_volume":${quantity()},"ask_bid":"${next(2) > 0 ? 'ASK' : 'BID'}",` +
      `"prev_closing_price":${(middle / 10).toFixed(8)},"change":"FALL","change_price":${((20 * step) / 10).toFixed(8)},` +
      `"sequential_id":${ms - 46}${String(next(10_000)).padStart(4, '0')},"best_ask_price":${price},` +
      `"best_ask_size":${quantity()},"best_bid_price":${price},"best_bid_size":${quantity()},` +
      '"stream_type":"REALTIME"}'
    )
  })
}
