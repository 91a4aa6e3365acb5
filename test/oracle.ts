import {
  type AnswerContext,
  type Decimal,
  type DecimalColumn,
  decimalText,
  EventBatch,
  EventKind,
  type ExchangeMarket,
  type FundingDetail,
  type LiquidationDetail,
  type OpenInterestDetail,
  Side,
  StringTable,
} from '@cryptoflow/model'

/** A level as another library writes it. */
export interface PlainLevel {
  readonly price: number
  readonly amount: number
}

/** An event in the words of another library, so that the two can be compared field by field. Absent: not known. */
export interface PlainItem {
  readonly type: 'trade' | 'book_change' | 'derivative_ticker' | 'book_ticker' | 'liquidation'
  readonly symbol: string
  /** ISO 8601; ours has six digits of the second, theirs three or six. */
  readonly timestamp?: string
  /** Ours: when the exchange sent it. */
  readonly sentTimestamp?: string
  /** Theirs: when they received it. */
  readonly localTimestamp?: string
  readonly [field: string]: unknown
}

/** The events of a frame, or of an answer when a context is given, in those words. */
export function plainItems(market: ExchangeMarket, bytes: Uint8Array, context?: AnswerContext): PlainItem[] {
  const batch = new EventBatch(new StringTable())
  if (context === undefined) market.decodeFrame(bytes, batch)
  else market.decodeAnswer(context, bytes, batch)
  const items = Array.from({ length: batch.count }, (_, event) => itemOf(batch, event))
  return merged(items)
}

function itemOf(batch: EventBatch, event: number): PlainItem {
  const symbol = batch.names.text(batch.symbol[event] as number)
  const sentUs = batch.sentUs[event] as number
  const engineUs = batch.engineUs[event] as number
  const us = Number.isNaN(engineUs) ? sentUs : engineUs
  const head = {
    symbol,
    ...(Number.isNaN(us) ? {} : { timestamp: isoOf(us) }),
    ...(Number.isNaN(sentUs) ? {} : { sentTimestamp: isoOf(sentUs) }),
  }
  switch (batch.kind[event]) {
    case EventKind.trade:
    case EventKind.aggregate:
    case EventKind.block:
      return { type: 'trade', ...head, ...tradeOf(batch, event) }
    case EventKind.bookDelta:
      return { type: 'book_change', ...head, isSnapshot: false, ...sidesOf(batch, event) }
    case EventKind.bookSnapshot:
    case EventKind.bookImage:
      return { type: 'book_change', ...head, isSnapshot: true, ...sidesOf(batch, event) }
    case EventKind.quote:
      return { type: 'book_ticker', ...head, ...quoteOf(batch, event) }
    case EventKind.liquidation:
      return { type: 'liquidation', ...head, ...liquidationOf(batch.details.get(event) as LiquidationDetail) }
    case EventKind.funding:
      return { type: 'derivative_ticker', ...head, ...pricesOf(batch.details.get(event) as FundingDetail) }
    default:
      return {
        type: 'derivative_ticker',
        ...head,
        ...interestOf(batch.details.get(event) as OpenInterestDetail),
      }
  }
}

/** Prices and open interest of one message are one item there and two events here. */
function merged(items: readonly PlainItem[]): PlainItem[] {
  const [first, second] = items
  const areOne = items.length === 2 && items.every(({ type }) => type === 'derivative_ticker')
  return areOne && first?.symbol === second?.symbol ? [{ ...first, ...second } as PlainItem] : [...items]
}

function tradeOf(batch: EventBatch, event: number): object {
  const entry = batch.entryStart[event] as number
  const seq = batch.lastSeq[event] as number
  const id = batch.textIds.get(event) ?? (Number.isNaN(seq) ? undefined : String(seq))
  const side = batch.side[entry] === Side.buy ? 'buy' : 'sell'
  return { ...(id === undefined ? {} : { id }), side, ...levelOf(batch, entry) }
}

function sidesOf(batch: EventBatch, event: number): object {
  const bids: PlainLevel[] = []
  const asks: PlainLevel[] = []
  for (const entry of entriesOf(batch, event)) {
    const side = batch.side[entry] === Side.bid ? bids : asks
    side.push(levelOf(batch, entry))
  }
  return { bids, asks }
}

function quoteOf(batch: EventBatch, event: number): object {
  const sides = entriesOf(batch, event).map((entry) => {
    const { price, amount } = levelOf(batch, entry)
    return batch.side[entry] === Side.bid
      ? { bidPrice: price, bidAmount: amount }
      : { askPrice: price, askAmount: amount }
  })
  return Object.assign({}, ...sides)
}

function entriesOf(batch: EventBatch, event: number): number[] {
  const from = batch.entryStart[event] as number
  const to = batch.entryStart[event + 1] as number
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function levelOf(batch: EventBatch, entry: number): PlainLevel {
  return { price: numberIn(batch.price, entry), amount: numberIn(batch.quantity, entry) }
}

function liquidationOf({ side, price, quantity }: LiquidationDetail): object {
  return { side, amount: numberOf(quantity), ...(price === null ? {} : { price: numberOf(price) }) }
}

function pricesOf(detail: FundingDetail): object {
  const prices = {
    markPrice: detail.markPrice,
    indexPrice: detail.indexPrice,
    fundingRate: detail.fundingRate,
    predictedFundingRate: detail.predictedRate,
  }
  const known = Object.entries(prices).flatMap(([name, value]) =>
    value === null ? [] : [[name, numberOf(value)]],
  )
  const at = Number.isNaN(detail.fundingUs) ? {} : { fundingTimestamp: isoOf(detail.fundingUs) }
  return { ...Object.fromEntries(known), ...at }
}

function interestOf({ openInterest }: OpenInterestDetail): object {
  return { openInterest: numberOf(openInterest) }
}

function numberIn(column: DecimalColumn, row: number): number {
  return numberOf({ mantissa: column.mantissa(row) ?? 0n, scale: column.scales[row] as number })
}

/** Theirs are floats; ours becomes one only here, to be compared. */
function numberOf(decimal: Decimal): number {
  return Number(decimalText(decimal.mantissa, decimal.scale))
}

function isoOf(us: number): string {
  const ms = new Date(Math.floor(us / 1000)).toISOString()
  return ms.replace('Z', `${String(us % 1000).padStart(3, '0')}Z`)
}
