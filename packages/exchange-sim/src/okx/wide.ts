import { ForcedOrders } from '../stage/forced.ts'
import type { HouseMessage, HouseOptions } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { wideText } from './dialect.ts'
import { type Entry, entryOf, instrumentContent } from './lists.ts'
import { type Beat, isDue, messageOf, type Outlet } from './outlet.ts'
import type { SymbolTeller } from './symbol.ts'
import { type InstrumentType, type Listed, listed } from './symbols.ts'
import { forcedOrder, type Told } from './told.ts'

const SECOND_MS = 1_000
/** Orders of before that a new subscriber of liquidations gets again. */
const REPEATED_MAX = 3

/** A contract of another market, whose contracts stand in the same lists; nobody is told more of it. */
const neighbours: Readonly<Record<InstrumentType, readonly Listed[]>> = {
  SPOT: [],
  SWAP: [listed('linear', 'LTC-USDT-SWAP'), listed('inverse', 'LTC-USD-SWAP')],
  FUTURES: [],
}

export interface WideOptions {
  readonly type: InstrumentType
  readonly house: HouseOptions
  readonly outlet: Outlet
  /** The house's symbols of this type. */
  readonly tellers: readonly SymbolTeller[]
}

interface ForcedOf {
  readonly teller: SymbolTeller
  readonly orders: ForcedOrders
}

/** What is told of all instruments of a type at once: their list, and orders that closed positions by force. */
export class WideTeller {
  readonly type: InstrumentType
  readonly tellers: readonly SymbolTeller[]
  private readonly options: WideOptions
  private readonly forced: readonly ForcedOf[]
  private readonly live = new Set<string>()
  private readonly beat: Beat
  /** The last orders that somebody got, as they were written. */
  private repeated: readonly string[] = []
  private entries: readonly Entry[] = []

  constructor(options: WideOptions) {
    const { seed, startMs, market, liquidationsPerMinute: perMinute } = options.house
    this.type = options.type
    this.tellers = options.tellers
    this.options = options
    this.beat = { everyMs: SECOND_MS, nextMs: startMs + SECOND_MS }
    const contracts = this.type === 'SPOT' ? [] : options.tellers
    this.forced = contracts.map((teller) => {
      const { listing } = teller
      const name = `okx ${market} ${listing.instrument.symbol}`
      return { teller, orders: new ForcedOrders({ listing, name, seed, startMs, perMinute }) }
    })
  }

  has(channel: string): boolean {
    return channel === 'instruments' || (channel === 'liquidation-orders' && this.type !== 'SPOT')
  }

  /** The channel is told from now on. */
  open(channel: string, nowMs: number): void {
    if (channel === 'instruments' && !this.live.has(channel)) this.entries = this.entriesAt(nowMs)
    this.live.add(channel)
  }

  /** The list as it is, or a few forced orders of before: what is repeated is logged only where it was told first. */
  begin(channel: string, peer: Peer, nowMs: number): void {
    const { fanout } = this.options.outlet
    if (channel === 'instruments') fanout.deliverTo(peer, this.list(this.entriesAt(nowMs), true, nowMs))
    else if (this.repeated.length > 0) fanout.deliverTo(peer, this.liquidations(this.repeated, []))
  }

  step(nowMs: number): void {
    if (!isDue(this.beat, nowMs)) return
    this.tellForced(nowMs)
    if (!this.live.has('instruments')) return
    const before = new Set(this.entries.map(({ raw }) => raw))
    this.entries = this.entriesAt(nowMs)
    const changed = this.entries.filter(({ raw }) => !before.has(raw))
    if (changed.length > 0) this.options.outlet.fanout.deliver(this.list(changed, false, nowMs), nowMs)
  }

  halt(toMs: number): void {
    for (const { orders } of this.forced) orders.take(toMs)
  }

  /** What the list says at a moment, of the house's own symbols. */
  entriesAt(nowMs: number): Entry[] {
    return this.tellers.map((teller) => entryOf(teller.listed, nowMs))
  }

  /** The objects of contracts of another market. */
  strangersAt(nowMs: number): string[] {
    const { market } = this.options.house
    return neighbours[this.type]
      .filter((listed) => listed.market !== market)
      .map((listed) => entryOf(listed, nowMs).raw)
  }

  private list(entries: readonly Entry[], isWhole: boolean, nowMs: number): HouseMessage {
    const { market } = this.options.house
    const place = { exchange: 'okx', market, stream: `instruments/${this.type}`, atMs: nowMs }
    const strangers = isWhole ? this.strangersAt(nowMs) : []
    const text = wideText('instruments', this.type, [...entries.map(({ raw }) => raw), ...strangers])
    return messageOf(this.options.outlet, {
      streamName: `instruments/${this.type}`,
      kind: 'sampled',
      text,
      contents: entries.map((entry) => instrumentContent(place, entry)),
    })
  }

  /** At most one order per contract and second is told. */
  private tellForced(nowMs: number): void {
    const told = this.forced.flatMap(({ teller, orders }): Told[] => {
      const order = orders.take(nowMs).at(-1)
      if (order === undefined) return []
      const { listed, listing } = teller
      const text = { price: listing.price(order.price), quantity: listing.quantity(order.quantity) }
      const { market } = this.options.house
      const at = { exchange: 'okx', market, symbol: listed.instrument.symbol, atMs: nowMs }
      return [forcedOrder(listed, order, text, at)]
    })
    if (told.length === 0 || !this.live.has('liquidation-orders')) return
    const elements = told.map(({ json }) => json)
    const isHeard = this.deliver(
      this.liquidations(
        elements,
        told.map(({ content }) => content),
      ),
      nowMs,
    )
    if (isHeard) this.repeated = [...this.repeated, ...elements].slice(-REPEATED_MAX)
  }

  private liquidations(elements: readonly string[], contents: HouseMessage['contents']): HouseMessage {
    return messageOf(this.options.outlet, {
      streamName: `liquidation-orders/${this.type}`,
      kind: 'identified',
      text: wideText('liquidation-orders', this.type, elements),
      contents,
    })
  }

  /** Answers whether somebody got the message whole: what nobody got may not be repeated, its fate is written down. */
  private deliver(message: HouseMessage, nowMs: number): boolean {
    const { house, outlet } = this.options
    const [malformed, sent] = [house.counters.faults.malformed, house.counters.framesSent]
    let isAddressed = false
    const textFor = (peer: Peer): string => {
      isAddressed = true
      return message.textFor(peer)
    }
    outlet.fanout.deliver({ ...message, textFor }, nowMs)
    const { faults, framesSent } = house.counters
    return isAddressed && framesSent > sent && faults.malformed === malformed
  }
}
