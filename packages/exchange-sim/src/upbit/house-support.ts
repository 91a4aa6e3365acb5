import { manualClock } from '@cryptoflow/runtime'
import { memoryEmissionLog } from '../emission-log.ts'
import type { StageSettings } from '../stage/settings.ts'
import { type Stage, startStage } from '../stage/stage.ts'
import { connect, type TestClient } from '../testing/client.ts'

/** What the tests of the house share: a stage, a client's words, and a reading of frames of its own. */

const running: Stage[] = []

/** To be called behind every test. */
export async function stopPlays(): Promise<void> {
  await Promise.all(running.splice(0).map((stage) => stage.stop()))
}

/** Nothing happens by itself. */
export const silent = { tradesPerSecond: 0, levelsPerDiff: 0 }

/** A stage with the spot market, on a clock that stands still; `stopPlays` ends it. */
export async function play(more: Partial<StageSettings> = {}, symbols = ['KRW-BTC', 'BTC-ETH', 'USDT-XRP']) {
  const clock = manualClock()
  const log = memoryEmissionLog()
  const stage = await startStage({
    seed: 3,
    houses: [{ exchange: 'upbit', market: 'spot', symbols }],
    tradesPerSecond: 20,
    levelsPerDiff: 10,
    clock,
    log,
    ...more,
  })
  running.push(stage)
  const [first] = stage.addresses
  const join = (): Promise<TestClient> => connect(`${first?.wsUrl}/websocket/v1`)
  return { clock, stage, records: log.records, join, address: first, restUrl: first?.restUrl ?? '' }
}

/** A frame whose numbers are texts. */
// biome-ignore lint/suspicious/noExplicitAny: wire messages have any shape, and tests say which
export type Json = Record<string, any>

/** Numbers stay as they are written. */
function read(text: string): Json {
  const keep = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' ? context?.source : value
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown) as Json
}

/** All frames so far. */
export const messages = (client: TestClient): Json[] => client.texts.map(read)
/** Parts of a request. */
export const trades = (...codes: readonly string[]) => ({ type: 'trade', codes })
/** See `trades`. */
export const books = (...codes: readonly string[]) => ({ type: 'orderbook', codes })

/** Sends a request of these parts. */
export function ask(client: TestClient, ...parts: readonly unknown[]): void {
  client.send([{ ticket: 'test' }, ...parts, { format: 'DEFAULT' }])
}

/** Resolves when all that was sent before has arrived: a request that is none is answered, and nothing else is. */
export async function caughtUp(client: TestClient): Promise<void> {
  const errors = (texts: readonly string[]): number =>
    texts.filter((text) => text.includes('"WRONG_FORMAT"')).length
  const before = errors(client.texts)
  client.send('?')
  await client.until((texts) => errors(texts) > before)
}
