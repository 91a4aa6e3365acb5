import type { Row } from '../lane-fixture.ts'

/** For tests: what trades of a window come to once more, from texts, slowly and all at once. */

export interface PlainTrade {
  /** Event time, microseconds. */
  readonly us: number
  /** Order among trades of one time. */
  readonly order: number
  readonly price: string
  readonly quantity: string
  readonly side: 'buy' | 'sell'
}

/** The figures of a bar as one text each, all at 18 fraction digits; null where the table has none. */
export interface PlainFigures {
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string
  readonly buy_volume: string
  readonly quote_volume: string
  readonly vwap: string
  readonly price_mean: string
  readonly price_change: string
  readonly price_change_percent: string
  readonly trade_count: number
}

/** Ten to the power of the fraction digits that everything is computed with: a price times a quantity has 36. */
const ONE = 10n ** 36n

/** Trades `startUs <= time < endUs`; null: there are none. */
export function plainFigures(
  all: readonly PlainTrade[],
  startUs: number,
  endUs: number,
): PlainFigures | null {
  const trades = all
    .filter(({ us }) => us >= startUs && us < endUs)
    .sort((a, b) => a.us - b.us || a.order - b.order)
    .map(({ price, quantity, side }) => ({ price: scaled(price), quantity: scaled(quantity), side }))
  const [first] = trades
  const last = trades.at(-1)
  if (first === undefined || last === undefined) return null
  const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n)
  const prices = trades.map(({ price }) => price)
  const volume = sum(trades.map(({ quantity }) => quantity))
  const turnover = sum(trades.map(({ price, quantity }) => (price * quantity) / ONE))
  const change = last.price - first.price
  return {
    open: text(first.price),
    high: text(prices.reduce((a, b) => (a > b ? a : b))),
    low: text(prices.reduce((a, b) => (a < b ? a : b))),
    close: text(last.price),
    volume: text(volume),
    buy_volume: text(sum(trades.filter(({ side }) => side === 'buy').map(({ quantity }) => quantity))),
    quote_volume: text(turnover),
    vwap: text(divided(turnover * ONE, volume)),
    price_mean: text(divided(sum(prices), BigInt(trades.length))),
    price_change: text(change),
    price_change_percent: text(divided(change * 100n * ONE, first.price)),
    trade_count: trades.length,
  }
}

/** The same of a row. */
export function figuresOf(row: Row): PlainFigures {
  const names = [
    ...(['open', 'high', 'low', 'close', 'volume', 'buy_volume', 'quote_volume', 'vwap'] as const),
    ...(['price_mean', 'price_change', 'price_change_percent'] as const),
  ]
  const figures = names.map((name) => [name, text(scaled(String(row[name])))])
  return { ...Object.fromEntries(figures), trade_count: row.trade_count } as PlainFigures
}

function scaled(number: string): bigint {
  const [whole = '', fraction = ''] = number.replace('-', '').split('.')
  const value = BigInt(whole + fraction.padEnd(36, '0'))
  return number.startsWith('-') ? -value : value
}

/** A quotient of equally scaled numbers at 18 digits, the last one even where two are as near. */
function divided(above: bigint, below: bigint): bigint {
  const unit = 10n ** 18n
  const exact = above < 0n ? -above : above
  let rounded = exact / below / unit
  const rest = exact - rounded * below * unit
  if (rest * 2n > below * unit || (rest * 2n === below * unit && rounded % 2n === 1n)) rounded += 1n
  return (above < 0n ? -rounded : rounded) * unit
}

function text(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(37, '0')
  const cut = `${digits.slice(0, -36)}.${digits.slice(-36).replace(/0{1,36}$/, '')}`
  return `${value < 0n ? '-' : ''}${cut}`
}
