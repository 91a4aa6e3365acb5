import { type Chance, chanceOf, FakeLane, type Level, type Message, type Step } from './lane-fixture.ts'
import type { NormalizerOptions } from './normalizer-options.ts'

/** For tests: one symbol that two connections carry, each behind the exchange by some messages and losing others. */

/** Trades, updates with dense numbers, and updates of a second symbol that name the number before and skip some. */
export interface LegEmission {
  readonly symbol: string
  readonly stream: 'trade' | 'depth' | 'chained'
  readonly seq: number
  readonly message: Message
  /** Levels of the book after it, by side and price; of a trade none. */
  readonly book: ReadonlyMap<string, string>
  /** Records that brought it, in their order. */
  readonly records: number[]
}

export interface LegWorld {
  readonly steps: Step[]
  readonly emitted: LegEmission[]
}

const BOOKS = [
  { symbol: 'BTCUSDT', stream: 'depth' },
  { symbol: 'ETHUSDT', stream: 'chained' },
] as const
const SUBSCRIPTIONS = [
  ['BTCUSDT', 'trade'],
  ['BTCUSDT', 'depth'],
  ['ETHUSDT', 'chained'],
] as const

interface Leg {
  /** Of the connection; 0: it is down. */
  connection: number
  readonly queue: LegEmission[]
}

export function legLane(more: Partial<NormalizerOptions> = {}): FakeLane {
  const images = { derivedLevels: 40, derivedEveryUs: 100_000, checkpointEveryUs: 1_000_000 }
  return new FakeLane({ images, ...more })
}

/** The world that a seed gives, as about `length` records. */
export function legWorld(seed: number, length: number): LegWorld {
  const world = new Builder(chanceOf(seed))
  for (let i = 0; i < length; i++) world.turn()
  world.play({ kind: 'stop' })
  return world
}

class Builder implements LegWorld {
  readonly steps: Step[] = []
  readonly emitted: LegEmission[] = []
  private readonly chance: Chance
  /** Plays along, so that books ask for their snapshots. */
  private readonly lane = legLane()
  private readonly legs: readonly [Leg, Leg] = [
    { connection: 0, queue: [] },
    { connection: 0, queue: [] },
  ]
  private readonly last = new Map<string, LegEmission>()
  private asked = 0

  constructor(chance: Chance) {
    this.chance = chance
    this.play({ kind: 'start' })
    for (const leg of this.legs) this.connect(leg)
  }

  play(step: Step): void {
    const { chance, lane } = this
    const us = chance(40) === 0 ? 8_000_000 : chance(8) === 0 ? 300_000 : 20_000
    const timed = { ...step, atUs: lane.nowUs + chance(us) }
    this.steps.push(timed)
    lane.play(timed)
  }

  turn(): void {
    const { chance } = this
    const dice = chance(200)
    const leg = this.legs[chance(2) as 0 | 1]
    if (dice < 70) this.emit()
    else if (dice < 150) this.deliver(this.legs[0], 1 + chance(4))
    // The second one is behind, and heard in larger pieces.
    else if (dice < 170) this.deliver(this.legs[1], 1 + chance(16))
    else if (dice < 184) leg.queue.splice(0, 1 + chance(5))
    else if (dice < 186) this.toggle(leg)
    else if (dice < 187) this.restart()
    else if (dice < 188) this.play({ kind: 'dead', connection: leg.connection })
    else this.play({ kind: 'clock' })
    this.answerBooks()
  }

  private emit(): void {
    const { chance } = this
    const book = BOOKS[chance(3) === 0 ? 1 : 0] as (typeof BOOKS)[number]
    const streams = book.stream === 'depth' ? (['trade', 'depth'] as const) : [book.stream]
    for (const stream of streams) {
      const before = this.last.get(stream)
      const prev = before?.seq ?? 0
      const isChained = stream === 'chained'
      const seq = prev + 1 + (isChained ? chance(3) : 0)
      const levels: Level[] = [
        ['bid', `${60 + chance(30)}.0`, `${chance(3)}.0`],
        ['ask', `${101 + chance(30)}.0`, `${chance(3)}.0`],
      ]
      const message: Message =
        stream === 'trade'
          ? { kind: 'trade', stream, symbol: book.symbol, first: seq }
          : {
              kind: 'delta',
              stream,
              symbol: book.symbol,
              first: seq,
              last: seq,
              levels,
              ...(isChained ? { prev } : {}),
            }
      const after = new Map(before?.book)
      if (stream !== 'trade') for (const level of levels) setLevel(after, level)
      const emission = { symbol: book.symbol, stream, seq, message, book: after, records: [] }
      this.last.set(stream, emission)
      this.emitted.push(emission)
      for (const leg of this.legs) if (leg.connection > 0) leg.queue.push(emission)
    }
  }

  private deliver(leg: Leg, count: number): void {
    const sent = leg.queue.splice(0, count)
    if (sent.length === 0) return
    this.play({ kind: 'frame', connection: leg.connection, messages: sent.map(({ message }) => message) })
    for (const { records } of sent) records.push(this.lane.number)
  }

  private connect(leg: Leg): void {
    this.play({ kind: 'connect', subscriptions: SUBSCRIPTIONS })
    leg.connection = this.lane.number
  }

  private toggle(leg: Leg): void {
    leg.queue.length = 0
    if (leg.connection === 0) this.connect(leg)
    else {
      this.play({ kind: 'disconnect', connection: leg.connection })
      leg.connection = 0
    }
  }

  private restart(): void {
    if (this.chance(2) === 0) this.play({ kind: 'stop' })
    this.play({ kind: 'start' })
    for (const leg of this.legs) {
      leg.queue.length = 0
      this.connect(leg)
    }
  }

  private answerBooks(): void {
    const requests = this.lane.wanted.slice(this.asked)
    this.asked = this.lane.wanted.length
    for (const { symbol, stream, resync } of requests) {
      const now = this.last.get(stream)
      const levels = [...(now?.book ?? [])].map(([place, quantity]): Level => {
        const [side, price] = place.split(' ') as ['bid' | 'ask', string]
        return [side, price, quantity]
      })
      this.play({ kind: 'answer', symbol, stream, resync, snapshot: { last: now?.seq ?? 0, levels } })
    }
  }
}

function setLevel(book: Map<string, string>, [side, price, quantity]: Level): void {
  const place = `${side} ${price}`
  if (Number(quantity) === 0) book.delete(place)
  else book.set(place, quantity)
}
