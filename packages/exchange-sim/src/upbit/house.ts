import type { SimCounters } from '../counters.ts'
import type { House, HouseAnswer, HouseFactory, HouseOptions, Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { Conversation, type Floor } from './conversation.ts'
import { messageText } from './dialect.ts'
import { door } from './limits.ts'
import { RestDesk } from './lists.ts'
import { type Say, SymbolTeller } from './symbol.ts'

const PATH = '/websocket/v1'

/** The exchange in Korea, which has a spot market and nothing else. */
export const upbitHouse: HouseFactory = (options) => new UpbitHouse(options)

class UpbitHouse implements House, Floor {
  readonly door = door
  nowMs: number
  private readonly options: HouseOptions
  private readonly tellers: ReadonlyMap<string, SymbolTeller>
  private readonly desk: RestDesk
  private readonly conversations = new Map<Peer, Conversation>()

  constructor(options: HouseOptions) {
    this.options = options
    this.nowMs = options.startMs
    const say: Say = (peer, message) =>
      this.conversations.get(peer)?.textOf(message) ?? messageText(message, 'DEFAULT')
    this.tellers = new Map(
      options.symbols.map((symbol, index) => [symbol, new SymbolTeller(symbol, index, options, say)]),
    )
    this.desk = new RestDesk(this.tellers)
  }

  get counters(): SimCounters {
    return this.options.counters
  }

  open(streamName: string): boolean {
    const { stream, teller } = this.find(streamName)
    return teller?.open(stream) ?? false
  }

  begin(streamName: string, peer: Peer): void {
    const { stream, teller } = this.find(streamName)
    if (teller?.has(stream)) teller.begin(stream, peer, this.nowMs)
  }

  step(nowMs: number): void {
    this.nowMs = nowMs
    for (const teller of this.tellers.values()) teller.step(nowMs)
    for (const [peer, conversation] of this.conversations) {
      conversation.look()
      if (!peer.isOpen) this.conversations.delete(peer)
    }
  }

  halt(toMs: number): void {
    this.nowMs = toMs
    for (const teller of this.tellers.values()) teller.halt(toMs)
  }

  welcome(peer: Peer, url: URL): Session | null {
    if (url.pathname !== PATH) return null
    const conversation = new Conversation(peer, this)
    this.conversations.set(peer, conversation)
    return conversation
  }

  answer(url: URL): HouseAnswer | null {
    const answer = this.desk.answer(url, this.nowMs)
    if (answer?.status === 429) this.counters.restThrottled += 1
    if (answer?.status === 418) this.counters.restBanned += 1
    return answer
  }

  /** `orderbook.30:KRW-BTC`: the teller is null for a symbol that is not listed, of which nothing is ever told. */
  private find(streamName: string): { readonly stream: string; readonly teller: SymbolTeller | null } {
    const at = streamName.indexOf(':')
    return { stream: streamName.slice(0, at), teller: this.tellers.get(streamName.slice(at + 1)) ?? null }
  }
}
