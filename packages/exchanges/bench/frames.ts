import type { Market } from '@cryptoflow/model'
import { readCaptures } from '../src/test-support.ts'

/** A websocket frame and the market whose connection brought it. */
export interface BenchFrame {
  readonly market: Market
  readonly bytes: Buffer
}

export const benchMarkets: readonly Market[] = ['spot', 'linear', 'inverse']
const prefixes = { spot: 'binance-spot__', linear: 'binance-usdm__', inverse: 'binance-coinm__' }
/** Frames of one connection that arrive in a row, as sockets are read in turns. */
const RUN_FRAMES = 32
const MADE_UP_FRAMES = 20_000

/**
 * Websocket frames of one market's captures in arrival order, those of streams that are not stored left out;
 * made-up ones when there is no directory.
 */
export function benchFrames(
  market: Market,
  capturesDirectory: string | undefined,
): { source: string; frames: BenchFrame[] } {
  if (capturesDirectory === undefined) {
    return { source: 'made up', frames: madeUpFrames(market, MADE_UP_FRAMES) }
  }
  const lines = [...readCaptures(capturesDirectory, prefixes[market]).values()].flat()
  const stored = lines.filter(({ transport, raw }) => transport === 'ws' && raw.startsWith('{"stream":'))
  const frames = stored
    .filter(({ raw }) => !raw.includes('@kline_'))
    .map(({ raw }) => ({ market, bytes: Buffer.from(raw) }))
  return { source: 'captures', frames }
}

/** Frames of several connections as they arrive together: in runs, until the longest is at its end. */
export function interleaved(connections: readonly (readonly BenchFrame[])[]): BenchFrame[] {
  const longest = Math.max(...connections.map((frames) => frames.length))
  return Array.from({ length: Math.ceil(longest / RUN_FRAMES) }, (_, run) =>
    connections.flatMap((frames) => frames.slice(run * RUN_FRAMES, (run + 1) * RUN_FRAMES)),
  ).flat()
}

/** The frames as views of one buffer, as a journal block gives them. */
export function inOneBlock(frames: readonly BenchFrame[]): BenchFrame[] {
  const block = Buffer.concat(frames.map((frame) => frame.bytes))
  let from = 0
  return frames.map(({ market, bytes }) => {
    from += bytes.length
    return { market, bytes: block.subarray(from - bytes.length, from) }
  })
}

/** Frames in the spot capture's proportions: of 100, 6 diffs of about 46 levels, 20 trades, 74 quotes. */
function madeUpFrames(market: Market, count: number): BenchFrame[] {
  let state = 0x2545f491
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
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

  return Array.from({ length: count }, () => {
    const kind = next(100)
    const time = 1_723_161_255_208 + next(600_000)
    id += 1 + next(20)
    const [channel, payload] =
      kind < 6
        ? ['depth@100ms', diff(time)]
        : kind < 26
          ? ['trade', trade(time)]
          : ['bookTicker', quote(time)]
    const text = JSON.stringify({ stream: `${s.toLowerCase()}@${channel}`, data: payload })
    return { market, bytes: Buffer.from(text) }
  })
}
