import { assert } from '@cryptoflow/model'
import { type Clock, seededChance } from '@cryptoflow/runtime'
import { createCounters, type SimCounters } from '../counters.ts'
import type { EmissionLog } from '../emission-log.ts'
import { Fanout } from '../fanout.ts'
import { HeldLog } from '../held-log.ts'
import { Mischief } from '../mischief.ts'
import type { House, HouseFanout, HouseMessage } from './house.ts'
import { houseFactory } from './houses.ts'
import type { Peer } from './peer.ts'
import { type HouseServer, serveHouse } from './server.ts'
import { checkStage, type HouseAddress, type HouseSettings, type StageSettings } from './settings.ts'

export interface StageOptions extends StageSettings {
  readonly clock: Clock
  /** Belongs to the caller, who closes it after `stop`. */
  readonly log: EmissionLog
}

export interface Stage {
  readonly addresses: readonly HouseAddress[]
  /** Live numbers, all houses together. */
  readonly counters: Readonly<SimCounters>
  /** The markets stand still from now on; connections stay. */
  stopEmitting(): void
  /** Stops emitting, closes every connection gracefully, and returns when the last one is gone. */
  stop(): Promise<void>
}

/** Distance of two steps of all houses, milliseconds: no message is told more finely. */
export const STEP_MS = 10
/** Longest stretch that is caught up with after the process stood still; beyond it, markets were halted. */
const CATCH_UP_MS_MAX = 10_000
const LIQUIDATIONS_PER_MINUTE = 12
/** Level changes are given per this long. */
const DIFF_MS = 100
/** The faults' chance is not the markets': the same flow with and without faults. */
const FAULT_SEED = 0x5f_a0_17

/** What all houses share. */
interface Commons {
  readonly options: StageOptions
  readonly log: HeldLog
  readonly mischief: Mischief
  readonly counters: SimCounters
  readonly startMs: number
}

interface Playing {
  readonly house: House
  readonly fanout: HouseFanout
  readonly server: HouseServer
}

/**
 * Starts simulated exchanges on 127.0.0.1, a server for each market of each: websocket streams and REST over real
 * sockets, books and trades from a seeded order flow, faults from a plan, and a log of every event that they
 * generated.
 *
 * What is generated depends only on the settings and the clock's time at the start; which fault hits which message
 * only on the seed and the order of messages delivered.
 */
export async function startStage(options: StageOptions): Promise<Stage> {
  checkStage(options)
  const { clock } = options
  const startMs = Math.floor(clock.nowUs() / 1000)
  const commons: Commons = {
    options,
    startMs,
    log: new HeldLog(options.log),
    mischief: new Mischief(options.faults ?? null, seededChance(options.seed ^ FAULT_SEED)),
    counters: createCounters(),
  }
  const playing: Playing[] = []
  const stopServers = async (): Promise<void> => {
    await Promise.all(playing.map(({ server }) => server.stop()))
  }
  for (const settings of options.houses) {
    try {
      playing.push(await startHouse(commons, settings))
    } catch (error) {
      await stopServers()
      throw error
    }
  }
  let reachedMs = startMs
  const step = (): void => {
    const nowMs = Math.floor(clock.nowUs() / 1000)
    if (nowMs - reachedMs > CATCH_UP_MS_MAX) {
      reachedMs += Math.floor((nowMs - reachedMs) / STEP_MS) * STEP_MS
      for (const { house } of playing) house.halt(reachedMs)
    }
    while (reachedMs + STEP_MS <= nowMs) {
      reachedMs += STEP_MS
      for (const { house } of playing) house.step(reachedMs)
    }
    for (const { fanout } of playing) fanout.giveUpReplays(reachedMs)
  }
  const cancel = clock.every(STEP_MS, step)
  const stopEmitting = (): void => {
    cancel()
    for (const { fanout } of playing) fanout.giveUpReplays()
  }
  return {
    addresses: playing.map(({ server }, at) => addressOf(options.houses[at] as HouseSettings, server.port)),
    counters: commons.counters,
    stopEmitting,
    async stop() {
      stopEmitting()
      await stopServers()
    },
  }
}

async function startHouse(commons: Commons, settings: HouseSettings): Promise<Playing> {
  const { options, log, mischief, counters, startMs } = commons
  const { clock, seed, tradesPerSecond } = options
  let house: House | null = null
  const fanout: HouseFanout = new Fanout<HouseMessage, Peer>({
    open: (streamName) => house?.open(streamName) ?? false,
    textFor: (message, peer) => message.textFor(peer),
    spoil: (message, fault, chance) => message.spoiled?.(fault, chance) ?? null,
    rememberBook: () => assert(false, 'books of houses begin in their streams'),
    mischief,
    log,
    counters,
  })
  house = houseFactory(settings.exchange)({
    market: settings.market,
    symbols: settings.symbols,
    seed,
    startMs,
    tradesPerSecond,
    levelChangesPerSecond: (options.levelsPerDiff * 1000) / DIFF_MS,
    liquidationsPerMinute: options.liquidationsPerMinute ?? LIQUIDATIONS_PER_MINUTE,
    bookLevels: options.bookLevels ?? null,
    clock,
    counters,
    fanout,
  })
  const server = await serveHouse({ house, fanout, clock, log, counters, port: settings.port ?? 0 })
  return { house, fanout, server }
}

function addressOf({ exchange, market }: HouseSettings, port: number): HouseAddress {
  return { exchange, market, wsUrl: `ws://127.0.0.1:${port}`, restUrl: `http://127.0.0.1:${port}` }
}
