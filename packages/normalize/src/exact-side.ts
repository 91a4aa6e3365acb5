import { type DecimalColumn, FRACTION_DIGITS_MAX } from '@cryptoflow/model'
import type { BookSide, KnownPrice } from './book-side.ts'

interface ExactLevel {
  /** `sign * price * 10^18`: the best level has the highest. */
  readonly key: bigint
  price: bigint
  priceScale: number
  quantity: bigint
  quantityScale: number
}

/** A book side for numbers beyond 2^53: the plain, slow and always exact version of LevelSide. */
export class ExactSide implements BookSide {
  readonly sign: 1 | -1
  readonly cap: number
  private knownKey: bigint | 'all' | null = null
  /** Ascending by key, best level last. */
  private readonly levels: ExactLevel[] = []

  constructor(sign: 1 | -1, cap: number) {
    this.sign = sign
    this.cap = cap
  }

  get count(): number {
    return this.levels.length
  }

  /** Sets a level, or removes it when the quantity is 0. */
  set(price: bigint, priceScale: number, quantity: bigint, quantityScale: number): void {
    const level = { key: this.keyOf(price, priceScale), price, priceScale, quantity, quantityScale }
    const at = this.find(level.key)
    const present = this.levels[at]?.key === level.key
    if (quantity === 0n) {
      if (present) this.levels.splice(at, 1)
      return
    }
    this.levels.splice(at, present ? 1 : 0, level)
    if (this.levels.length > this.cap) this.giveUpWorst()
  }

  write(prices: DecimalColumn, quantities: DecimalColumn, to: number, levels: number): void {
    for (let i = 0; i < levels; i++) {
      const level = this.levels[this.levels.length - 1 - i] as ExactLevel
      prices.set(to + i, level.price, level.priceScale)
      quantities.set(to + i, level.quantity, level.quantityScale)
    }
  }

  sealKnown(): void {
    this.knownKey = this.levels[0]?.key ?? null
  }

  knowAll(): void {
    this.knownKey = 'all'
  }

  knownDepth(): number | null {
    if (this.knownKey === null) return null
    return this.knownKey === 'all' ? this.count : this.levels.length - this.find(this.knownKey)
  }

  known(): KnownPrice | 'all' | null {
    if (this.knownKey === null || this.knownKey === 'all') return this.knownKey
    return { mantissa: BigInt(this.sign) * this.knownKey, scale: FRACTION_DIGITS_MAX }
  }

  /** Sets what `known` answered. */
  setKnown(mantissa: bigint, scale: number): void {
    this.knownKey = this.keyOf(mantissa, scale)
  }

  cutTo(depth: number): void {
    if (this.levels.length > depth) this.levels.splice(0, this.levels.length - depth)
  }

  private keyOf(price: bigint, scale: number): bigint {
    return BigInt(this.sign) * price * 10n ** BigInt(FRACTION_DIGITS_MAX - scale)
  }

  private find(key: bigint): number {
    let low = 0
    let high = this.levels.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.levels[middle] as ExactLevel).key >= key) high = middle
      else low = middle + 1
    }
    return low
  }

  private giveUpWorst(): void {
    this.levels.shift()
    const worst = this.levels[0]?.key
    if (this.knownKey === null || worst === undefined) return
    if (this.knownKey === 'all' || worst > this.knownKey) this.knownKey = worst
  }
}
