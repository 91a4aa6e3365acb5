import { directDialer } from '@cryptoflow/egress'
import { type HouseSettings, memoryEmissionLog, type Stage, startStage } from '@cryptoflow/exchange-sim'
import { findMarket } from '@cryptoflow/exchanges'
import { type Ingest, type IngestNotice, type Intake, startIngest } from '@cryptoflow/ingest'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop()
})

/** A market that is simulated and, once `listen` is called, collected; both by one clock that tests move. */
async function play(house: HouseSettings, streams: readonly string[]) {
  const clock = manualClock()
  const calm = { tradesPerSecond: 5, levelsPerDiff: 0, liquidationsPerMinute: 0 }
  const stage = await startStage({ seed: 1, houses: [house], ...calm, clock, log: memoryEmissionLog() })
  running.push(stage)
  const { wsUrl, restUrl } = stage.addresses[0] as Stage['addresses'][0]
  const notices: IngestNotice[] = []
  let records = 0
  const intake: Intake = {
    isCongested: false,
    append: () => {
      records += 1
      return records
    },
  }
  const dialer = directDialer(null)
  running.push({ stop: async () => dialer.close() })
  const listen = (): Ingest => {
    const ingest = startIngest({
      market: findMarket(house.exchange, house.market, { wsUrl, restUrl }),
      symbols: house.symbols,
      streams,
      intake,
      clock,
      chance: seededChance(1),
      dialer,
      notice: (notice) => notices.push(notice),
    })
    running.push(ingest)
    return ingest
  }
  return { clock, stage, wsUrl, notices, listen }
}

/** Far more turns of the event loop than any answer over loopback takes. */
const TURNS_MAX = 1_000_000

/** Sockets go on until it is so. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (condition()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect.fail(`waited in vain: ${condition}`)
}

/** Comes in, and leaves again, so many times. */
async function visit(url: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const socket = new WebSocket(url)
    await new Promise((resolve) => socket.once('open', resolve))
    socket.terminate()
  }
}

describe('an ingest whose handshake is refused', () => {
  it.each([
    [{ exchange: 'kraken', market: 'spot', symbols: ['BTC/USD'] }, '/v2', 150, 429, 600_000],
    [{ exchange: 'okx', market: 'spot', symbols: ['BTC-USDT'] }, '/ws/v5/public', 3, 429, 120_000],
    [{ exchange: 'bybit', market: 'spot', symbols: ['BTCUSDT'] }, '/v5/public/spot', 500, 403, 120_000],
  ] as const)('by %o at %s, where %i came before it, leaves it alone after %i for %i ms', async (...row) => {
    const [house, path, before, status, waitMs] = row
    const stream = { kraken: 'trade', okx: 'trades', bybit: 'publicTrade' }[house.exchange]
    const { clock, stage, wsUrl, notices, listen } = await play(house, [stream])
    await visit(wsUrl + path, before)
    const ingest = listen()
    await until(() => notices.length > 0)
    expect(notices).toEqual([
      { kind: 'waiting', reason: `the handshake was answered ${status}, expected 101`, delayMs: waitMs },
    ])
    clock.advance(waitMs - 1)
    expect(stage.counters).toMatchObject({ connections: before, handshakesRefused: 1 })
    clock.advance(1)
    await until(() => notices.length > 1)
    // Who does not say when to come again may have to be asked more than once.
    for (let tries = 1; tries < 3 && notices.at(-1)?.kind === 'waiting'; tries++) {
      const { length } = notices
      clock.advance(waitMs)
      await until(() => notices.length > length)
    }
    expect(notices.at(-1)).toMatchObject({ kind: 'connected' })
    expect(notices.length).toBe(status === 403 ? 4 : 2)
    await until(() => stage.counters.controlAccepted > 0)
    clock.advance(5_000)
    await until(() => ingest.counters.frames > 10)
  })
})

describe('an ingest of a house that wants pings of the protocol', () => {
  it('is still connected when many deadlines have passed', async () => {
    const house = { exchange: 'kraken', market: 'inverse', symbols: ['PI_XBTUSD'] } as const
    const { clock, stage, notices, listen } = await play(house, ['trade'])
    const ingest = listen()
    await until(() => stage.counters.controlAccepted > 0)
    for (let seconds = 0; seconds < 600; seconds += 5) {
      const { frames } = ingest.counters
      clock.advance(5_000)
      await until(() => ingest.counters.frames > frames)
    }
    expect(notices.map(({ kind }) => kind)).toEqual(['connected'])
    expect(stage.counters.pingsHeard).toBeGreaterThanOrEqual(20)
    expect(stage.counters.pongTimeouts).toBe(0)
  })
})
