import type { Market } from '@cryptoflow/model'
import {
  type Chance,
  chanceOf,
  FakeLane,
  type Level,
  type Message,
  START_US,
  type Step,
} from './lane-fixture.ts'
import { checksumOfLevels } from './market-fixture.ts'
import type { NormalizerOptions } from './normalizer-options.ts'

/**
 * For tests: an exchange whose books begin in their streams, over a bad network. Its spot market proves books by a
 * checksum and keeps four levels a side, its linear market by a sequence, its inverse market counts the frames of
 * each connection. Whoever plays ingest subscribes again, or replaces the connection, when the lane asks for it.
 */

export interface StreamEmission {
  readonly market: Market
  readonly symbol: string
  readonly stream: 'depth' | 'trade'
  readonly isSnapshot: boolean
  /** Event time of its rows: no other has it. */
  readonly eventUs: number
  readonly textId: string | undefined
  /** Time of the last record before it. */
  readonly atUs: number
  /** The exchange's book after it as images show it, best first. */
  readonly book: readonly Level[]
  delivered: boolean
}

export interface StreamWorld {
  readonly steps: Step[]
  readonly emitted: StreamEmission[]
}

export const STREAM_SYMBOLS = ['__proto__', '测试USDT', 'BTCUSDT']
export const STREAM_MARKETS = ['spot', 'linear', 'inverse'] as const
/** Levels a side that the spot market sends. */
const SPOT_DEPTH = 4

interface Place {
  readonly market: Market
  readonly symbol: string
  readonly book: Map<string, Level>
  /** Spot: what was sent of it. */
  window: readonly Level[]
  seq: number
  /** A snapshot is due before anything else is sent: nothing is subscribed. */
  isSubscribed: boolean
}

interface Line {
  number: number
  nextSeq: number
}

/** The world that a seed gives, as the steps of about `length` records. */
export function streamWorld(seed: number, length: number): StreamWorld {
  const world = new Builder(chanceOf(seed))
  for (let i = 0; i < length; i++) world.turn()
  world.play({ kind: 'stop' })
  return world
}

export function streamLane(more: Partial<NormalizerOptions> = {}): FakeLane {
  return new FakeLane({ images: { derivedLevels: 3, checkpointEveryUs: 1_000_000 }, ...more })
}

class Builder implements StreamWorld {
  readonly steps: Step[] = []
  readonly emitted: StreamEmission[] = []
  private readonly chance: Chance
  /** Plays along, so that somebody asks for snapshots. */
  private readonly lane = streamLane()
  private readonly places: Place[]
  private readonly lines = new Map<Market, Line>()
  private readonly resubscriptions: Place[] = []
  private asked = 0
  private replaced = 0
  private serial = 0

  constructor(chance: Chance) {
    this.chance = chance
    this.places = STREAM_MARKETS.flatMap((market) =>
      STREAM_SYMBOLS.map((symbol) => ({
        market,
        symbol,
        book: new Map(),
        window: [],
        seq: 0,
        isSubscribed: false,
      })),
    )
    this.play({ kind: 'start' })
    for (const market of STREAM_MARKETS) this.connect(market)
  }

  play(step: Step): void {
    const { chance, lane } = this
    const timed = { ...step, atUs: lane.nowUs + chance(chance(8) === 0 ? 400_000 : 30_000) }
    this.steps.push(timed)
    lane.play(timed)
    for (const request of lane.wanted.slice(this.asked)) {
      this.resubscriptions.push(this.placeOf(request.market, request.symbol))
    }
    this.asked = lane.wanted.length
  }

  turn(): void {
    const { chance } = this
    const place = this.pick(this.places)
    const dice = chance(100)
    if (dice < 58) this.change(place, 'sent')
    else if (dice < 62) this.change(place, 'lost')
    else if (dice < 64) this.change(place, 'absurd')
    else if (dice < 66) this.spoil(place)
    else if (dice < 76) this.trade(place)
    else if (dice < 79) this.repeat(place.market)
    else if (dice < 81) this.reconnect(place.market)
    else if (dice < 82) this.restart()
    else if (dice < 84) this.renumber(place)
    else if (dice < 88) this.play({ kind: 'clock' })
    else this.subscribeAgain()
    this.replaceConnections()
  }

