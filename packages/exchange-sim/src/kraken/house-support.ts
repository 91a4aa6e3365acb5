import { type ManualClock, manualClock } from '@cryptoflow/runtime'
import { afterEach } from 'vitest'
import { type EmissionRecord, memoryEmissionLog } from '../emission-log.ts'
import type { HouseSettings, StageSettings } from '../stage/settings.ts'
import { type Stage, startStage } from '../stage/stage.ts'
import type { TestClient } from '../testing/client.ts'

/** What tests of this exchange share: a stage on a clock that stands still, and a second reading of its frames. */

const running: Stage[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((stage) => stage.stop()))
})

export interface Play {
  readonly clock: ManualClock
  readonly stage: Stage
  readonly records: readonly EmissionRecord[]
  /** The first house's address of a path. */
  at(path: string): string
  readonly restUrl: string
}

/** Exchange time at which every play begins. */
export const START_MS = 1_700_000_000_000

/** A stage with one house, all of whose streams are busy. */
export async function play(
  market: HouseSettings['market'],
  symbols: readonly string[],
  more: Partial<StageSettings> = {},
): Promise<Play> {
  const clock = manualClock(START_MS * 1000)
  const log = memoryEmissionLog()
  const stage = await startStage({
    seed: 3,
    houses: [{ exchange: 'kraken', market, symbols }],
    tradesPerSecond: 20,
    levelsPerDiff: 10,
    liquidationsPerMinute: 300,
    clock,
    log,
    ...more,
  })
  running.push(stage)
  const { wsUrl, restUrl } = stage.addresses[0] as Stage['addresses'][0]
  return { clock, stage, records: log.records, at: (path) => wsUrl + path, restUrl }
}

/** Nothing happens by itself. */
export const silence: Partial<StageSettings> = {
  tradesPerSecond: 0,
  levelsPerDiff: 0,
  liquidationsPerMinute: 0,
}

// biome-ignore lint/suspicious/noExplicitAny: wire messages have any shape, and tests say which
export type Json = Record<string, any>

/** A message whose numbers are the texts that they were written with. */
export function exact(text: string): Json {
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  )
  return JSON.parse(quoted) as Json
}

export function messages(client: TestClient): Json[] {
  return client.texts.map(exact)
}

/** Resolves when the texts hold one that matches, as many times as said. */
export async function heard(client: TestClient, part: string | RegExp, times = 1): Promise<void> {
  const matches = (text: string): boolean =>
    typeof part === 'string' ? text.includes(part) : part.test(text)
  await client.until((texts) => texts.filter(matches).length >= times)
}

/** What both sides must agree on, of an entry of the log. */
export function plainRecord(record: EmissionRecord): Json {
  const { symbol, stream, first, last, is_snapshot, checksum, bids, asks, engine_ms, sent_ms } = record
  const values = Object.entries(record.values ?? {}).filter(([, value]) => value !== null)
  return {
    symbol,
    stream,
    first,
    last,
    is_snapshot,
    checksum,
    bids,
    asks,
    engine_ms,
    sent_ms,
    values: Object.fromEntries(values),
  }
}

/** A reading of which only what is said is given. */
export function reading(said: Json): Json {
  const none = { first: null, last: null, is_snapshot: false, checksum: null, bids: [], asks: [] }
  return { ...none, engine_ms: null, sent_ms: null, values: {}, ...said }
}

/** Levels of a message as pairs of texts. */
export function pairs(levels: readonly Json[]): [string, string][] {
  return levels.map(({ price, qty }) => [price, qty])
}

/** A book as a listener keeps it: quantities by price, as written. */
export class HeardBook {
  private readonly bids = new Map<string, string>()
  private readonly asks = new Map<string, string>()

  replace(bids: readonly [string, string][], asks: readonly [string, string][]): void {
    this.bids.clear()
    this.asks.clear()
    this.apply(bids, asks)
  }

  apply(bids: readonly [string, string][], asks: readonly [string, string][]): void {
    for (const [side, levels] of [
      [this.bids, bids],
      [this.asks, asks],
    ] as const) {
      for (const [price, quantity] of levels) {
        if (Number(quantity) === 0) side.delete(price)
        else side.set(price, quantity)
      }
    }
  }

  /** Forgets all but the best levels; answers how many there were too many. */
  cut(depth: number): number {
    const surplus = [...this.top('bids').slice(depth), ...this.top('asks').slice(depth)]
    for (const [price] of surplus) {
      this.bids.delete(price)
      this.asks.delete(price)
    }
    return surplus.length
  }

  /** The best first. */
  top(side: 'bids' | 'asks', depth = Number.POSITIVE_INFINITY): [string, string][] {
    const sign = side === 'bids' ? -1 : 1
    return [...this[side]].sort(([a], [b]) => sign * (Number(a) - Number(b))).slice(0, depth)
  }
}

/** The checksum by its definition, bit by bit. */
export function plainChecksum(book: HeardBook): string {
  const levels = [...book.top('asks', 10), ...book.top('bids', 10)]
  const text = levels
    .flatMap((level) => level.map((number) => number.replace('.', '').replace(/^0+/, '')))
    .join('')
  let crc = 0xffffffff
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return String(~crc >>> 0)
}
