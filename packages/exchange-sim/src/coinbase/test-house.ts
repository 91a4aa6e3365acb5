import type { Market } from '@cryptoflow/model'
import { type ManualClock, manualClock } from '@cryptoflow/runtime'
import { type EmissionRecord, memoryEmissionLog } from '../emission-log.ts'
import type { StageSettings } from '../stage/settings.ts'
import { type Stage, startStage } from '../stage/stage.ts'
import type { TestClient } from '../testing/client.ts'

/** A wire message of any shape; tests say which. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = Record<string, any>

/** A house on a stage of its own, by a clock that tests move. */
export interface Scene {
  readonly clock: ManualClock
  readonly stage: Stage
  /** In order, while they come. */
  readonly records: readonly EmissionRecord[]
  /** Without a path. */
  readonly wsUrl: string
  readonly restUrl: string
}

const running: Stage[] = []

/** Starts a market of the house with 30 trades a second and 100 changes of levels, if nothing else is said. */
export async function play(
  market: Market,
  symbols: readonly string[],
  more: Partial<StageSettings> = {},
): Promise<Scene> {
  const clock = manualClock()
  const log = memoryEmissionLog()
  const stage = await startStage({
    seed: 5,
    houses: [{ exchange: 'coinbase', market, symbols }],
    tradesPerSecond: 30,
    levelsPerDiff: 10,
    clock,
    log,
    ...more,
  })
  running.push(stage)
  const [{ wsUrl, restUrl } = { wsUrl: '', restUrl: '' }] = stage.addresses
  return { clock, stage, records: log.records, wsUrl, restUrl }
}

/** For `afterEach`. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((stage) => stage.stop()))
}

/**
 * Whole milliseconds of a time with up to nine digits, NaN where it has microseconds of its own; null for those of 1970
 * and of year 1, which are none.
 */
export function millisOf(time: string): number | null {
  const [seconds, fraction = ''] = time.replace('Z', '').split('.')
  const digits = fraction.padEnd(9, '0')
  const ms = Date.parse(`${seconds}Z`) + Number(digits.slice(0, 6)) / 1000
  if (!Number.isInteger(ms)) return Number.NaN
  return ms <= 0 ? null : ms
}

/** The frames that are JSON. */
export const readable = (texts: readonly string[]): Json[] =>
  texts.flatMap((text) => {
    try {
      return [JSON.parse(text) as Json]
    } catch {
      return []
    }
  })

/** Subscribes, and waits for the answer or the end of the connection: all sent before has arrived then. */
export async function subscribe(client: TestClient, request: Json): Promise<void> {
  const answers = (): number => readable(client.texts).filter(isAnswer).length
  const before = answers()
  client.send({ type: 'subscribe', ...request })
  await Promise.race([client.until(() => answers() > before), client.closed])
}

const isAnswer = ({ channel, type }: Json): boolean => channel === 'subscriptions' || type === 'subscriptions'