  /** Something happens in a book: what became of the message of it. */
  private change(place: Place, fate: 'sent' | 'lost' | 'absurd'): void {
    const { chance } = this
    const levels: Level[] = Array.from({ length: 1 + chance(3) }, () => {
      const isBid = chance(2) === 0
      const price = `${isBid ? 90 + chance(9) : 101 + chance(9)}.${['0', '00', '5', '50'][chance(4)]}`
      return [isBid ? 'bid' : 'ask', price, chance(3) === 0 ? '0.000' : `${1 + chance(9)}.${chance(10)}`]
    })
    for (const level of levels) setLevel(place.book, level)
    place.seq += 1
    const sent = place.market === 'spot' ? this.windowed(place) : levels
    if (!place.isSubscribed) this.emit(place, 'delta', sent, false)
    else if (sent.length > 0) this.send(place, 'delta', sent, fate)
  }

  /** What the spot market sends: what is new in its best levels; a level that was pushed out of them is not named. */
  private windowed(place: Place): Level[] {
    const before = new Map(place.window.map((level) => [placeOfLevel(level), level]))
    const now = bestOf(place.book, SPOT_DEPTH)
    const gone = place.window.filter((level) => !place.book.has(placeOfLevel(level)))
    const fresh = now.filter((level) => before.get(placeOfLevel(level))?.join(' ') !== level.join(' '))
    place.window = now
    return [...gone.map(([side, price]): Level => [side, price, '0.0']), ...fresh]
  }

  private snapshot(place: Place, fate: 'sent' | 'lost' | 'absurd'): void {
    place.isSubscribed = true
    place.window = bestOf(place.book, SPOT_DEPTH)
    const levels = place.market === 'spot' ? place.window : [...place.book.values()]
    this.send(place, 'snapshot', levels, fate)
  }

  private send(
    place: Place,
    kind: 'delta' | 'snapshot',
    levels: readonly Level[],
    fate: 'sent' | 'lost' | 'absurd',
  ): void {
    const { market, symbol, seq } = place
    const emission = this.emit(place, kind, levels, fate === 'sent')
    const line = this.lines.get(market)
    if (line === undefined) {
      emission.delivered = false
      return
    }
    const number = market === 'linear' ? seq : Number.NaN
    const message: Message = {
      kind,
      symbol,
      first: number,
      levels,
      engineUs: fate === 'absurd' ? 2 * START_US : emission.eventUs,
      ...(market === 'spot' ? { checksum: checksumOfLevels(emission.book) } : {}),
    }
    this.frame(market, line, [message], fate === 'lost')
  }

  private frame(market: Market, line: Line, messages: readonly Message[], isLost: boolean): void {
    const connectionSeq = market === 'inverse' ? line.nextSeq++ : Number.NaN
    if (!isLost) this.play({ kind: 'frame', connection: line.number, messages, connectionSeq })
  }

  private emit(
    { market, symbol, book, window }: Place,
    kind: 'delta' | 'snapshot' | 'trade',
    levels: readonly Level[],
    delivered: boolean,
  ): StreamEmission {
    this.serial += 1
    const emission: StreamEmission = {
      market,
      symbol,
      stream: kind === 'trade' ? 'trade' : 'depth',
      isSnapshot: kind === 'snapshot',
      eventUs: START_US + this.serial,
      textId: kind === 'trade' ? `id-${this.serial}` : undefined,
      atUs: this.lane.nowUs,
      book: market === 'spot' ? window : bestOf(book, book.size),
      delivered,
    }
    if (levels.length > 0) this.emitted.push(emission)
    return emission
  }

  private trade(place: Place): void {
    const line = this.lines.get(place.market)
    const levels: Level[] = [['bid', '100', '1']]
    const emission = this.emit(place, 'trade', levels, line !== undefined)
    if (line === undefined) return
    const isLost = this.chance(5) === 0
    if (isLost) emission.delivered = false
    const { textId = '', eventUs } = emission
    const message: Message = {
      kind: 'trade',
      symbol: place.symbol,
      first: Number.NaN,
      textId,
      engineUs: eventUs,
      levels,
    }
    // What the exchange lost between two frames of a stream without numbers shows nowhere, so it loses it by its end.
    if (isLost && place.market !== 'inverse') this.reconnect(place.market)
    else this.frame(place.market, line, [message], isLost)
  }

