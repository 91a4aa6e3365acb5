import {
  type DecimalColumn,
  decimalText,
  type EventBatch,
  FRACTION_DIGITS_MAX,
  Side,
} from '@cryptoflow/model'

/** Shares of a spread are compared in millionths of a percent: limits are written with a few digits. */
const PARTS = 1_000_000

/**
 * What is wrong with a book image, in words; null: nothing. The sides are best first, no price comes twice, bids are
 * below asks, and the spread is at most `spreadMaxPercent` of the middle between the best prices (null: any). An
 * image without one of its sides has no spread.
 */
export function imageFault(
  { side, price, entryStart }: EventBatch,
  event: number,
  spreadMaxPercent: number | null,
): string | null {
  const end = entryStart[event + 1] as number
  const best: [bigint | null, bigint | null] = [null, null]
  const last: [bigint | null, bigint | null] = [null, null]
  for (let entry = entryStart[event] as number; entry < end; entry++) {
    const of = side[entry] as typeof Side.bid | typeof Side.ask
    const value = priceUnits(price, entry)
    const before = last[of]
    if (before !== null && (of === Side.bid ? value >= before : value <= before)) {
      return `${of === Side.bid ? 'bids' : 'asks'} out of order: ${textOf(value)} after ${textOf(before)}`
    }
    best[of] ??= value
    last[of] = value
  }
  const [bid, ask] = [best[Side.bid], best[Side.ask]]
  if (bid === null || ask === null) return null
  if (bid >= ask) return `crossed: best bid ${textOf(bid)}, best ask ${textOf(ask)}`
  if (spreadMaxPercent === null) return null
  // (ask - bid) / ((ask + bid) / 2) > percent / 100, in whole numbers.
  const isWide =
    (ask - bid) * 200n * BigInt(PARTS) > (ask + bid) * BigInt(Math.round(spreadMaxPercent * PARTS))
  return isWide
    ? `spread above ${spreadMaxPercent} %: best bid ${textOf(bid)}, best ask ${textOf(ask)}`
    : null
}

/** A price as a whole number of the smallest unit that a price can have. */
function priceUnits(price: DecimalColumn, entry: number): bigint {
  const scale = price.scales[entry] as number
  return (price.mantissa(entry) as bigint) * 10n ** BigInt(FRACTION_DIGITS_MAX - scale)
}

function textOf(value: bigint): string {
  return decimalText(value, FRACTION_DIGITS_MAX).replace(/0+$/, '').replace(/\.$/, '')
}
