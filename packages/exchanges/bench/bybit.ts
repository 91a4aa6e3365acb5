import type { Market } from '@cryptoflow/model'
import { wires } from '../src/bybit/channels.ts'
import { decodeExact } from '../src/bybit/exact.ts'
import { decodeFast } from '../src/bybit/frame.ts'
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
import { endEvent, entry, nameId, type PlainColumns } from './plain.ts'

const MADE_UP_FRAMES = 6000

const spot = protocolOf('spot', 'bybit-spot')
const linear = protocolOf('linear', 'bybit')

function protocolOf(market: Market, exchange: string): Protocol {
  return {
    market: findMarket('bybit', market),
    fast: (bytes, out) => decodeFast(wires[market], bytes, out),
    exact: (bytes, out) => decodeExact(wires[market], bytes, out),
    plain: decodePlain,
    mapping: { exchange, kinds: ['normalizeTrades', 'normalizeBookChanges', 'normalizeBookTickers'] },
  }
}

/**
 * Books, trades and quotes of two markets. Recordings hold too few frames of most channels, so those are made up after
 * the documents; the books of `capturesDirectory` are measured too.
 */
export function bybitFrames(capturesDirectory?: string): ExchangeFrames {
  const [ofSpot, ofLinear] = [madeUpFrames(spot), madeUpFrames(linear)]
  const all = interleaved([...Object.values(ofSpot), ...Object.values(ofLinear)])
  const sets: FrameSet[] = [
    { name: 'mixed (made up)', frames: all, mapped: all },
    ...Object.entries(ofSpot).map(([name, frames]) => ({ name: `spot ${name} (made up)`, frames })),
    ...Object.entries(ofLinear).map(([name, frames]) => ({ name: `linear ${name} (made up)`, frames })),
  ]
  const unmapped = 'of books it maps those of 50 levels a side and no other'
  if (capturesDirectory === undefined) return { exchange: 'bybit', sets, unmapped }
  const captured = [...readCaptures(capturesDirectory, 'bybit-linear').values()].flat()
  const frames = framesOf(
    linear,
    captured.map(({ raw }) => raw),
  )
  sets.push({ name: 'linear books of 500 levels (captures)', frames })
  return { exchange: 'bybit', sets, unmapped }
}

interface Trade {
  readonly T: number
  readonly s: string
  readonly S: string
  readonly v: string
  readonly p: string
  readonly i: string
  readonly BT: boolean
  readonly RPI?: boolean
}

type Levels = readonly (readonly [string, string])[]

interface Book {
  readonly s: string
  readonly b: Levels
  readonly a: Levels
  readonly u: number
}

interface Message {
  readonly topic: string
  readonly type: string
  readonly ts: number
  readonly cts?: number
  readonly data: Book & readonly Trade[]
}

function decodePlain(frame: Buffer, out: PlainColumns): void {
  const { topic, type, ts, cts, data } = JSON.parse(frame.toString('utf8')) as Message
  const stream = topic.slice(0, topic.lastIndexOf('.'))
  if (stream === 'publicTrade') {
    for (const { T, s, S, v, p, i, BT, RPI } of data) {
      entry(out, S === 'Buy' ? 2 : 3, p, v)
      out.textIds.set(out.count, i)
      out.tradeType[out.count] = RPI === true ? nameId(out.names, 'RPI') : -1
      endEvent(out, BT ? 10 : 0, stream, s, T * 1000, ts * 1000, Number.NaN)
    }
    return
  }
  for (const [price, quantity] of data.b) entry(out, 0, price, quantity)
  for (const [price, quantity] of data.a) entry(out, 1, price, quantity)
  const kind = stream === 'orderbook.1' ? 3 : type === 'snapshot' ? 2 : 1
  const engineUs = cts === undefined ? Number.NaN : cts * 1000
  endEvent(out, kind, stream, data.s, engineUs, ts * 1000, data.u)
}

/** Frames of a busy symbol: deltas of about ten levels, one to three trades, quotes of both sides. */
function madeUpFrames(protocol: Protocol): Readonly<Record<'books' | 'trades' | 'quotes', BenchFrame[]>> {
  const next = seeded()
  const isSpot = protocol === spot
  const digits = (count: number): string => String(next(10 ** count)).padStart(count, '0')
  const price = (): string => `${60_000 + next(3000)}.${digits(isSpot ? 1 : 2)}`
  const quoted = (): string => `${next(3)}.${digits(isSpot ? 6 : 3)}`
  // Of five levels one is gone.
  const quantity = (): string => (next(5) === 0 ? '0' : quoted())
  const levels = (count: number): Levels => Array.from({ length: count }, () => [price(), quantity()])
  const s = 'BTCUSDT'
  const hex = (count: number): string => Array.from({ length: count }, () => next(16).toString(16)).join('')
  const uuid = (): string => [8, 4, 4, 4, 12].map(hex).join('-')
  let u = 271_249_961

  const messageOf = (channel: string, isTimeFirst: boolean, data: object, cts: object): BenchFrame => {
    const ts = 1_789_717_872_456 + next(600_000)
    const type = channel === 'orderbook.50' ? 'delta' : 'snapshot'
    const head = isTimeFirst ? { ts, type } : { type, ts }
    const text = JSON.stringify({ topic: `${channel}.${s}`, ...head, data, ...cts })
    return { protocol, bytes: Buffer.from(text) }
  }
  const book = (channel: string, isTimeFirst: boolean, b: Levels, a: Levels): BenchFrame => {
    u += 1
    const data = { s, b, a, u, seq: 114_178_894_363 + u }
    return messageOf(channel, isTimeFirst, data, { cts: 1_789_717_872_442 + next(600_000) })
  }
  const trade = (): object => {
    const [T, S, seq] = [1_789_717_872_442 + next(600_000), next(2) === 0 ? 'Buy' : 'Sell', 114_178_894_363]
    const [v, p] = [`${next(3)}.${digits(3)}`, price()]
    return isSpot
      ? { i: `22900000000${digits(8)}`, T, p, v, S, seq, s, BT: false, RPI: false }
      : { T, s, S, v, p, L: 'PlusTick', i: uuid(), BT: false, RPI: false, seq }
  }
  const many = (make: () => BenchFrame): BenchFrame[] => Array.from({ length: MADE_UP_FRAMES }, make)
  return {
    books: many(() => book('orderbook.50', isSpot, levels(next(10)), levels(next(10)))).filter(
      ({ bytes }) => !bytes.includes('"b":[],"a":[]'),
    ),
    trades: many(() => messageOf('publicTrade', isSpot, Array.from({ length: 1 + next(3) }, trade), {})),
    quotes: many(() => book('orderbook.1', true, [[price(), quoted()]], [[price(), quoted()]])),
  }
}
