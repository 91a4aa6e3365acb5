import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Market } from '@cryptoflow/model'
import type { CaptureLine } from '../src/capture-lines.ts'

const MESSAGES = 40_000
const FIRST_US = 1_723_161_255_000_000
/** Mean distance of two messages, microseconds. */
const STEP_US = 4_000

interface Style {
  readonly market: Market
  readonly symbol: string
  readonly price: number
  readonly quantityDigits: number
  readonly isFutures: boolean
}

const STYLES: readonly Style[] = [
  { market: 'spot', symbol: 'BTCUSDT', price: 61_000_00, quantityDigits: 8, isFutures: false },
  { market: 'linear', symbol: 'ETHUSDT', price: 2_680_00, quantityDigits: 3, isFutures: true },
  { market: 'inverse', symbol: 'ETHUSD_PERP', price: 2_680_00, quantityDigits: 0, isFutures: true },
]

/**
 * Capture files of made-up messages in the proportions of the real ones, for where there are none: of 100 messages 10
 * diffs of up to 60 levels, 18 trades, 72 quotes, in sequence, around one price. The same on every machine.
 */
export function madeUpCaptures(directory: string): string[] {
  return STYLES.map((style) => {
    const path = join(directory, `binance-${style.market}__made-up.jsonl`)
    writeFileSync(
      path,
      `${messages(style)
        .map((line) => JSON.stringify(line))
        .join('\n')}\n`,
    )
    return path
  })
}

function messages(style: Style): CaptureLine[] {
  const { market, symbol, isFutures } = style
  const next = numbers()
  const number = (value: number, digits: number): string => {
    const text = value.toString().padStart(digits + 1, '0')
    return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
  }
  const price = (offset: number): string => `${number(style.price + offset, 2)}${isFutures ? '' : '000000'}`
  const quantity = (): string => number(next(900_000) + 1, style.quantityDigits)
  const level = (offset: number): [string, string] => [
    price(offset),
    next(10) < 3 ? number(0, style.quantityDigits) : quantity(),
  ]
  let id = 5_000_000_000
  let tradeId = 3_000_000
  let lastDiff = id
  let receivedUs = FIRST_US

  const line = (transport: 'ws' | 'rest', raw: unknown, url: string | null): CaptureLine => ({
    exchange: 'binance',
    market,
    transport,
    conn: `made-up-${market}`,
    recv_ts_us: receivedUs,
    url,
    raw: JSON.stringify(raw),
  })
  const diff = () => {
    const side = (sign: 1 | -1) =>
      Array.from({ length: next(31) }, (_, i) => level(sign * (1 + 3 * i + next(3))))
    const [firstId, previous] = [lastDiff + 1, lastDiff]
    id += 1 + next(20)
    lastDiff = id
    const E = Math.floor(receivedUs / 1000)
    const times = isFutures ? { E, T: E - 1 } : { E }
    const ids = isFutures ? { U: firstId, u: id, pu: previous } : { U: firstId, u: id }
    const pair = market === 'inverse' ? { ps: symbol.split('_')[0] } : {}
    return { e: 'depthUpdate', ...times, s: symbol, ...pair, ...ids, b: side(-1), a: side(1) }
  }
  const trade = () => {
    tradeId += 1
    const E = Math.floor(receivedUs / 1000)
    const head = { e: 'trade', E, ...(isFutures ? { T: E } : {}), s: symbol, t: tradeId }
    const body = { p: price(next(20) - 10), q: quantity() }
    const m = next(2) > 0
    return isFutures ? { ...head, ...body, X: 'MARKET', m } : { ...head, ...body, T: E, m, M: true }
  }
  const quote = () => {
    id += 1
    const sides = { b: price(-1), B: quantity(), a: price(1), A: quantity() }
    if (!isFutures) return { u: id, s: symbol, ...sides }
    const E = Math.floor(receivedUs / 1000)
    if (market === 'inverse') {
      return { u: id, e: 'bookTicker', s: symbol, ps: symbol.split('_')[0], ...sides, T: E, E }
    }
    return { e: 'bookTicker', u: id, s: symbol, ...sides, T: E, E }
  }
  const snapshot = () => {
    const side = (sign: 1 | -1) =>
      Array.from({ length: 1_000 }, (_, i) => [price(sign * (1 + i)), quantity()])
    const E = Math.floor(receivedUs / 1000)
    const head = isFutures ? { lastUpdateId: lastDiff, E, T: E } : { lastUpdateId: lastDiff }
    return { ...head, ...(market === 'inverse' ? { symbol } : {}), bids: side(-1), asks: side(1) }
  }
  const wire = symbol.toLowerCase()
  const stream = (channel: string, data: unknown) => line('ws', { stream: `${wire}@${channel}`, data }, null)
  const lines: CaptureLine[] = []
  for (let i = 0; i < MESSAGES; i++) {
    receivedUs += next(2 * STEP_US)
    const kind = next(100)
    if (kind < 10) lines.push(stream('depth@100ms', diff()))
    else if (kind < 28) lines.push(stream('trade', trade()))
    else lines.push(stream('bookTicker', quote()))
    if (i === 100) lines.push(line('rest', snapshot(), null))
  }
  return lines
}

/** A linear congruential generator: the same numbers on every machine. */
function numbers(): (below: number) => number {
  let state = 0x2545f491
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
