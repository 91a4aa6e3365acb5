import type { Market as MarketName } from '@cryptoflow/model'
import { type Clock, seededChance } from '@cryptoflow/runtime'
import { createCounters, type SimCounters } from '../counters.ts'
import type { EmissionLog } from '../emission-log.ts'
import { Fanout } from '../fanout.ts'
import { HeldLog } from '../held-log.ts'
import { Mischief } from '../mischief.ts'
import { Flow } from './flow.ts'
import { type Host, startHost } from './host.ts'
import { CONNECTION_LIFE_MS, familyOf, heartbeatOf, type MarketFamily, WindowedUse } from './limits.ts'
import { RestPool } from './rest-pool.ts'
import { type BinanceSimSettings, checkSettings, limitsUnder, type SimUrls, simUrls } from './settings.ts'
import { type HostFanout, textFor } from './wrapping.ts'

export interface BinanceSimOptions extends BinanceSimSettings {
  readonly clock: Clock
  /** Belongs to the caller, who closes it after `stop`. */
  readonly log: EmissionLog
}

export interface BinanceSim {
  readonly urls: SimUrls
  /** Live numbers, all markets together. */
  readonly counters: Readonly<SimCounters>
  /** The markets stand still from now on; connections stay and books can still be asked for. */
  stopEmitting(): void
  /** Stops emitting, closes every connection gracefully, and returns when the last one is gone. */
  stop(): Promise<void>
}

const FIVE_MINUTES_MS = 300_000
const STATUS_EVERY_MS = 60_000
/** The faults' chance is not the markets': the same flow with and without faults. */
const FAULT_SEED = 0x5f_a0_17

/** What all hosts share. */
interface Commons {
  readonly options: BinanceSimOptions
  readonly flow: Flow
  readonly log: HeldLog
  readonly mischief: Mischief
  readonly counters: SimCounters
  readonly startMs: number
  /** REST budgets: both futures hosts count against one. */
  readonly pools: Readonly<Record<MarketFamily, RestPool>>
  readonly fundingUse: WindowedUse
}

/**
 * Starts a simulated exchange on 127.0.0.1, a server for each market: websocket streams and REST over real sockets,
 * books and trades from a seeded order flow, faults from a plan, and a log of every event that it generated.
 *
 * What is generated depends only on the settings and the clock's time at the start; which fault hits which message
 * only on the seed and the order of messages delivered.
 */
export async function startBinanceSim(options: BinanceSimOptions): Promise<BinanceSim> {
  checkSettings(options)
  const { clock } = options
  const commons = commonsOf(options)
  const { flow, counters } = commons
  const fanouts = new Map<MarketName, HostFanout>()
  const hosts = new Map<MarketName, Host>()
  const stopHosts = async (): Promise<void> => {
    await Promise.all([...hosts.values()].map((host) => host.stop()))
  }
  for (const { market, port = 0 } of options.markets) {
    const fanout = fanoutOf(commons, market)
    fanouts.set(market, fanout)
    try {
      hosts.set(market, await startMarketHost(commons, { market, port, fanout }))
    } catch (error) {
      await stopHosts()
      throw error
    }
  }
  const cancel = clock.every(flow.stepMs, () => {
    const nowMs = Math.floor(clock.nowUs() / 1000)
    flow.advance(nowMs, (message) => fanouts.get(message.market)?.deliver(message, flow.nowMs))
    for (const fanout of fanouts.values()) fanout.giveUpReplays(flow.nowMs)
  })
  const stopEmitting = (): void => {
    cancel()
    for (const fanout of fanouts.values()) fanout.giveUpReplays()
  }
  return {
    urls: urlsOf(hosts),
    counters,
    stopEmitting,
    async stop() {
      stopEmitting()
      await stopHosts()
    },
  }
}

function commonsOf(options: BinanceSimOptions): Commons {
  const startMs = Math.floor(options.clock.nowUs() / 1000)
  return {
    options,
    startMs,
    flow: new Flow({ ...options, startMs }),
    log: new HeldLog(options.log),
    mischief: new Mischief(options.faults ?? null, seededChance(options.seed ^ FAULT_SEED)),
    counters: createCounters(),
    pools: {
      spot: new RestPool(limitsUnder(options, 'spot')),
      futures: new RestPool(limitsUnder(options, 'futures')),
    },
    fundingUse: new WindowedUse(FIVE_MINUTES_MS),
  }
}

function fanoutOf({ options, flow, log, mischief, counters }: Commons, market: MarketName): HostFanout {
  const { depthLevels } = limitsUnder(options, familyOf(market))
  return new Fanout({
    textFor,
    spoil: (message, fault, chance) => message.spoiled?.(fault, chance) ?? null,
    open: (streamName) => flow.open(market, streamName),
    rememberBook: (symbol) => flow.rememberBook(market, symbol, depthLevels),
    mischief,
    log,
    counters,
  })
}

function startMarketHost(
  commons: Commons,
  {
    market,
    port,
    fanout,
  }: { readonly market: MarketName; readonly port: number; readonly fanout: HostFanout },
): Promise<Host> {
  const { options, flow, log, counters, startMs } = commons
  const { clock, seed } = options
  const family = familyOf(market)
  const limits = limitsUnder(options, family)
  const symbols = flow.listingsOf(market).map(({ listed }) => listed)
  const statusEveryMs = options.statusEveryMs ?? STATUS_EVERY_MS
  return startHost({
    port,
    clock,
    counters,
    fanout,
    isRouted: market === 'linear' || (market === 'inverse' && options.inverseRouting === 'routed'),
    rules: {
      market,
      limits,
      pingEveryMs: options.pingEveryMs ?? heartbeatOf[family].pingEveryMs,
      pongWithinMs: options.pongWithinMs ?? heartbeatOf[family].pongWithinMs,
      lifeMs: options.connectionLifeMs ?? CONNECTION_LIFE_MS,
      noticeMs: market === 'spot' ? (options.shutdownNoticeMs ?? null) : null,
    },
    rest: {
      market,
      flow,
      limits,
      clock,
      log,
      counters,
      instruments: { market, symbols, seed, startMs, statusEveryMs, limits },
      pool: commons.pools[family],
      fundingUse: commons.fundingUse,
      delayMs: options.restDelayMs ?? 0,
    },
  })
}

function urlsOf(hosts: ReadonlyMap<MarketName, Host>): SimUrls {
  return simUrls(Object.fromEntries([...hosts].map(([market, { address }]) => [market, address])))
}
