import {
  DecimalColumn,
  type EventBatch,
  EventKind,
  type ExchangeMarket,
  type FilterSpec,
  type LiquidationDetail,
} from '@cryptoflow/model'
import { Bound } from './bound.ts'
import { matchesGlob } from './glob.ts'

/**
 * What of a key's messages become rows of one table. It removes rows and nothing else: sequences, books and names go
 * on by every message, as if there were no filter.
 */
export interface RowFilter {
  /** The symbol is left out: no message of it becomes a row, and nothing derived from them does. */
  readonly isDenied: boolean
  /** Rules about the numbers of a message; null: there are none. */
  readonly numbers: NumberRules | null
}

interface NumberRules {
  readonly priceMin: Bound | null
  readonly priceMax: Bound | null
  readonly quantityMin: Bound | null
  readonly notionalMin: Bound | null
  /** Quantities are notionals already. */
  readonly isQuote: boolean
}

/** The filter of a symbol; null: everything passes. */
export function rowFilter(
  spec: FilterSpec,
  { quantityUnit }: Pick<ExchangeMarket, 'quantityUnit'>,
  symbol: string,
): RowFilter | null {
  const { allow, deny = [], priceMin, priceMax, quantityMin, notionalMin } = spec
  const matches = (pattern: string): boolean => matchesGlob(pattern, symbol)
  if ((allow !== undefined && !allow.some(matches)) || deny.some(matches)) {
    return { isDenied: true, numbers: null }
  }
  const rules = [priceMin, priceMax, quantityMin, notionalMin]
  if (rules.every((rule) => rule === undefined)) return null
  const [least, most, quantity, notional] = rules.map((rule) => (rule === undefined ? null : new Bound(rule)))
  return {
    isDenied: false,
    numbers: {
      priceMin: least ?? null,
      priceMax: most ?? null,
      quantityMin: quantity ?? null,
      notionalMin: notional ?? null,
      isQuote: quantityUnit === 'quote',
    },
  }
}

/** Whether an event, whose kind the table takes, is not to become a row. */
export function isRemoved({ isDenied, numbers }: RowFilter, batch: EventBatch, event: number): boolean {
  if (isDenied) return true
  if (numbers === null) return false
  if (batch.kind[event] === EventKind.liquidation) return isLiquidationRemoved(numbers, batch, event)
  return breaks(numbers, batch.price, batch.quantity, batch.entryStart[event] as number)
}

function breaks(rules: NumberRules, price: DecimalColumn, quantity: DecimalColumn, row: number): boolean {
  const { priceMin, priceMax, quantityMin, notionalMin, isQuote } = rules
  if (priceMin?.isAbove(price, row) || priceMax?.isBelow(price, row)) return true
  if (quantityMin?.isAbove(quantity, row)) return true
  if (notionalMin === null) return false
  return isQuote ? notionalMin.isAbove(quantity, row) : notionalMin.isAboveProduct(price, quantity, row)
}

/** The numbers of the liquidation at hand, as columns of one row. */
const onePrice = new DecimalColumn(1)
const oneQuantity = new DecimalColumn(1)

function isLiquidationRemoved(rules: NumberRules, batch: EventBatch, event: number): boolean {
  const { price, quantity } = batch.details.get(event) as LiquidationDetail
  if (price === null) onePrice.setNull(0)
  else onePrice.set(0, price.mantissa, price.scale)
  oneQuantity.set(0, quantity.mantissa, quantity.scale)
  return breaks(rules, onePrice, oneQuantity, 0)
}
