import type { Market } from '@cryptoflow/model'
import { wires } from '../src/binance/channels.ts'
import { decodeExact } from '../src/binance/exact.ts'
import { decodeFast } from '../src/binance/frame.ts'
import { findMarket } from '../src/registry.ts'
import { readCaptures } from '../src/test-support.ts'
import {
  type BenchFrame,
  type ExchangeFrames,
  type FrameSet,
  framesOf,
  interleaved,
  type Protocol,
  seeded,
} from './frames.ts'
import { entry, nameId, type PlainColumns } from './plain.ts'

const markets = ['spot', 'linear', 'inverse'] as const
type BinanceMarket = (typeof markets)[number]
const prefixes = { spot: 'binance-spot__', linear: 'binance-usdm__', inverse: 'binance-coinm__' }
const MADE_UP_FRAMES = 20_000
/** Frames that tardis-dev reads too: what it reads in a tenth of a second or two. */
const MAPPED_FRAMES = 30_000

const protocols: Readonly<Record<BinanceMarket, Protocol>> = {
  spot: protocolOf('spot', 'binance'),
  linear: protocolOf('linear', 'binance-futures'),
  inverse: protocolOf('inverse', 'binance-delivery'),
}

function protocolOf(market: BinanceMarket, exchange: string): Protocol {
  return {
    market: findMarket('binance', market),
    fast: (bytes, out) => decodeFast(wires[market], bytes, out),
    exact: (bytes, out) => decodeExact(wires[market], bytes, out),
    plain: decodePlain,
    mapping: {
      exchange,
      kinds: ['normalizeTrades', 'normalizeBookChanges', 'normalizeBookTickers'],
      snapshotBefore: (message) => snapshotBefore(message as Message, market),
    },
  }
}

/** The mappers map no diff before a snapshot that the first one joins. */
function snapshotBefore({ stream, data }: Message, market: Market) {
  if (data.e !== 'depthUpdate') return null
  const lastUpdateId = market === 'spot' ? data.U - 1 : data.U
  const snapshot = {
    stream: stream.replace(/@.*$/, '@depthSnapshot'),
    data: { lastUpdateId, bids: [], asks: [] },
  }
  return { book: data.s, snapshot }
}

/** Trades, aggregates, diffs and quotes of three markets: captured ones, made-up ones without a directory. */
export function binanceFrames(capturesDirectory?: string): ExchangeFrames {
  const source = capturesDirectory === undefined ? 'made up' : 'captures'
  const byMarket = markets.map((market) => marketFrames(market, capturesDirectory))
  const [spot = [], linear = [], inverse = []] = byMarket
  const mixed = interleaved(byMarket)
  const mapped = mixed.filter((frame) => !isAggregate(frame)).slice(0, MAPPED_FRAMES)
  const sets: FrameSet[] = [
    { name: `mixed (${source}: ${mixOf(mixed)})`, frames: mixed },
    ...markets.map((market, i) => {
      const frames = byMarket[i] as BenchFrame[]
      return { name: `${market} (${mixOf(frames)})`, frames }
    }),
    { name: 'spot diffs and trades', frames: spot.filter((frame) => !isQuote(frame)) },
    { name: 'spot diffs', frames: spot.filter(isDiff) },
    { name: 'spot trades', frames: spot.filter(isTrade) },
    { name: 'linear diffs', frames: linear.filter(isDiff) },
    { name: 'linear trades', frames: linear.filter(isTrade) },
    { name: 'inverse quotes', frames: inverse.filter(isQuote) },
  ]
  const [first, ...others] = sets.filter(({ frames }) => frames.length > 0)
  return {
    exchange: 'binance',
    sets: [{ ...(first as FrameSet), mapped }, ...others],
    unmapped: 'it has no mapper for aggregates',
  }
}

const isDiff = ({ bytes }: BenchFrame): boolean => bytes.includes('"e":"depthUpdate"')
const isTrade = ({ bytes }: BenchFrame): boolean => bytes.includes('@trade"')
const isQuote = ({ bytes }: BenchFrame): boolean => bytes.includes('@bookTicker"')
const isAggregate = ({ bytes }: BenchFrame): boolean => bytes.includes('@aggTrade"')

function mixOf(frames: readonly BenchFrame[]): string {
  const [diffs, quotes] = [frames.filter(isDiff).length, frames.filter(isQuote).length]
  return `${diffs} diffs, ${frames.length - diffs - quotes} trades, ${quotes} quotes`
}

/** Frames of one market's captures in arrival order, those of streams that are not stored left out. */
function marketFrames(market: BinanceMarket, directory: string | undefined): BenchFrame[] {
  if (directory === undefined) return framesOf(protocols[market], madeUpTexts(market))
  const lines = [...readCaptures(directory, prefixes[market]).values()].flat()
  const stored = lines.filter(({ transport, raw }) => transport === 'ws' && raw.startsWith('{"stream":'))
  const texts = stored.map(({ raw }) => raw).filter((raw) => !raw.includes('@kline_'))
  return framesOf(protocols[market], texts)
}

interface Message {
  readonly stream: string
  readonly data: Payload
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

function decodePlain(frame: Buffer, out: PlainColumns): void {
  const { stream, data } = JSON.parse(frame.toString('utf8')) as Message
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

/** Frames in the spot capture's proportions: of 100, 6 diffs of about 46 levels, 20 trades, 74 quotes. */
function madeUpTexts(market: Market): string[] {
  const next = seeded()
  const isSpot = market === 'spot'
  const zeros = isSpot ? '000000' : ''
  const price = (): string => `${60_000 + next(3000)}.${String(next(100)).padStart(2, '0')}${zeros}`
  const quantity = (): string => `${next(3)}.${String(next(100_000)).padStart(5, '0')}${isSpot ? '000' : ''}`
  const levels = (): [string, string][] => Array.from({ length: next(47) }, () => [price(), quantity()])
  const s = market === 'inverse' ? 'BTCUSD_PERP' : 'BTCUSDT'
  const pair = market === 'inverse' ? { ps: 'BTCUSD' } : {}
  let id = 50_093_239_189

  const diff = (E: number): object => {
    const ids = { U: id, u: id + next(20) }
    const sides = { b: levels(), a: levels() }
    return isSpot
      ? { e: 'depthUpdate', E, s, ...ids, ...sides }
      : { e: 'depthUpdate', E, T: E, s, ...pair, ...ids, pu: id - 1, ...sides }
  }
  const trade = (E: number): object => {
    const numbers = { s, t: id, p: price(), q: quantity() }
    const m = next(2) > 0
    return isSpot
      ? { e: 'trade', E, ...numbers, T: E, m, M: true }
      : { e: 'trade', E, T: E, ...numbers, X: 'MARKET', m }
  }
  const quote = (E: number): object => {
    const sides = { b: price(), B: quantity(), a: price(), A: quantity() }
    return isSpot ? { u: id, s, ...sides } : { e: 'bookTicker', u: id, s, ...pair, ...sides, T: E, E }
  }

  return Array.from({ length: MADE_UP_FRAMES }, () => {
    const kind = next(100)
    const time = 1_723_161_255_208 + next(600_000)
    id += 1 + next(20)
    const [channel, payload] =
      kind < 6
        ? ['depth@100ms', diff(time)]
        : kind < 26
          ? ['trade', trade(time)]
          : ['bookTicker', quote(time)]
    return JSON.stringify({ stream: `${s.toLowerCase()}@${channel}`, data: payload })
  })
}
