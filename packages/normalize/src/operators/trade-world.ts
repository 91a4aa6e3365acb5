import { marketText } from '@cryptoflow/model'
import { type Chance, chanceOf, type Message, START_US, type Step } from '../lane-fixture.ts'
import type { PlainTrade } from './plain-bars.ts'

/** For tests: two symbols that trade all the time, over a bad network. */

export interface TradeWorld {
  readonly steps: readonly Step[]
  /** By symbol, everything that was traded, whether it was heard or not. */
  readonly emitted: ReadonlyMap<string, readonly PlainTrade[]>
}

export const WORLD_WINDOWS = ['1s', '5s', '4s/1s', '1m', '20s/2s']
const SYMBOLS = ['AA', 'B']
/** A few seconds before midnight. */
const BEGIN_US = START_US + 86_395_000_000

/** About `length` records; `faults`: messages are lost, late, sent twice, damaged, and connections and processes end. */
export function tradeWorld(
  seed: number,
  length: number,
  allowedLatenessMs: number,
  faults = true,
): TradeWorld {
  const world = new Builder(chanceOf(seed), allowedLatenessMs)
  world.begin()
  for (let i = 0; i < length; i++) world.turn(faults)
  world.play({ kind: 'stop' })
  return { steps: world.steps, emitted: world.emitted }
}

interface Sent {
  readonly symbol: string
  readonly trade: PlainTrade
}

class Builder {
  readonly steps: Step[] = []
  readonly emitted = new Map<string, PlainTrade[]>(SYMBOLS.map((symbol) => [symbol, []]))
  private readonly chance: Chance
  private readonly allowedLatenessMs: number
  private nowUs = BEGIN_US
  /** Record that opened the connection; 0: there is none. */
  private connection = 0
  private lost: Sent[] = []
  private sent: Sent[] = []

  constructor(chance: Chance, allowedLatenessMs: number) {
    this.chance = chance
    this.allowedLatenessMs = allowedLatenessMs
  }

  begin(): void {
    const watermark = { allowedLatenessMs: this.allowedLatenessMs, late: 'revision', idleMs: 500 } as const
    const own = { aggregate: { windows: WORLD_WINDOWS }, watermark }
    this.play({ kind: 'start', operators: { [marketText({ exchange: 'fake', market: 'spot' })]: own } })
    this.connect()
  }

  play(step: Step): void {
    const { chance } = this
    this.nowUs += chance(40) === 0 ? chance(2_500_000) : chance(60_000)
    this.steps.push({ ...step, atUs: this.nowUs })
  }

  turn(faults: boolean): void {
    const { chance } = this
    const dice = chance(100)
    if (dice < 80 || !faults) this.deliver(Array.from({ length: 1 + chance(3) }, () => this.emit()))
    else if (dice < 84) this.lost.push(this.emit())
    else if (dice < 90) this.deliver(this.lost.splice(-1 - chance(3), 1))
    else if (dice < 93) this.deliver(this.sent.slice(-1 - chance(5), -1))
    else if (dice < 94) this.spoil()
    else if (dice < 97) this.play({ kind: 'clock' })
    else if (dice < 99) this.reconnect()
    else this.restart()
  }

  private emit(): Sent {
    const { chance } = this
    const symbol = SYMBOLS[chance(SYMBOLS.length)] as string
    const all = this.emitted.get(symbol) as PlainTrade[]
    const before = all.at(-1)
    const price = ['100.25', '99.5', '101', '100.0000001', '98.75', '100'][chance(6)] as string
    const quantity = ['0.1', '1', '12345678901.000000001', '0.00000003'][chance(4)] as string
    const us = Math.max(before?.us ?? 0, Math.floor((this.nowUs - chance(30_000)) / 10_000) * 10_000)
    const side = chance(2) === 0 ? 'buy' : 'sell'
    const trade: PlainTrade = { us, order: (before?.order ?? 0) + 1, price, quantity, side }
    all.push(trade)
    return { symbol, trade }
  }

  private deliver(sent: Sent[]): void {
    const { connection } = this
    if (sent.length === 0) return
    if (connection === 0) {
      this.lost.push(...sent)
      this.play({ kind: 'clock' })
    } else {
      this.sent.push(...sent)
      this.play({ kind: 'frame', connection, messages: sent.map(messageOf) })
    }
  }

  private spoil(): void {
    const { connection } = this
    if (connection > 0) this.play({ kind: 'dead', connection })
  }

  private reconnect(): void {
    if (this.connection > 0) this.play({ kind: 'disconnect', connection: this.connection })
    this.connection = 0
    if (this.chance(3) > 0) this.connect()
  }

  private restart(): void {
    if (this.chance(2) === 0) this.play({ kind: 'stop' })
    this.connection = 0
    const [first] = this.steps
    this.play(first as Step)
    this.connect()
  }

  private connect(): void {
    this.play({ kind: 'connect', subscriptions: SYMBOLS.map((symbol) => [symbol, 'trade'] as const) })
    this.connection = this.steps.length
  }
}

function messageOf({ symbol, trade: { us, order, price, quantity, side } }: Sent): Message {
  const levels = [[side === 'buy' ? 'bid' : 'ask', price, quantity]] as const
  return { kind: 'trade', symbol, first: order, engineUs: us, levels }
}
