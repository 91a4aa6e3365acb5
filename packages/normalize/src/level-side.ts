import { type DecimalColumn, grown } from '@cryptoflow/model'
import { type BookSide, type KnownPrice, POWERS_OF_TEN } from './book-side.ts'

const MANTISSA_MAX = Number.MAX_SAFE_INTEGER
/** Below every key. */
const ALL = Number.NEGATIVE_INFINITY

/**
 * A book side as sorted typed arrays.
 *
 *   index    0        ...        count - 1
 *   level    worst    ...        best          key ascending; most updates hit near the end
 *
 * A key is `sign * price * 10^scale` as a whole number, sign +1 for bids and -1 for asks, so that the best
 * level has the highest key on both sides. `scale` is the most fraction digits met so far; a finer price
 * multiplies all keys. Whatever would leave 2^53 is refused: `set` answers false, the side is unchanged, and
 * the caller goes on with an ExactSide.
 */
export class LevelSide implements BookSide {
  count = 0
  readonly sign: 1 | -1
  readonly cap: number
  private scale = 0
  /** Levels with this key or a higher one are known to be complete; -Infinity: all; NaN when unknown. */
  private knownKey = Number.NaN
  private keys = new Float64Array(64)
  private priceScales = new Uint8Array(64)
  private quantities = new Float64Array(64)
  private quantityScales = new Uint8Array(64)

  constructor(sign: 1 | -1, cap: number) {
    this.sign = sign
    this.cap = cap
  }

  /** Sets a level, or removes it when the quantity is 0. False: not representable here, nothing changed. */
  set(price: number, priceScale: number, quantity: number, quantityScale: number): boolean {
    if (Number.isNaN(quantity)) return false
    if (priceScale > this.scale && !this.refine(priceScale)) return false
    const key = this.sign * price * (POWERS_OF_TEN[this.scale - priceScale] as number)
    if (!(Math.abs(key) <= MANTISSA_MAX)) return false
    let at = this.find(key)
    const present = at < this.count && this.keys[at] === key
    if (quantity === 0) {
      if (present) this.remove(at)
      return true
    }
    if (!present) {
      at = this.open(at, key)
      if (at < 0) return true
    }
    this.keys[at] = key
    this.priceScales[at] = priceScale
    this.quantities[at] = quantity
    this.quantityScales[at] = quantityScale
    return true
  }

  write(prices: DecimalColumn, quantities: DecimalColumn, to: number, levels: number): void {
    for (let i = 0; i < levels; i++) {
      const at = this.count - 1 - i
      const priceScale = this.priceScales[at] as number
      const mantissa = (this.keys[at] as number) / (POWERS_OF_TEN[this.scale - priceScale] as number)
      prices.mantissas[to + i] = this.sign === 1 ? mantissa : 0 - mantissa
      prices.scales[to + i] = priceScale
      quantities.mantissas[to + i] = this.quantities[at] as number
      quantities.scales[to + i] = this.quantityScales[at] as number
    }
    for (const wide of [prices.wide, quantities.wide]) {
      if (wide.size > 0) for (let i = 0; i < levels; i++) wide.delete(to + i)
    }
  }

  /** The best level's key and its scale: `key / 10^scale` is the signed price. Only when count > 0. */
  bestKey(): number {
    return this.keys[this.count - 1] as number
  }

  keyScale(): number {
    return this.scale
  }

  sealKnown(): void {
    this.knownKey = this.count > 0 ? (this.keys[0] as number) : Number.NaN
  }

  knowAll(): void {
    this.knownKey = ALL
  }

  knownDepth(): number | null {
    return Number.isNaN(this.knownKey) ? null : this.count - this.find(this.knownKey)
  }

  known(): KnownPrice | 'all' | null {
    if (Number.isNaN(this.knownKey)) return null
    if (this.knownKey === ALL) return 'all'
    return { mantissa: BigInt(this.sign * this.knownKey), scale: this.scale }
  }

  /** Sets what `known` answered. False: not representable here. */
  setKnown(mantissa: bigint, scale: number): boolean {
    if (scale > this.scale && !this.refine(scale)) return false
    const key = BigInt(this.sign) * mantissa * 10n ** BigInt(this.scale - scale)
    if (key > BigInt(MANTISSA_MAX) || key < -BigInt(MANTISSA_MAX)) return false
    this.knownKey = Number(key)
    return true
  }

  cutTo(depth: number): void {
    const excess = this.count - depth
    if (excess <= 0) return
    this.move(excess, 0, depth)
    this.count = depth
  }

  /** Index of the lowest key that is not below `key`: gallops down from the best level, then halves. */
  private find(key: number): number {
    const keys = this.keys
    let high = this.count
    let step = 1
    while (step <= high && (keys[high - step] as number) >= key) {
      high -= step
      step *= 2
    }
    let low = Math.max(high - step + 1, 0)
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((keys[middle] as number) >= key) high = middle
      else low = middle + 1
    }
    return low
  }

  /**
   * Makes room for a new level that belongs before index `at`; answers its index, or -1 when it lies beyond the
   * cap. Where a level is given up, the side is known only up to the worst one that stays.
   */
  private open(at: number, key: number): number {
    if (this.count < this.cap) {
      if (this.count === this.keys.length) this.grow()
      this.move(at, at + 1, this.count - at)
      this.count += 1
      return at
    }
    if (at === 0) {
      this.knownKey = Math.max(this.knownKey, this.keys[0] as number)
      return -1
    }
    this.move(1, 0, at - 1)
    const worst = at === 1 ? key : (this.keys[0] as number)
    this.knownKey = Math.max(this.knownKey, worst)
    return at - 1
  }

  private remove(at: number): void {
    this.move(at + 1, at, this.count - at - 1)
    this.count -= 1
  }

  private move(from: number, to: number, count: number): void {
    if (count === 0) return
    this.keys.copyWithin(to, from, from + count)
    this.priceScales.copyWithin(to, from, from + count)
    this.quantities.copyWithin(to, from, from + count)
    this.quantityScales.copyWithin(to, from, from + count)
  }

  private grow(): void {
    const rows = this.count + 1
    this.keys = grown(this.keys, rows)
    this.priceScales = grown(this.priceScales, rows)
    this.quantities = grown(this.quantities, rows)
    this.quantityScales = grown(this.quantityScales, rows)
  }

  /** Raises the common scale. Only the ends can leave 2^53, since the keys are sorted. */
  private refine(scale: number): boolean {
    const factor = POWERS_OF_TEN[scale - this.scale] as number
    const ends = this.count === 0 ? [] : [this.keys[0] as number, this.bestKey()]
    for (const key of Number.isFinite(this.knownKey) ? [...ends, this.knownKey] : ends) {
      if (!(Math.abs(key * factor) <= MANTISSA_MAX)) return false
    }
    for (let i = 0; i < this.count; i++) this.keys[i] = (this.keys[i] as number) * factor
    this.knownKey *= factor
    this.scale = scale
    return true
  }
}
