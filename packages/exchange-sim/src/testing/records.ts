import type { EmissionRecord } from '../emission-log.ts'

let lines = 0

/** A record of a delivered spot trade, but for what is given. */
export function recordOf(given: Partial<EmissionRecord> = {}): EmissionRecord {
  lines += 1
  return {
    n: lines,
    exchange: 'binance',
    market: 'spot',
    symbol: 'BTCUSDT',
    stream: 'trade',
    table: 'ticks',
    first: 1,
    last: 1,
    prev: null,
    is_snapshot: false,
    unit: 'base',
    depth: null,
    is_answer: false,
    checksum: null,
    at_ms: 0,
    sent_ms: null,
    engine_ms: null,
    copies: 1,
    connection: null,
    fault: null,
    bids: [],
    asks: [],
    values: null,
    wire: null,
    ...given,
  }
}

/** Where two lists begin to differ, as text for an assertion against null: quick for long lists. */
export function firstDifference(ours: readonly unknown[], theirs: readonly unknown[]): string | null {
  for (let index = 0; index < Math.max(ours.length, theirs.length); index++) {
    const [mine, other] = [JSON.stringify(ours[index]), JSON.stringify(theirs[index])]
    if (mine !== other) return `at ${index}: ${mine} and ${other}`
  }
  return null
}
