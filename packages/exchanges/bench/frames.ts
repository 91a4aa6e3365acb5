import { readCaptures } from '../src/test-support.ts'

/** Websocket frames of the BTCUSDT capture in arrival order; made-up ones when there is no directory. */
export function benchFrames(capturesDirectory: string | undefined): { source: string; frames: Buffer[] } {
  const captures =
    capturesDirectory === undefined
      ? []
      : readCaptures(capturesDirectory, 'binance-spot__hftbacktest__').values()
  const lines = [...captures].flat().filter((line) => line.transport === 'ws')
  return lines.length > 0
    ? { source: 'capture', frames: lines.map((line) => Buffer.from(line.raw)) }
    : { source: 'made up', frames: madeUpFrames(20_000) }
}

/** The frames as views of one buffer, as a journal block gives them. */
export function inOneBlock(frames: readonly Buffer[]): Buffer[] {
  const block = Buffer.concat(frames)
  let from = 0
  return frames.map((frame) => {
    from += frame.length
    return block.subarray(from - frame.length, from)
  })
}

/** Frames in the capture's proportions: of 100, 6 diffs of about 46 levels, 20 trades, 74 quotes. */
function madeUpFrames(count: number): Buffer[] {
  let state = 0x2545f491
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const price = (): string => `${60_000 + next(3000)}.${String(next(100)).padStart(2, '0')}000000`
  const quantity = (): string => `${next(3)}.${String(next(100_000)).padStart(5, '0')}000`
  const levels = (): [string, string][] => Array.from({ length: next(47) }, () => [price(), quantity()])
  let id = 50_093_239_189
  return Array.from({ length: count }, () => {
    const kind = next(100)
    const time = 1_723_161_255_208 + next(600_000)
    id += 1 + next(20)
    const payload =
      kind < 6
        ? { e: 'depthUpdate', E: time, s: 'BTCUSDT', U: id, u: id + next(20), b: levels(), a: levels() }
        : kind < 26
          ? {
              e: 'trade',
              E: time,
              s: 'BTCUSDT',
              t: id,
              p: price(),
              q: quantity(),
              T: time,
              m: next(2) > 0,
              M: true,
            }
          : { u: id, s: 'BTCUSDT', b: price(), B: quantity(), a: price(), A: quantity() }
    const channel = kind < 6 ? 'depth@100ms' : kind < 26 ? 'trade' : 'bookTicker'
    return Buffer.from(JSON.stringify({ stream: `btcusdt@${channel}`, data: payload }))
  })
}
