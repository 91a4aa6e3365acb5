import { type MarketOperators, parseDecimal } from '@cryptoflow/model'
import type { Outcome } from './run.ts'
import type { Row } from './stored-rows.ts'

/** Bars of a run: windows as short as the run, and as much lateness as it needs to end with some that are final. */
export const operators: MarketOperators = {
  aggregate: { windows: ['1s', '2s/1s'] },
  watermark: { allowedLatenessMs: 500, late: 'revision', idleMs: 200 },
}

/** What can be summed up without an order. */
interface Sums {
  readonly trades: number
  readonly volume: bigint
  readonly high: bigint
  readonly low: bigint
}

interface Trade {
  readonly us: number
  readonly price: bigint
  readonly quantity: bigint
  /** Trades in it: an aggregate may hold several. */
  readonly count: number
  readonly frame: number
}

/**
 * A bar has the trades that were stored before it, and one that says it is complete everything that was emitted in its
 * window, whatever the network, the disk and the deaths of processes took.
 */
export function brokenBars({ emitted, stored }: Outcome): string[] {
  const bars = stored.get('bars') ?? []
  const printed = (stored.get('ticks') ?? []).filter(({ kind }) => kind !== 'block')
  const ticks = Map.groupBy(printed.map(tickOf), ({ symbol }) => symbol)
  const told = Map.groupBy(
    emitted.filter(({ table, values }) => table === 'ticks' && values?.kind !== 'block'),
    ({ symbol }) => symbol,
  )
  return bars.flatMap((bar) => {
    const symbol = String(bar.symbol)
    const before = (ticks.get(symbol) ?? []).filter(({ frame }) => frame < Number(bar.frame))
    const all = (told.get(symbol) ?? []).map(
      ({ engine_ms, sent_ms, values }): Trade => ({
        us: ((engine_ms ?? sent_ms) as number) * 1000,
        price: mantissa(String(values?.price)),
        quantity: mantissa(String(values?.quantity)),
        count: Number(values?.last_trade_id ?? 0) - Number(values?.first_trade_id ?? 0) + 1,
        frame: 0,
      }),
    )
    const own = textOf(bar)
    const due = [before, ...(bar.complete === true ? [all] : [])].map((trades) =>
      sumsText(inWindow(trades, bar)),
    )
    const other = due.find((text) => text !== own)
    return other === undefined
      ? []
      : [`bar ${symbol} ${bar.interval} ${bar.window_start}: ${own}, due ${other}`]
  })
}

function tickOf(row: Row): Trade & { readonly symbol: string } {
  return {
    symbol: String(row.symbol),
    us: Number(row.event_ts),
    price: row.price as bigint,
    quantity: row.quantity as bigint,
    count: Number(row.trade_count ?? 1),
    frame: Number(row.frame),
  }
}

function inWindow(trades: readonly Trade[], bar: Row): Trade[] {
  return trades.filter(({ us }) => us >= Number(bar.window_start) && us < Number(bar.window_end))
}

function sumsText(trades: readonly Trade[]): string {
  const prices = trades.map(({ price }) => price)
  return sumsLine({
    trades: trades.reduce((total, { count }) => total + count, 0),
    volume: trades.reduce((total, { quantity }) => total + quantity, 0n),
    high: prices.reduce((a, b) => (a > b ? a : b), 0n),
    low: prices.reduce((a, b) => (a < b ? a : b), prices[0] ?? 0n),
  })
}

function textOf({ trade_count, volume, high, low }: Row): string {
  return sumsLine({
    trades: Number(trade_count),
    volume: volume as bigint,
    high: high as bigint,
    low: low as bigint,
  })
}

function sumsLine({ trades, volume, high, low }: Sums): string {
  return `${trades} trades, volume ${volume}, high ${high}, low ${low}`
}

/** At 18 fraction digits, as the tables have it. */
function mantissa(text: string): bigint {
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range') throw new Error(`no decimal: ${text}`)
  return decimal.mantissa * 10n ** BigInt(18 - decimal.scale)
}
