/**
 * Bars once more, from trades as texts: all of a window at once, in integers. Shares nothing with the normalizer.
 */

/** A trade as a table or the log has it. Times in microseconds. */
export interface SecondTrade {
  readonly us: number
  readonly price: string
  readonly quantity: string
  readonly isBuy: boolean
  /** Trades in it. */
  readonly count: number
  /** When it was received, and by which frame; of the log 0. */
  readonly receivedUs: number
  readonly frame: number
}

/** A bar as the table has it. */
export interface StoredBar extends Readonly<Record<(typeof DECIMALS)[number], string | null>> {
  readonly window_start: number
  readonly window_end: number
  readonly frame: number
  readonly trade_count: number
  readonly quantity_unit: string
}

export const DECIMALS = [
  'open',
  'high',
  'low',
  'close',
  'volume',
  'quote_volume',
  'vwap',
  'buy_volume',
  'price_mean',
  'price_change',
  'price_change_percent',
] as const

/** Fraction digits of a column, and of a product of two. */
const DIGITS = 18
const ONE = 10n ** BigInt(DIGITS)
const MOST = 10n ** 38n

/** A key's trades by event time, read once. */
export class SecondBars {
  private readonly trades: readonly (SecondTrade & { readonly p: bigint; readonly q: bigint })[]

  constructor(trades: readonly SecondTrade[]) {
    this.trades = trades
      .map((trade) => ({ ...trade, p: mantissa(trade.price), q: mantissa(trade.quantity) }))
      .sort((a, b) => a.us - b.us)
  }

  /**
   * What is wrong with a bar if it is made of the trades below `frame`; null: nothing. Trades of one microsecond may
   * come in any order: the tables do not say which was first.
   */
  fault(bar: StoredBar, frame = Number.POSITIVE_INFINITY): string | null {
    const all = this.trades.slice(this.placeOf(bar.window_start), this.placeOf(bar.window_end))
    const trades = all.filter((trade) => trade.frame < frame)
    const [first] = trades
    const last = trades.at(-1)
    if (first === undefined || last === undefined) return 'has no trades'
    const [open, close] = [mantissa(bar.open ?? ''), mantissa(bar.close ?? '')]
    if (!trades.some(({ us, p }) => us === first.us && p === open)) return 'open'
    if (!trades.some(({ us, p }) => us === last.us && p === close)) return 'close'
    const sum = (of: (trade: (typeof trades)[number]) => bigint): bigint =>
      trades.reduce((total, trade) => total + of(trade), 0n)
    const volume = sum(({ q }) => q)
    const turnover = sum(({ p, q }) => p * q)
    const due: Readonly<Record<string, string | null>> = {
      high: fitting(trades.reduce((most, { p }) => (p > most ? p : most), first.p)),
      low: fitting(trades.reduce((least, { p }) => (p < least ? p : least), first.p)),
      volume: fitting(volume),
      buy_volume: fitting(sum(({ q, isBuy }) => (isBuy ? q : 0n))),
      quote_volume: quoteVolume(bar.quantity_unit, volume, turnover),
      vwap: volume === 0n ? null : fitting(halfEven(turnover, volume)),
      price_mean: fitting(
        halfEven(
          sum(({ p }) => p),
          BigInt(trades.length),
        ),
      ),
      price_change: fitting(close - open),
      price_change_percent: open === 0n ? null : fitting(halfEven((close - open) * 100n * ONE, open)),
    }
    const wrong = Object.keys(due).find((name) => numberOf(bar[name as 'vwap']) !== due[name])
    if (wrong !== undefined) return wrong
    return trades.reduce((total, { count }) => total + count, 0) === bar.trade_count ? null : 'trade_count'
  }

  /** How many trades come before a time. */
  private placeOf(us: number): number {
    let [low, high] = [0, this.trades.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.trades[middle] as SecondTrade).us < us) low = middle + 1
      else high = middle
    }
    return low
  }
}

function quoteVolume(unit: string, volume: bigint, turnover: bigint): string | null {
  if (unit === 'contracts') return null
  if (unit === 'quote') return fitting(volume)
  return turnover % ONE === 0n ? fitting(turnover / ONE) : null
}

/** A number of the contract's decimal as one text; null: it is too large. */
function fitting(value: bigint): string | null {
  return value >= MOST || value <= -MOST ? null : value.toString()
}

function numberOf(text: string | null): string | null {
  return text === null ? null : mantissa(text).toString()
}

function halfEven(above: bigint, below: bigint): bigint {
  const size = above < 0n ? -above : above
  const whole = size / below
  const rest = (size % below) * 2n
  const rounded = rest > below || (rest === below && whole % 2n === 1n) ? whole + 1n : whole
  return above < 0n ? -rounded : rounded
}

/** At 18 fraction digits; texts may have an exponent. */
function mantissa(text: string): bigint {
  const [number = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = number.replace('-', '').split('.')
  const shift = DIGITS - fraction.length + Number(exponent)
  const digits = BigInt(whole + fraction)
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift)
  return number.startsWith('-') ? -value : value
}
