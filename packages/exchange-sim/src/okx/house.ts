import { type Chance, seededChance } from '@cryptoflow/runtime'
import type { SimCounters } from '../counters.ts'
import type { DoorRules } from '../stage/door.ts'
import type { House, HouseAnswer, HouseFactory, HouseOptions, Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { Conversation, type Floor, type Route } from './conversation.ts'
import type { Outlet } from './outlet.ts'
import { RestDesk } from './rest.ts'
import { SymbolTeller } from './symbol.ts'
import { type InstrumentType, listed } from './symbols.ts'
import { WideTeller } from './wide.ts'

const CONNECTS = { value: 3, source: 'okx.com/docs-v5, "WebSocket / Connect"', read: '2026-02-23' }
/** Documented is that the fourth is refused, but not with which status. */
const door: DoorRules = {
  connects: { most: CONNECTS, withinMs: 1_000 },
  withOrigin: null,
  openMax: null,
  shutMs: null,
  status: 429,
  tellsWhen: false,
}
/** Services are upgraded again and again, and all connections end with them: our own choice of when. */
const UPGRADE_AFTER_MS_MIN = 5 * 60_000
const UPGRADE_AFTER_MS_MORE = 5 * 60_000

const routes: ReadonlyMap<string, Route> = new Map([
  ['/ws/v5/public', 'public'],
  ['/ws/v5/business', 'business'],
])

/** One market of the exchange, on a host of its own: the exchange itself has one for all. */
export const okxHouse: HouseFactory = (options) => new OkxHouse(options)

class OkxHouse implements House, Floor {
  readonly door = door
  nowMs: number
  private readonly options: HouseOptions
  private readonly tellers: ReadonlyMap<string, SymbolTeller>
  private readonly wides: readonly WideTeller[]
  private readonly desk: RestDesk
  private readonly conversations = new Map<Peer, Conversation>()
  private readonly chance: Chance
  private nextUpgradeMs: number

  constructor(options: HouseOptions) {
    const { market, symbols, startMs, seed, fanout, counters } = options
    this.options = options
    this.nowMs = startMs
    const outlet: Outlet = { fanout, pushed: (peer) => this.conversations.get(peer)?.pushed() }
    this.tellers = new Map(
      symbols.map((symbol, index) => [
        symbol,
        new SymbolTeller(listed(market, symbol), index, options, outlet),
      ]),
    )
    const types: readonly InstrumentType[] = market === 'spot' ? ['SPOT'] : ['SWAP', 'FUTURES']
    this.wides = types.map((type) => {
      const tellers = [...this.tellers.values()].filter((teller) => teller.listed.type === type)
      return new WideTeller({ type, house: options, outlet, tellers })
    })
    const throttled = (): void => {
      counters.restThrottled += 1
    }
    this.desk = new RestDesk({ market, tellers: this.tellers, wides: this.wides, throttled })
    this.chance = seededChance(seed ^ 0x64_00_08)
    this.nextUpgradeMs = startMs + this.drawUpgrade()
  }

  get counters(): SimCounters {
    return this.options.counters
  }

  has(streamName: string): boolean {
    const { channel, teller } = this.find(streamName)
    return teller?.has(channel) ?? false
  }

  open(streamName: string): boolean {
    const { channel, teller } = this.find(streamName)
    if (teller === null || !teller.has(channel)) return false
    teller.open(channel, this.nowMs)
    return true
  }

  begin(streamName: string, peer: Peer): void {
    const { channel, teller } = this.find(streamName)
    if (teller instanceof WideTeller) teller.begin(channel, peer, this.nowMs)
    const beginning = teller instanceof SymbolTeller ? teller.beginning(channel, this.nowMs) : null
    if (beginning !== null) this.options.fanout.deliverTo(peer, beginning)
  }

  step(nowMs: number): void {
    this.nowMs = nowMs
    for (const teller of this.tellers.values()) teller.step(nowMs)
    for (const wide of this.wides) wide.step(nowMs)
    const isUpgrade = nowMs >= this.nextUpgradeMs
    if (isUpgrade) this.nextUpgradeMs = nowMs + this.drawUpgrade()
    for (const [peer, conversation] of this.conversations) {
      if (isUpgrade) conversation.announceUpgrade()
      conversation.look()
      if (!peer.isOpen) this.conversations.delete(peer)
    }
  }

  halt(toMs: number): void {
    this.nowMs = toMs
    for (const teller of this.tellers.values()) teller.halt(toMs)
    for (const wide of this.wides) wide.halt(toMs)
  }

  welcome(peer: Peer, url: URL): Session | null {
    const route = routes.get(url.pathname)
    if (route === undefined) return null
    const conversation = new Conversation(peer, route, this)
    this.conversations.set(peer, conversation)
    return conversation
  }

  answer(url: URL): HouseAnswer | null {
    return this.desk.answer(url, this.nowMs)
  }

  private find(streamName: string): {
    readonly channel: string
    readonly teller: SymbolTeller | WideTeller | null
  } {
    const [channel = '', type] = streamName.split('/')
    if (type !== undefined) return { channel, teller: this.wides.find((wide) => wide.type === type) ?? null }
    const at = streamName.indexOf(':')
    const symbol = streamName.slice(at + 1)
    return { channel: streamName.slice(0, at), teller: this.tellers.get(symbol) ?? null }
  }

  private drawUpgrade(): number {
    return UPGRADE_AFTER_MS_MIN + this.chance.below(UPGRADE_AFTER_MS_MORE)
  }
}