  /** Sends again: a whole counted frame, the last delta of a numbered stream, or a trade. */
  private repeat(market: Market): void {
    const line = this.lines.get(market)
    const step = this.steps.findLast(
      (each): each is Extract<Step, { kind: 'frame' }> =>
        each.kind === 'frame' &&
        each.connection === line?.number &&
        each.messages.length > 0 &&
        (market === 'inverse' || each.messages[0]?.kind === (market === 'linear' ? 'delta' : 'trade')),
    )
    if (step !== undefined) this.play({ ...step })
  }

  /** A frame that nobody can read; what it said is lost. */
  private spoil(place: Place): void {
    const line = this.lines.get(place.market)
    if (line === undefined) return
    this.change(place, 'lost')
    this.play({ kind: 'dead', connection: line.number })
  }

  /** The exchange starts its service anew. */
  private renumber(place: Place): void {
    if (place.market !== 'linear' || !place.isSubscribed) return
    place.seq = 1
    this.snapshot(place, 'sent')
  }

  private subscribeAgain(): void {
    const place = this.resubscriptions.shift()
    if (place === undefined) {
      const pending = this.places.filter(
        ({ isSubscribed, market }) => !isSubscribed && this.lines.has(market),
      )
      if (pending.length > 0) this.snapshot(this.pick(pending), this.snapshotFate())
      return
    }
    if (!this.lines.has(place.market)) return
    place.isSubscribed = false
    for (let i = this.chance(3); i > 0; i--) this.change(place, 'sent')
    this.snapshot(place, this.snapshotFate())
  }

  private snapshotFate(): 'sent' | 'lost' | 'absurd' {
    const dice = this.chance(20)
    return dice === 0 ? 'lost' : dice === 1 ? 'absurd' : 'sent'
  }

  private replaceConnections(): void {
    const due = this.lane.replaced.slice(this.replaced)
    this.replaced = this.lane.replaced.length
    for (const number of due) {
      for (const [market, line] of this.lines) if (line.number === number) this.reconnect(market)
    }
  }

  private reconnect(market: Market): void {
    const line = this.lines.get(market)
    if (line !== undefined) this.play({ kind: 'disconnect', connection: line.number })
    this.close(market)
    for (let i = this.chance(3); i > 0; i--) this.change(this.pick(this.places), 'sent')
    this.connect(market)
  }

  private connect(market: Market): void {
    const subscriptions = STREAM_SYMBOLS.flatMap((symbol) => [
      [symbol, 'depth'] as const,
      [symbol, 'trade'] as const,
    ])
    this.play({ kind: 'connect', exchange: 'other', market, subscriptions })
    const line = { number: this.lane.number, nextSeq: 0 }
    this.lines.set(market, line)
    // Its acknowledgement says nothing but its number.
    this.frame(market, line, [], false)
  }

  private close(market: Market): void {
    this.lines.delete(market)
    for (const place of this.places) if (place.market === market) place.isSubscribed = false
  }

  private restart(): void {
    if (this.chance(2) === 0) this.play({ kind: 'stop' })
    for (const market of STREAM_MARKETS) this.close(market)
    for (let i = this.chance(3); i > 0; i--) this.change(this.pick(this.places), 'sent')
    this.play({ kind: 'start' })
    for (const market of STREAM_MARKETS) this.connect(market)
  }

  private placeOf(market: Market, symbol: string): Place {
    return this.places.find((place) => place.market === market && place.symbol === symbol) as Place
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.chance(from.length)] as T
  }
}

function placeOfLevel([side, price]: Level): string {
  return `${side} ${Number(price)}`
}

function setLevel(book: Map<string, Level>, level: Level): void {
  const place = placeOfLevel(level)
  if (Number(level[2]) === 0) book.delete(place)
  else book.set(place, level)
}

/** The best `depth` levels a side, bids before asks, best first. */
export function bestOf(book: ReadonlyMap<string, Level>, depth: number): Level[] {
  const levels = [...book.values()]
  const bids = levels.filter(([side]) => side === 'bid').sort((a, b) => Number(b[1]) - Number(a[1]))
  const asks = levels.filter(([side]) => side === 'ask').sort((a, b) => Number(a[1]) - Number(b[1]))
  return [...bids.slice(0, depth), ...asks.slice(0, depth)]
}
