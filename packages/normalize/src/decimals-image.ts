import { DecimalColumn, type TopSide } from '@cryptoflow/model'

/** A number in a state image: null is NaN, or an infinity. */
export type Numeral = number | null

export function numeral(value: number): Numeral {
  return Number.isFinite(value) ? value : null
}

/** Rows of a column; a mantissa beyond 2^53 is text. */
export interface DecimalsImage {
  readonly mantissas: readonly (number | string)[]
  readonly scales: readonly number[]
}

/** Rows `start ... end - 1`. */
export function decimalsImage(column: DecimalColumn, start: number, end: number): DecimalsImage {
  const mantissas: (number | string)[] = []
  for (let i = start; i < end; i++) {
    const value = column.mantissas[i] as number
    mantissas.push(Number.isNaN(value) ? String(column.mantissa(i)) : value)
  }
  return { mantissas, scales: Array.from(column.scales.subarray(start, end)) }
}

export function restoreDecimals(image: DecimalsImage): DecimalColumn {
  const column = new DecimalColumn(image.mantissas.length)
  image.mantissas.forEach((mantissa, i) => {
    column.set(i, BigInt(mantissa), image.scales[i] as number)
  })
  return column
}

/** Levels of a side, best first. */
export interface LevelsImage {
  readonly prices: DecimalsImage
  readonly quantities: DecimalsImage
}

export function levelsImage({ price, quantity, count }: TopSide): LevelsImage {
  return { prices: decimalsImage(price, 0, count), quantities: decimalsImage(quantity, 0, count) }
}

export function restoreLevels({ prices, quantities }: LevelsImage): TopSide {
  const count = prices.mantissas.length
  return { count, price: restoreDecimals(prices), quantity: restoreDecimals(quantities) }
}
