import { type ManualClock, manualClock } from '@cryptoflow/runtime'
import { afterEach } from 'vitest'
import { type EmissionRecord, memoryEmissionLog } from '../emission-log.ts'
import type { HouseSettings, StageSettings } from '../stage/settings.ts'
import { type Stage, startStage } from '../stage/stage.ts'
import { connect, type TestClient } from '../testing/client.ts'

// biome-ignore lint/suspicious/noExplicitAny: wire messages have any shape, and tests say which
export type Json = Record<string, any>

/** 2026-11-01: books have no checksums any more. */
export const TODAY_US = 1_793_491_200_000_000

/** A market as most tests have it. */
export const linear: HouseSettings = {
  exchange: 'okx',
  market: 'linear',
  symbols: ['BTC-USDT-SWAP', 'ETH-USDT-261225'],
}
/** Nothing happens of itself. */
export const calm = { tradesPerSecond: 0, levelsPerDiff: 0, liquidationsPerMinute: 0 } as const

export interface Play {
  readonly clock: ManualClock
  readonly stage: Stage
  readonly records: readonly EmissionRecord[]
  /** A new client on the path of a route. */
  client(route?: string): Promise<TestClient>
  /** What REST answers, with its status. */
  ask(path: string): Promise<{ readonly status: number; readonly body: Json }>
}

const running: Stage[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((stage) => stage.stop()))
})

/** A house on a clock that stands still; it ends with the test. */
export async function play(
  house: HouseSettings = linear,
  more: Partial<StageSettings> = {},
  clock = manualClock(TODAY_US),
): Promise<Play> {
  const log = memoryEmissionLog()
  const stage = await startStage({
    seed: 3,
    houses: [house],
    tradesPerSecond: 20,
    levelsPerDiff: 10,
    liquidationsPerMinute: 300,
    clock,
    log,
    ...more,
  })
  running.push(stage)
  const [address] = stage.addresses
  return {
    clock,
    stage,
    records: log.records,
    client: (route = 'public') => connect(`${address?.wsUrl}/ws/v5/${route}`),
    async ask(path) {
      const response = await fetch(`${address?.restUrl}/api/v5/${path}`)
      const text = await response.text()
      return { status: response.status, body: JSON.parse(text) as Json }
    },
  }
}

/** All messages so far that are JSON. */
export function parsed(client: TestClient): Json[] {
  return client.texts.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as Json)
}

/** The messages of a channel. */
export function pushes(client: TestClient, channel: string): Json[] {
  return parsed(client).filter(({ arg, event }) => event === undefined && arg?.channel === channel)
}

let requests = 0

/** Sends a request and answers what came back for it: an ack for each arg, or errors. */
export async function request(
  client: TestClient,
  args: readonly Json[],
  op = 'subscribe',
): Promise<readonly Json[]> {
  requests += 1
  const id = `t${requests}`
  client.send({ id, op, args })
  const answers = (): Json[] => parsed(client).filter((message) => message.id === id)
  await client.until(() => answers().length >= args.length || answers().some(isOfWhole))
  return answers()
}

/** Errors that are about a request and not about one of its args. */
const isOfWhole = ({ code }: Json): boolean => ['60012', '60013', '60014', '60019', '60028'].includes(code)

/** Resolves when everything sent before has arrived. */
export async function settled(client: TestClient): Promise<void> {
  const pongs = (): number => client.texts.filter((text) => text === 'pong').length
  const before = pongs()
  client.send('ping')
  await client.until(() => pongs() > before)
}

/** `books` of `BTC-USDT`, or of a type, as an arg. */
export function argsOf(symbol: string, ...channels: readonly string[]): Json[] {
  return channels.map((channel) => ({ channel, instId: symbol }))
}
