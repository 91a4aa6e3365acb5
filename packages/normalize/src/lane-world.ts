import type { FundingDetail, InstrumentDetail, LiquidationDetail, Market } from '@cryptoflow/model'
import { type Chance, chanceOf, FakeLane, type Message, type Step } from './lane-fixture.ts'
import type { NormalizerOptions } from './normalizer-options.ts'

/** For tests: a small exchange of two markets with streams of every kind, over a bad network. */

export interface Emission {
  readonly market: Market
  readonly symbol: string
  readonly stream: string
  /** Of a book delta the first and last number, else twice the same; of a stream without numbers ours. */
  readonly first: number
  readonly id: number
  /** Time of the last record before it. */
  readonly atUs: number
  delivered: boolean
}

export interface World {
  readonly steps: Step[]
  readonly emitted: Emission[]
}

export const WORLD_SYMBOLS = ['__proto__', '测试USDT', 'BTCUSDT']
const MARKETS = ['spot', 'linear'] as const
/** What each of a market's two connections carries. */
const STREAMS = {
  own: ['trade', 'aggregate', 'depth', 'quote', 'image', 'funding', 'liquidation'],
  wide: ['!quote', '!funding', '!liquidation'],
} as const
/** Whose losses show in their numbers, and whose repetitions do. */
const DENSE = new Set(['trade', 'aggregate', 'depth'])
const NUMBERED = new Set([...DENSE, 'quote', 'image', '!quote'])
const KIND_OF: Readonly<Record<string, Message['kind']>> = { depth: 'delta' }

type Line = keyof typeof STREAMS
interface Sent {
  readonly emission: Emission
  readonly message: Message
  readonly line: Line
}

/** The world that a seed gives, as the steps of about `length` records. */
export function laneWorld(seed: number, length: number): World {
  const world = new Builder(chanceOf(seed))
  for (let i = 0; i < length; i++) world.turn()
  world.play({ kind: 'stop' })
  return world
}

export function worldLane(more: Partial<NormalizerOptions> = {}): FakeLane {
  return new FakeLane({ images: { derivedLevels: 2, checkpointEveryUs: 1_000_000 }, ...more })
}

class Builder implements World {
  readonly steps: Step[] = []
  readonly emitted: Emission[] = []
  private readonly chance: Chance
  /** Plays along, so that books ask for their snapshots. */
  private readonly lane = worldLane()
  private readonly sequences = new Map<string, number>()
  private readonly open = new Map<string, number>()
  private readonly sent: Sent[] = []
  private readonly lost: Sent[] = []
  private asked = 0

  constructor(chance: Chance) {
    this.chance = chance
    this.play({ kind: 'start' })
  }

  play(step: Step): void {
    const { chance, lane } = this
    const timed = { ...step, atUs: lane.nowUs + chance(chance(8) === 0 ? 400_000 : 30_000) }
    this.steps.push(timed)
    lane.play(timed)
  }

  turn(): void {
    const { chance } = this
    const market = this.pick(MARKETS)
    const line = this.pick(['own', 'own', 'wide'] as const)
    const dice = chance(100)
    if (dice < 55) {
      this.deliver(
        market,
        line,
        Array.from({ length: 1 + chance(3) }, () => this.emit(market, line)),
      )
    } else if (dice < 60) {
      const emission = this.emit(market, 'own')
      if (DENSE.has(emission.emission.stream)) this.lost.push(emission)
      else this.deliver(market, 'own', [emission])
    } else if (dice < 65) this.again(this.sent, false)
    else if (dice < 69) this.again(this.lost, true)
    else if (dice < 71) this.spoil(market, line)
    else if (dice < 78) this.toggle(market, line)
    else if (dice < 80) this.restart()
    else if (dice < 84) this.play({ kind: 'clock' })
    else if (dice < 92) this.tell(market)
    else this.list(market)
    this.answerBooks()
  }

  private emit(market: Market, line: Line): Sent {
    const symbol = this.pick(WORLD_SYMBOLS)
    const stream = this.pick<string>(STREAMS[line])
    const place = `${market} ${symbol} ${stream}`
    const before = this.sequences.get(place) ?? 0
    const first = before + 1 + (DENSE.has(stream) ? 0 : this.chance(3))
    const id = first + (stream === 'depth' ? this.chance(3) : 0)
    this.sequences.set(place, id)
    const emission = { market, symbol, stream, first, id, atUs: this.lane.nowUs, delivered: false }
    this.emitted.push(emission)
    return { emission, message: messageOf(emission), line }
  }

  private deliver(market: Market, line: Line, sent: Sent[]): void {
    const connection = this.open.get(`${market} ${line}`)
    if (connection === undefined) {
      this.lost.push(...sent.filter(({ emission }) => NUMBERED.has(emission.stream)))
      return
    }
    for (const each of sent) each.emission.delivered = true
    this.sent.push(...sent.filter(({ emission }) => NUMBERED.has(emission.stream)))
    this.play({ kind: 'frame', connection, messages: sent.map(({ message }) => message) })
  }

