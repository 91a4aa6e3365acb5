import { decodeFuturesExact, decodeFuturesFast } from '../src/kraken/futures.ts'
import { decodeSpotExact, decodeSpotFast } from '../src/kraken/spot.ts'
import { findMarket } from '../src/registry.ts'
import { readCaptures } from '../src/test-support.ts'
import { type ExchangeFrames, framesOf, interleaved, type Protocol, seeded } from './frames.ts'
import { bareEntry, endEvent, nameId, type PlainColumns } from './plain.ts'

const MADE_UP_FRAMES = 8000

const spot: Protocol = {
  market: findMarket('kraken', 'spot'),
  fast: decodeSpotFast,
  exact: decodeSpotExact,
  plain: decodePlain,
  mapping: null,
}
const futures: Protocol = {
  market: findMarket('kraken', 'inverse'),
  fast: (bytes, out) => decodeFuturesFast('inverse', bytes, out),
  exact: (bytes, out) => decodeFuturesExact('inverse', bytes, out),
  plain: decodePlain,
  mapping: { exchange: 'cryptofacilities', kinds: ['normalizeTrades', 'normalizeBookChanges'] },
}

/**
 * Books and trades of both protocols. Frames of futures are captured ones in `capturesDirectory`; those of spot are
 * made up after the documents, since published recordings hold few.
 */
export function krakenFrames(capturesDirectory?: string): ExchangeFrames {
  const isCaptured = capturesDirectory !== undefined
  const source = isCaptured ? 'captures' : 'made up'
  const texts = isCaptured ? capturedTexts(capturesDirectory) : madeUpFutures(MADE_UP_FRAMES)
  const ofFutures = framesOf(futures, texts)
  const updates = framesOf(spot, madeUpBooks('update', MADE_UP_FRAMES, 4))
  const trades = framesOf(spot, madeUpTrades(MADE_UP_FRAMES))
  const snapshots = framesOf(spot, madeUpBooks('snapshot', 8, 1000))
  return {
    exchange: 'kraken',
    sets: [
      { name: 'spot book and trade (made up)', frames: interleaved([updates, trades]) },
      { name: 'spot book (made up)', frames: updates },
      { name: 'spot trade (made up)', frames: trades },
      { name: 'spot book snapshot of 1000 levels (made up)', frames: snapshots },
      { name: `futures book and trade (${source})`, frames: ofFutures, mapped: ofFutures },
      {
        name: `futures book (${source})`,
        frames: ofFutures.filter(({ bytes }) => bytes.includes('"feed":"book",')),
      },
    ],
    unmapped: 'of spot it maps version 1 of the protocol, and we read version 2',
  }
}

