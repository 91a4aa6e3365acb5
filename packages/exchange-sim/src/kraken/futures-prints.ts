import type { EmissionContent } from '../emission-log.ts'
import { GAP_MESSAGES_MAX } from '../faults.ts'
import type { MarketTrade } from '../market.ts'
import type { MessageKind } from '../mischief.ts'
import { type Place, toldContent, tradeContent } from '../stage/contents.ts'
import type { Forced } from '../stage/forced.ts'
import { idOf, type TradeText, type TradeType, tradeText } from './futures-dialect.ts'

/** Trades of one product, numbered; a message each. */

/** A trade that is to be told. */
export interface Print {
  readonly text: string
  readonly kind: MessageKind
  readonly contents: readonly EmissionContent[]
}

export interface PrintsOptions {
  readonly place: Omit<Place, 'stream' | 'table' | 'atMs'>
  /** Ticks and lots as they are written. */
  readonly price: (ticks: number) => string
  readonly quantity: (lots: number) => string
}

/**
 * So many fills make a round. Forced trades come between two rounds, for their own sake: a listener who misses one
 * knows by the number that a trade is missing, and not that it was a liquidation. So nothing is withheld at the end of
 * a round, and what is withheld before ends with it.
 */
const ROUND = 8
const BLOCK_SHARE = 97
const TERMINATION_SHARE = 5
const FIRST_SEQ = 653_355

export class Prints {
  private readonly options: PrintsOptions
  private readonly waiting: Forced[] = []
  private seq = FIRST_SEQ
  private fills = 0

  constructor(options: PrintsOptions) {
    this.options = options
  }

  /** What fills and forced orders of one step become; forced ones may wait for the end of a round. */
  take(fills: readonly MarketTrade[], forced: readonly Forced[], atMs: number): Print[] {
    this.waiting.push(...forced)
    return [...fills.flatMap((fill) => [...this.forced(atMs), this.fill(fill, atMs)]), ...this.forced(atMs)]
  }

  private forced(atMs: number): Print[] {
    if (this.fills % ROUND !== 0) return []
    return this.waiting.splice(0).map((order) => {
      const type = (this.seq + 1) % TERMINATION_SHARE === 0 ? 'termination' : 'liquidation'
      const trade = this.textOf(order, type)
      const contents = [this.trade(trade, atMs), this.liquidation(trade, atMs)]
      return { text: tradeText(trade), kind: 'identified', contents }
    })
  }

  private fill(fill: MarketTrade, atMs: number): Print {
    const place = this.fills % ROUND
    this.fills += 1
    const isSafe = place > 0 && place + GAP_MESSAGES_MAX <= ROUND
    const trade = this.textOf(fill, (this.seq + 1) % BLOCK_SHARE === 0 ? 'block' : 'fill')
    const kind = isSafe ? 'sequenced' : 'identified'
    return { text: tradeText(trade), kind, contents: [this.trade(trade, atMs)] }
  }

  /** Takes the next number. */
  private textOf({ side, price, quantity, timeMs }: Forced, type: TradeType): TradeText {
    const { place, price: priceText, quantity: quantityText } = this.options
    this.seq += 1
    return {
      symbol: place.symbol,
      id: idOf(place.symbol, this.seq),
      side,
      type,
      seq: this.seq,
      timeMs,
      price: priceText(price),
      quantity: quantityText(quantity),
    }
  }

  private trade({ id, side, type, seq, timeMs, price, quantity }: TradeText, atMs: number): EmissionContent {
    const place: Place = { ...this.options.place, stream: 'trade', table: 'ticks', atMs }
    const kind = type === 'block' ? 'block' : 'trade'
    const facts = { id, kind, side, price, quantity, first: seq, last: seq, type } as const
    return tradeContent(place, { engineMs: timeMs }, facts)
  }

  /** The same trade in words of liquidations: the price is that of the fill. */
  private liquidation({ side, type, timeMs, price, quantity }: TradeText, atMs: number): EmissionContent {
    const stream = { stream: 'trade/liquidations', table: 'liquidations' } as const
    return toldContent(
      { ...this.options.place, ...stream, atMs },
      { engineMs: timeMs },
      {
        side,
        position_side: side === 'sell' ? 'long' : 'short',
        price,
        price_kind: 'fill',
        average_price: null,
        quantity,
        filled_quantity: null,
        status: type,
        sampled: 'false',
      },
    )
  }
}
