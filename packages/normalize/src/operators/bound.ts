import {
  assert,
  type Decimal,
  type DecimalColumn,
  FRACTION_DIGITS_MAX,
  parseDecimal,
} from '@cryptoflow/model'

/** Above what a rounded product of two mantissas and a rounded bound can be wrong by, relative. */
const DOUBT = 1e-15

/**
 * A number of the configuration, not negative, to compare decimals with: exactly, and without a bigint as long as the
 * mantissa is none.
 */
export class Bound {
  private readonly exact: Decimal
  /** By scale: the least mantissa that is not below the bound, and the largest that is not above. */
  private readonly least = new Float64Array(FRACTION_DIGITS_MAX + 1)
  private readonly most = new Float64Array(FRACTION_DIGITS_MAX + 1)
  /** By the scale of a product, rounded. */
  private readonly products = new Float64Array(2 * FRACTION_DIGITS_MAX + 1)

  constructor(text: string) {
    const exact = parseDecimal(text)
    assert(exact !== null && exact !== 'range' && exact.mantissa >= 0n, 'a bound is a decimal, not negative')
    this.exact = exact
    const divisor = 10n ** BigInt(exact.scale)
    for (let scale = 0; scale < this.products.length; scale++) {
      const scaled = exact.mantissa * 10n ** BigInt(scale)
      this.products[scale] = Number(scaled) / Number(divisor)
      if (scale > FRACTION_DIGITS_MAX) continue
      this.least[scale] = narrow((scaled + divisor - 1n) / divisor)
      this.most[scale] = narrow(scaled / divisor)
    }
  }

  isAbove(column: DecimalColumn, row: number): boolean {
    const mantissa = column.mantissas[row] as number
    const scale = column.scales[row] as number
    if (!Number.isNaN(mantissa)) return mantissa < (this.least[scale] as number)
    const wide = column.mantissa(row)
    return wide !== null && this.difference(wide, scale) < 0n
  }

  isBelow(column: DecimalColumn, row: number): boolean {
    const mantissa = column.mantissas[row] as number
    const scale = column.scales[row] as number
    if (!Number.isNaN(mantissa)) return mantissa > (this.most[scale] as number)
    const wide = column.mantissa(row)
    return wide !== null && this.difference(wide, scale) > 0n
  }

  /** Whether the product of the two columns' numbers of a row is less. */
  isAboveProduct(prices: DecimalColumn, quantities: DecimalColumn, row: number): boolean {
    const scale = (prices.scales[row] as number) + (quantities.scales[row] as number)
    const product = (prices.mantissas[row] as number) * (quantities.mantissas[row] as number)
    const bound = this.products[scale] as number
    if (product > bound * (1 + DOUBT)) return false
    if (product < bound * (1 - DOUBT)) return true
    const price = prices.mantissa(row)
    const quantity = quantities.mantissa(row)
    return price !== null && quantity !== null && this.difference(price * quantity, scale) < 0n
  }

  private difference(mantissa: bigint, scale: number): bigint {
    const { exact } = this
    return mantissa * 10n ** BigInt(exact.scale) - exact.mantissa * 10n ** BigInt(scale)
  }
}

/** No mantissa that is a number of its own reaches beyond 2^53. */
function narrow(mantissa: bigint): number {
  return mantissa <= 9007199254740992n ? Number(mantissa) : Number.POSITIVE_INFINITY
}