function capturedTexts(directory: string): string[] {
  const lines = [...readCaptures(directory, 'kraken_futures').values()].flat()
  const stored = lines.filter(
    ({ transport, raw }) => transport === 'ws' && /^{"feed":"(book|book_snapshot|trade)",/.test(raw),
  )
  return stored.map(({ raw }) => raw)
}

interface Level {
  readonly price: number
  readonly qty: number
}

interface Message extends Level {
  readonly channel?: string
  readonly type: string
  readonly data: readonly (Level & {
    readonly symbol: string
    readonly bids: readonly Level[]
    readonly asks: readonly Level[]
    readonly checksum: number
    readonly side: string
    readonly ord_type: string
    readonly trade_id: number
    readonly timestamp: string
  })[]
  readonly feed: string
  readonly product_id: string
  readonly side: string
  readonly seq: number
  readonly uid: string
  readonly time: number
  readonly timestamp: number
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

/** The plain version: milliseconds are enough for it. */
function decodePlain(frame: Buffer, out: PlainColumns): void {
  const message = JSON.parse(frame.toString('utf8')) as Message
  if (message.channel === 'book') {
    for (const { symbol, bids, asks, checksum, timestamp } of message.data) {
      levels(out, bids, asks)
      out.checksum[out.count] = checksum
      const kind = message.type === 'snapshot' ? 2 : 1
      endEvent(out, kind, 'book', symbol, Date.parse(timestamp) * 1000, Number.NaN, Number.NaN)
    }
  } else if (message.channel === 'trade') {
    for (const trade of message.data) {
      level(out, trade.side === 'buy' ? 2 : 3, trade)
      out.tradeType[out.count] = nameId(out.names, trade.ord_type)
      endEvent(out, 0, 'trade', trade.symbol, Date.parse(trade.timestamp) * 1000, Number.NaN, trade.trade_id)
    }
  } else if (message.feed === 'book') {
    level(out, message.side === 'buy' ? 0 : 1, message)
    endEvent(out, 1, 'book', message.product_id, message.timestamp * 1000, Number.NaN, message.seq)
  } else if (message.feed === 'book_snapshot') {
    levels(out, message.bids, message.asks)
    endEvent(out, 2, 'book', message.product_id, message.timestamp * 1000, Number.NaN, message.seq)
  } else {
    level(out, message.side === 'buy' ? 2 : 3, message)
    out.textIds.set(out.count, message.uid)
    out.tradeType[out.count] = nameId(out.names, message.type)
    endEvent(out, 0, 'trade', message.product_id, message.time * 1000, Number.NaN, message.seq)
  }
}

function levels(out: PlainColumns, bids: readonly Level[], asks: readonly Level[]): void {
  for (const told of bids) level(out, 0, told)
  for (const told of asks) level(out, 1, told)
}

function level(out: PlainColumns, side: number, { price, qty }: Level): void {
  bareEntry(out, side, price, qty)
}

const next = seeded()

const price = (): string => `${60_000 + next(3000)}.${next(10)}`
const quantity = (): string => `${next(3)}.${String(next(100_000_000)).padStart(8, '0')}`
const symbols = ['BTC/USD', 'ETH/USD', 'SOL/EUR', 'XDG/USD', 'AAPLx/USD']
const timeOf = (i: number): string =>
  new Date(Date.UTC(2026, 7, 16) + i * 50).toISOString().replace('Z', '295Z')

function madeUpLevels(count: number): string {
  return Array.from({ length: count }, () => `{"price":${price()},"qty":${quantity()}}`).join(',')
}

/** Books with up to `levelsMax` levels a side; updates mostly change one side, snapshots have all of both. */
function madeUpBooks(type: 'update' | 'snapshot', count: number, levelsMax: number): string[] {
  const some = (): number => (type === 'snapshot' ? levelsMax : next(2) * (1 + next(levelsMax)))
  return Array.from({ length: count }, (_, i) => {
    const sides = `"bids":[${madeUpLevels(Math.max(some(), 1))}],"asks":[${madeUpLevels(some())}]`
    const book = `{"symbol":"${symbols[next(5)]}",${sides},"checksum":${next(2 ** 32)},"timestamp":"${timeOf(i)}"}`
    return `{"channel":"book","type":"${type}","data":[${book}]}`
  })
}

/** Messages of 1 to 4 trades. */
function madeUpTrades(count: number): string[] {
  let id = 84_614_979
  return Array.from({ length: count }, (_, i) => {
    const symbol = symbols[next(5)]
    const trades = Array.from({ length: 1 + next(4) }, () => {
      id += 1
      const told = `"symbol":"${symbol}","side":"${next(2) > 0 ? 'buy' : 'sell'}","price":${price()},"qty":${quantity()}`
      return `{${told},"ord_type":"${next(2) > 0 ? 'limit' : 'market'}","trade_id":${id},"timestamp":"${timeOf(i)}"}`
    })
    return `{"channel":"trade","type":"update","data":[${trades.join(',')}]}`
  })
}

/** Messages of futures: of ten, nine changes of a level and one trade. */
function madeUpFutures(count: number): string[] {
  const product = '"product_id":"PI_XBTUSD"'
  const hex = (digits: number): string => Array.from({ length: digits }, () => next(16).toString(16)).join('')
  return Array.from({ length: count }, (_, i) => {
    const [side, ms] = [next(2) > 0 ? 'buy' : 'sell', 1_787_000_000_000 + i * 50]
    const [qty, price] = [`"qty":${next(90_000)}.0`, `"price":${60_000 + next(3000)}.${next(2) * 5}`]
    if (next(10) > 0) {
      return `{"feed":"book",${product},"side":"${side}","seq":${i + 1},${price},${qty},"timestamp":${ms}}`
    }
    const uid = [8, 4, 4, 4, 12].map(hex).join('-')
    return `{"feed":"trade",${product},"uid":"${uid}","side":"${side}","type":"fill","seq":${i + 1},"time":${ms},${qty},${price}}`
  })
}
