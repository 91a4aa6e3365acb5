import type { EmissionContent } from '../emission-log.ts'
import { fundingValues, type Place, toldContent } from '../stage/contents.ts'
import type { Forced } from '../stage/forced.ts'
import type { Marks } from '../stage/marks.ts'
import { headOf } from './dialect.ts'

/** What contracts tell beside trades and books: tickers, of which deltas have only what changed, and liquidations. */

/** Every contract pays every so many hours. */
export const FUNDING_HOURS = 8

/** Fields of a ticker that are stored, as on the wire; empty where they do not apply. */
export type Ticker = Readonly<Record<(typeof tickerKeys)[number], string>>

const tickerKeys = [
  'markPrice',
  'indexPrice',
  'openInterest',
  'openInterestValue',
  'fundingIntervalHour',
  'nextFundingTime',
  'fundingRate',
] as const

export function tickerOf(marks: Marks, quantity: (lots: number) => string, isPerpetual: boolean): Ticker {
  return {
    markPrice: marks.mark,
    indexPrice: marks.index,
    openInterest: quantity(marks.openLots),
    openInterestValue: `${marks.openLots}.5000`,
    fundingIntervalHour: isPerpetual ? String(FUNDING_HOURS) : '',
    nextFundingTime: isPerpetual ? String(marks.fundingMs) : '',
    fundingRate: isPerpetual ? marks.rate : '',
  }
}

/** The fields that differ. */
export function changesOf(before: Ticker, after: Ticker): Partial<Ticker> {
  return Object.fromEntries(
    tickerKeys.filter((key) => before[key] !== after[key]).map((key) => [key, after[key]]),
  )
}

/** The message; a delta lists what changed only. */
export function tickerText(
  symbol: string,
  type: 'snapshot' | 'delta',
  told: Partial<Ticker>,
  { sentMs, cs }: { readonly sentMs: number; readonly cs: number },
): string {
  const fields = Object.entries(told).map(([key, value]) => `,"${key}":"${value}"`)
  return `{"topic":"tickers.${symbol}","type":"${type}","data":{"symbol":"${symbol}"${fields.join('')}},"cs":${cs},"ts":${sentMs}}`
}

/** The events of a ticker message: a row of funding where it tells any of it, and one of open interest. */
export function tickerContents(
  place: Omit<Place, 'stream' | 'table'>,
  told: Partial<Ticker>,
  sentMs: number,
): EmissionContent[] {
  const isTold = (key: keyof Ticker): boolean => (told[key] ?? '') !== ''
  const textOf = (key: keyof Ticker): string | null => (isTold(key) ? (told[key] as string) : null)
  const fundingTime = textOf('nextFundingTime')
  const hasFunding = tickerKeys.some((key) => !key.startsWith('openInterest') && isTold(key))
  const funding = fundingValues({
    mark_price: textOf('markPrice'),
    index_price: textOf('indexPrice'),
    funding_rate: textOf('fundingRate'),
    funding_ts: fundingTime === null ? null : `${fundingTime}000`,
    interval_hours: textOf('fundingIntervalHour'),
  })
  const interest = { open_interest: textOf('openInterest'), open_interest_value: textOf('openInterestValue') }
  return [
    ...(hasFunding
      ? [toldContent({ ...place, stream: 'tickers', table: 'funding' }, { sentMs }, funding)]
      : []),
    ...(isTold('openInterest')
      ? [
          toldContent(
            { ...place, stream: 'tickers/open_interest', table: 'open_interest' },
            { sentMs },
            interest,
          ),
        ]
      : []),
  ]
}

interface ForcedText {
  readonly order: Forced
  readonly price: string
  readonly quantity: string
}

/** `S` is the side of the position: a long one, `Buy`, is closed by selling. */
export function liquidationsText(symbol: string, orders: readonly ForcedText[], sentMs: number): string {
  const rows = orders.map(
    ({ order, price, quantity }) =>
      `{"T":${order.timeMs},"s":"${symbol}","S":"${order.side === 'sell' ? 'Buy' : 'Sell'}","v":"${quantity}","p":"${price}"}`,
  )
  return `${headOf(`allLiquidation.${symbol}`, 'snapshot', sentMs, false)}[${rows.join(',')}]}`
}

export function liquidationContent(
  place: Omit<Place, 'stream' | 'table'>,
  { order, price, quantity }: ForcedText,
  sentMs: number,
): EmissionContent {
  const at = { ...place, stream: 'allLiquidation', table: 'liquidations' } as const
  return toldContent(
    at,
    { sentMs, engineMs: order.timeMs },
    {
      side: order.side,
      position_side: order.side === 'sell' ? 'long' : 'short',
      price,
      price_kind: 'bankruptcy',
      average_price: null,
      quantity,
      filled_quantity: null,
      status: null,
      sampled: 'false',
    },
  )
}