  /** Sends again what was sent, or at last what was lost; not while its connection is down. */
  private again(from: Sent[], isTaken: boolean): void {
    const at = Math.max(0, from.length - 1 - this.chance(6))
    const sent = from[at]
    if (sent === undefined || !this.open.has(`${sent.emission.market} ${sent.line}`)) return
    if (isTaken) from.splice(at, 1)
    this.deliver(sent.emission.market, sent.line, [sent])
  }

  private spoil(market: Market, line: Line): void {
    const connection = this.open.get(`${market} ${line}`)
    if (connection !== undefined) this.play({ kind: 'dead', connection })
  }

  private toggle(market: Market, line: Line): void {
    const place = `${market} ${line}`
    const connection = this.open.get(place)
    if (connection !== undefined) {
      this.play({ kind: 'disconnect', connection })
      this.open.delete(place)
      if (this.chance(2) === 0) return
    }
    const symbols = line === 'own' ? WORLD_SYMBOLS : ['']
    const subscriptions = symbols.flatMap((symbol) =>
      STREAMS[line].map((stream) => [symbol, stream] as const),
    )
    this.play({ kind: 'connect', market, subscriptions })
    this.open.set(place, this.lane.number)
  }

  private restart(): void {
    if (this.chance(2) === 0) this.play({ kind: 'stop' })
    this.open.clear()
    this.play({ kind: 'start' })
  }

  private tell(market: Market): void {
    const symbol = this.pick(WORLD_SYMBOLS)
    const n = this.emitted.length + 1
    const first = Number.NaN
    const value = { mantissa: BigInt(n), scale: 2 }
    if (this.chance(2) === 0) {
      const detail = { openInterest: value, value: null }
      const messages: Message[] = [{ kind: 'openInterest', symbol, first, detail }]
      this.play({ kind: 'told', market, symbol, stream: 'openInterest', messages })
    } else {
      const messages = WORLD_SYMBOLS.map(
        (each): Message => ({ kind: 'funding', symbol: each, first, detail: fundingOf(n) }),
      )
      this.play({ kind: 'told', market, stream: 'rates', messages })
    }
  }

  /** An instrument list, in which a symbol may be missing or have changed. */
  private list(market: Market): void {
    const messages = WORLD_SYMBOLS.filter(() => this.chance(4) > 0).map(
      (symbol): Message => ({
        kind: 'instrument',
        symbol,
        first: Number.NaN,
        detail: instrumentOf(symbol, this.chance(3)),
      }),
    )
    this.play({ kind: 'told', market, stream: 'instrument', messages })
  }

  private answerBooks(): void {
    const requests = this.lane.wanted.slice(this.asked)
    this.asked = this.lane.wanted.length
    for (const { market, symbol, resync } of requests) {
      const last = this.sequences.get(`${market} ${symbol} depth`) ?? 0
      const levels = [
        ['bid', '89', '1'],
        ['ask', '111', '1'],
      ] as const
      const snapshot = this.chance(10) === 0 ? null : { last, levels }
      this.play({ kind: 'answer', market, symbol, resync, snapshot })
    }
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.chance(from.length)] as T
  }
}

function messageOf({ symbol, stream, first, id }: Emission): Message {
  const base = stream.replace('!', '')
  const common = { kind: KIND_OF[base] ?? (base as Message['kind']), symbol, stream }
  if (base === 'funding') return { ...common, first: Number.NaN, detail: fundingOf(id) }
  if (base === 'liquidation') return { ...common, first: Number.NaN, detail: liquidationOf(id) }
  const levels = [
    ['bid', `${90 + (id % 10)}`, `${id % 3}.0`],
    ['ask', `${101 + (id % 10)}.00`, '1'],
  ] as const
  return {
    ...common,
    first,
    last: id,
    levels: base === 'trade' ? levels.slice(id % 2, (id % 2) + 1) : levels,
  }
}

function fundingOf(n: number): FundingDetail {
  const fundingRate = { mantissa: BigInt(n), scale: 0 }
  const none = { markPrice: null, indexPrice: null, estimatedSettlePrice: null, predictedRate: null }
  return { ...none, fundingRate, fundingUs: Number.NaN, intervalHours: 8, kind: 'current' }
}

function liquidationOf(n: number): LiquidationDetail {
  const quantity = { mantissa: BigInt(n), scale: 0 }
  const none = { price: null, priceKind: null, averagePrice: null, filledQuantity: null, status: null }
  return { ...none, side: n % 2 === 0 ? 'buy' : 'sell', quantity, sampled: true }
}

function instrumentOf(symbol: string, version: number): InstrumentDetail {
  const none = { settle: null, tickSize: null, lotSize: null, contractSize: null, contractUnit: null }
  const times = { listedUs: Number.NaN, expiryUs: Number.NaN }
  const name = { instrument: `${symbol}-${version >> 1}`, base: symbol, quote: 'USDT', status: 'TRADING' }
  return { ...none, ...times, ...name, type: 'spot', raw: `{"symbol":"${symbol}","version":${version}}` }
}
