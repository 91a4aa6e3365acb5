import type { Chance } from '@cryptoflow/runtime'
import type { Spoiling } from '../fanout.ts'
import type { DoorRules } from '../stage/door.ts'
import type { House, HouseAnswer, HouseFactory, HouseMessage, HouseOptions, Session } from '../stage/house.ts'
import type { Peer } from '../stage/peer.ts'
import { readControl, resultReply } from './control.ts'
import { Flow, type FlowMessage } from './flow.ts'
import { type Handshake, readHandshake } from './handshake.ts'
import { familyOf, limitsOf } from './limits.ts'
import { createBookAnswers } from './rest-books.ts'
import { routeOf } from './streams.ts'
import { textFor } from './wrapping.ts'

/** Who comes too often is the matter of the servers. */
const openDoor: DoorRules = {
  connects: null,
  withOrigin: null,
  openMax: null,
  shutMs: null,
  status: 429,
  tellsWhen: false,
}
const DIFF_MS = 100
const DEPTH_PATH = /^\/(api\/v3|fapi\/v1|dapi\/v1)\/depth$/

/** One market as a house without a server: its streams, subscriptions and books by REST, without limits. */
export const binanceHouse: HouseFactory = (options) => new BinanceHouse(options)

class BinanceHouse implements House {
  readonly door = openDoor
  private readonly options: HouseOptions
  private readonly flow: Flow
  private readonly bookAnswer: ReturnType<typeof createBookAnswers>
  private readonly handshakes = new Map<Peer, Handshake>()

  constructor(options: HouseOptions) {
    const { market, symbols, bookLevels, ...settings } = options
    this.options = options
    this.flow = new Flow({
      ...settings,
      markets: [{ market, symbols }],
      levelsPerDiff: (options.levelChangesPerSecond * DIFF_MS) / 1000,
      ...(bookLevels === null ? {} : { bookLevels }),
    })
    this.bookAnswer = createBookAnswers({ market, flow: this.flow, limits: limitsOf[familyOf(market)] })
  }

  open(streamName: string): boolean {
    return this.flow.open(this.options.market, streamName)
  }

  step(nowMs: number): void {
    this.flow.advance(nowMs, (message) => {
      this.options.fanout.deliver(this.houseMessage(message), this.flow.nowMs)
    })
  }

  halt(toMs: number): void {
    this.step(toMs)
  }

  welcome(peer: Peer, url: URL): Session | null {
    const { market } = this.options
    const handshake = readHandshake(url.pathname + url.search, { market, isRouted: market === 'linear' })
    if (handshake === null) return null
    this.handshakes.set(peer, handshake)
    this.subscribe(peer, handshake, handshake.streamNames)
    return { hear: (text) => this.hear(peer, handshake, text) }
  }

  answer(url: URL): HouseAnswer | null {
    if (!DEPTH_PATH.test(url.pathname)) return null
    const { status, body, contents } = this.bookAnswer(url.searchParams)
    return { status, body, contents }
  }

  private hear(peer: Peer, handshake: Handshake, text: string): void {
    const request = readControl(text, familyOf(this.options.market))
    if (request.kind === 'subscribe') this.subscribe(peer, handshake, request.streams)
    else if (request.kind === 'unsubscribe') for (const name of request.streams) peer.unsubscribe(name)
    if (request.kind === 'error') peer.reply(request.reply, false)
    else peer.reply(resultReply(null, request.id), true)
  }

  private subscribe(peer: Peer, { route }: Handshake, names: readonly string[]): void {
    for (const name of names) {
      const own = routeOf(this.options.market, name)
      if (own !== null && (route === 'all' || route === own)) peer.subscribe(name)
    }
  }

  private houseMessage(message: FlowMessage): HouseMessage {
    const { spoiled } = message
    return {
      ...(spoiled === undefined
        ? {}
        : {
            spoiled: (fault: Spoiling, chance: Chance) => {
              const other = spoiled(fault, chance)
              return other === null ? null : this.houseMessage(other)
            },
          }),
      streamName: message.streamName,
      contents: message.contents,
      kind: message.kind,
      textFor: (peer) => {
        const { isCombined, timeScale } = this.handshakes.get(peer) as Handshake
        return textFor(message, { isCombined, timeScale } as Parameters<typeof textFor>[1])
      },
    }
  }
}
