import type { Market, TableName } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'

/**
 * What can go wrong, by the part of the world that does it.
 *
 * network   gap (1-3 messages of a stream are withheld), duplicate, damage, cut (frames in flight are lost),
 *           silent (a book's update is sent with a wrong level, or without one that goes),
 *           mute (silence until the connection is replaced), slow (frames come late, a REST answer does not come)
 * process   kill (written bytes stay), power (what was not synced is lost, torn or in any order)
 * disk      full (no room for a while), late-disk (operations take time)
 * store     store-full (data files find no room), late-store
 * ledger    ledger-error (not applied), ledger-unknown (applied, reported failed), ledger-late (applied afterwards)
 * catalog   catalog-unknown (applied, nobody is told), catalog-lost, catalog-late, catalog-foreign (other engines
 *           append, rewrite and expire)
 */
export const faultKinds = [
  'gap',
  'duplicate',
  'damage',
  'cut',
  'mute',
  'slow',
  'silent',
  'kill',
  'power',
  'full',
  'late-disk',
  'store-full',
  'late-store',
  'ledger-error',
  'ledger-unknown',
  'ledger-late',
  'catalog-unknown',
  'catalog-lost',
  'catalog-late',
  'catalog-foreign',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** One thing that goes wrong: a choice made when the plan is drawn, so that leaving out others does not change it. */
export interface Fault {
  /** Its place in the plan as drawn. */
  readonly index: number
  readonly kind: FaultKind
  /** Simulated time from which it waits for its victim, milliseconds from the beginning. */
  readonly atMs: number
  /** How many: of what it counts (messages withheld, steps until the crash), or how long in units of 10 ms. */
  readonly count: number
  /** A part of the names of steps in which a process may die; empty: in any. */
  readonly aim: string
  /** Of its own chance. */
  readonly seed: number
}

/** Most steps are writes of the journal: three of four deaths are kept for the others. */
const aims = [
  '',
  '',
  '',
  'control.log',
  'control.log',
  'ledger put',
  'ledger put',
  'ledger mark',
  'catalog commit',
  'image',
  'put ',
  'seg',
]

/** Everything that a run depends on. Plain data. */
export interface Plan {
  readonly seed: number
  readonly exchange: string
  readonly market: Market
  readonly symbols: readonly string[]
  /** Tables that are filled. */
  readonly tables: readonly TableName[]
  /** How long the market plays; then faults end, and the process stops in peace. */
  readonly ms: number
  readonly tradesPerSecond: number
  readonly levelChangesPerSecond: number
  readonly sealRows: number
  readonly sealEveryMs: number
  readonly commitEveryMs: number
  readonly segmentBytes: number
  /** Bytes kept back for a full disk. */
  readonly reserveBytes: number
  /** Blocks that wait in memory for the lane. */
  readonly channelItems: number
  /** Lanes that share the keys in the pass over the journal that the tables are compared with. */
  readonly lanes: number
  /** In order of time. */
  readonly faults: readonly Fault[]
}

/** A simulated market. */
export type Venue = Pick<Plan, 'exchange' | 'market' | 'symbols'>

/** Markets that seeds take in turn: every rule by which a sequence goes on. */
export const venues: readonly Venue[] = [
  { exchange: 'binance', market: 'spot', symbols: ['BTCUSDT', 'ETHUSDT'] },
  { exchange: 'binance', market: 'linear', symbols: ['BTCUSDT', 'ETHUSDT'] },
  { exchange: 'bybit', market: 'spot', symbols: ['BTCUSDT', 'ETHUSDT'] },
  { exchange: 'okx', market: 'spot', symbols: ['BTC-USDT', 'ETH-USDT'] },
  { exchange: 'coinbase', market: 'spot', symbols: ['BTC-USD', 'ETH-USD'] },
  { exchange: 'kraken', market: 'spot', symbols: ['BTC/USD', 'ETH/USD'] },
  { exchange: 'kraken', market: 'linear', symbols: ['PF_XBTUSD', 'PF_ETHUSD'] },
  { exchange: 'upbit', market: 'spot', symbols: ['KRW-BTC', 'KRW-ETH'] },
]

const lanesOf = [1, 1, 4, 7]
const MS_MIN = 500
const MS_SPREAD = 700
const FAULTS_MAX = 10
/** Deaths matter most: each kind of them is drawn as often as this many others. */
const DEATH_WEIGHT = 3
/** Steps that a death waits for, of those that it aims at. */
const AIMED_MAX = 4

/** The plan of a seed with faults of these kinds. */
export function planOf(seed: number, kinds: readonly FaultKind[]): Plan {
  const chance = seededChance(seed * 7919 + 17)
  const venue = venues[seed % venues.length] as (typeof venues)[number]
  const ms = MS_MIN + chance.below(MS_SPREAD)
  const lanes = lanesOf[chance.below(lanesOf.length)] as number
  // One lane has nothing to share, and two symbols cost twice as much.
  const symbols = venue.symbols.slice(0, lanes === 1 ? 1 : 2)
  return {
    seed,
    ...venue,
    symbols,
    lanes,
    tables: ['ticks', venue.market === 'spot' ? 'spot_delta' : 'futures_delta'],
    ms,
    tradesPerSecond: (10 + chance.below(40)) / symbols.length,
    levelChangesPerSecond: (20 + chance.below(80)) / symbols.length,
    sealRows: 40 + chance.below(400),
    sealEveryMs: 150 + chance.below(1_000),
    commitEveryMs: 60 + chance.below(300),
    segmentBytes: chance.hits(0.5) ? 1 << 20 : 4_000 + chance.below(20_000),
    reserveBytes: chance.hits(0.5) ? 0 : 4_096,
    channelItems: chance.hits(0.3) ? 1 : 1 + chance.below(200),
    faults: drawFaults(chance, kinds, ms),
  }
}

function drawFaults(chance: Chance, kinds: readonly FaultKind[], ms: number): Fault[] {
  const count = kinds.length === 0 ? 0 : 1 + chance.below(FAULTS_MAX)
  const some = kinds.flatMap((kind) => (isDeath(kind) ? Array<FaultKind>(DEATH_WEIGHT).fill(kind) : kind))
  const drawn = Array.from({ length: count }, () => ({
    kind: some[chance.below(some.length)] as FaultKind,
    atMs: chance.below(ms),
    count: 1 + chance.below(24),
    aim: '',
    seed: chance.below(2 ** 31),
  }))
  return drawn.sort((a, b) => a.atMs - b.atMs).map((fault, index) => ({ index, ...fault, ...aimOf(fault) }))
}

function isDeath(kind: FaultKind): boolean {
  return kind === 'kill' || kind === 'power'
}

/** What is aimed at comes up more rarely, so it is waited for less long. */
function aimOf({ kind, count, seed }: Omit<Fault, 'index'>): Pick<Fault, 'aim' | 'count'> {
  const aim = isDeath(kind) ? (aims[seed % aims.length] as string) : ''
  return { aim, count: aim === '' ? count : 1 + (count % AIMED_MAX) }
}
