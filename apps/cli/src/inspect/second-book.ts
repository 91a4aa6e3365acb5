/**
 * The order book once more, as plainly as it can be written: the market's truth, rebuilt from the emission log
 * alone. Shares nothing with the product's book; prices are compared as big integers, numbers shown as text with
 * 18 fraction digits, which is how DuckDB writes `decimal(38,18)`.
 *
 * Truth at sequence X = every emitted snapshot up to X and every emitted delta up to X, heard by anybody or not.
 * A snapshot shows the best levels only; what lies outside of its reach is known from other snapshots and from
 * changes, so the truth knows at least what any listener can know.
 */

/** `[price, quantity]` as written. */
export type LevelText = readonly [string, string]

export interface BookUpdate {
  /** The last sequence in it; books that begin in their stream do without. */
  readonly last: number
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

interface Level {
  readonly price: bigint
  readonly priceText: string
  quantityText: string
  /** Sequence that last said something about it. */
  seq: number
}

const FRACTION_DIGITS = 18
const ZERO = `0.${'0'.repeat(FRACTION_DIGITS)}`

/** Both sides of one symbol's true book. Updates and snapshots come in order of their sequence. */
export class SecondBook {
  readonly bids = new SecondSide('bid')
  readonly asks = new SecondSide('ask')
  private hasBegun = false

  /** Applies a delta; before the first snapshot there is no book to apply it to. */
  apply({ last, bids, asks }: BookUpdate): void {
    if (!this.hasBegun) return
    for (const [price, quantity] of bids) this.bids.set(price, quantity, last)
    for (const [price, quantity] of asks) this.asks.set(price, quantity, last)
  }

  /** Begins anew with a whole book that came in the stream. */
  replace({ last, bids, asks }: BookUpdate): void {
    this.hasBegun = true
    for (const [side, levels] of [
      [this.bids, bids],
      [this.asks, asks],
    ] as const) {
      side.clear()
      for (const [price, quantity] of levels) side.set(price, quantity, last)
    }
  }

  /** Forgets what lies beyond the best `depth` levels a side, as a listener must. */
  cut(depth: number): void {
    this.bids.cut(depth)
    this.asks.cut(depth)
  }

  /** Takes over what a snapshot shows. */
  merge({ last, bids, asks }: BookUpdate): void {
    this.hasBegun = true
    this.bids.merge(bids, last)
    this.asks.merge(asks, last)
  }
}

/** Levels by price, and the live ones in order of price. */
class SecondSide {
  private readonly isBid: boolean
  /** Removed levels stay, with quantity zero: their sequence is still needed. */
  private readonly levels = new Map<string, Level>()
  /** Levels with a quantity, ascending. */
  private readonly live: Level[] = []

  constructor(side: 'bid' | 'ask') {
    this.isBid = side === 'bid'
  }

  get count(): number {
    return this.live.length
  }

  /** The level at `index` from the best, as an image writes it: `index:price:quantity`. */
  shown(index: number): string {
    const level = this.live[this.isBid ? this.live.length - 1 - index : index] as Level
    return `${index}:${level.priceText}:${level.quantityText}`
  }

  /** The best `count` levels as one text. */
  top(count: number): string {
    const parts: string[] = []
    for (let i = 0; i < count; i++) parts.push(this.shown(i))
    return parts.join(' ')
  }

  /** The quantity at a price (18 fraction digits), null when the market has none there. */
  quantityAt(priceText: string): string | null {
    const quantity = this.levels.get(priceText)?.quantityText ?? ZERO
    return quantity === ZERO ? null : quantity
  }

  clear(): void {
    this.levels.clear()
    this.live.length = 0
  }

  cut(depth: number): void {
    const surplus = Math.max(this.live.length - depth, 0)
    for (const level of this.live.splice(this.isBid ? 0 : depth, surplus)) this.levels.delete(level.priceText)
  }

  set(price: string, quantity: string, seq: number): void {
    const priceText = plainDecimal(price)
    const quantityText = plainDecimal(quantity)
    let level = this.levels.get(priceText)
    if (level === undefined) {
      level = { price: BigInt(priceText.replace('.', '')), priceText, quantityText: ZERO, seq }
      this.levels.set(priceText, level)
    }
    const wasLive = level.quantityText !== ZERO
    const isLive = quantityText !== ZERO
    level.quantityText = quantityText
    level.seq = seq
    if (isLive && !wasLive) this.live.splice(this.placeOf(level.price), 0, level)
    if (!isLive && wasLive) this.live.splice(this.placeOf(level.price), 1)
  }

  /** A snapshot is complete from the best level to its worst; inside, what it does not show is gone. */
  merge(shown: readonly LevelText[], seq: number): void {
    const prices = new Map(shown.map(([price, quantity]) => [plainDecimal(price), quantity]))
    const values = [...prices.keys()].map((price) => BigInt(price.replace('.', '')))
    const worst = values.reduce((a, b) => (a < b === this.isBid ? a : b), values[0] ?? 0n)
    for (const level of [...this.live]) {
      const isInside = prices.size > 0 && (this.isBid ? level.price >= worst : level.price <= worst)
      if (isInside && level.seq <= seq && !prices.has(level.priceText)) this.set(level.priceText, '0', seq)
    }
    for (const [price, quantity] of prices) {
      if ((this.levels.get(price)?.seq ?? seq) <= seq) this.set(price, quantity, seq)
    }
  }

  /** First index whose price is not below. */
  private placeOf(price: bigint): number {
    let low = 0
    let high = this.live.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.live[middle] as Level).price < price) low = middle + 1
      else high = middle
    }
    return low
  }
}

const PLAIN = /^\d+(\.\d{1,18})?$/
const WITH_EXPONENT = /^(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,2})$/

/** A number's text with exactly 18 fraction digits and no needless zeros before the point. */
export function plainDecimal(text: string): string {
  if (!PLAIN.test(text)) return fromExponent(text)
  const point = text.indexOf('.')
  const whole = point < 0 ? text : text.slice(0, point)
  const fraction = point < 0 ? '' : text.slice(point + 1)
  const shortest = whole.length > 1 && whole.startsWith('0') ? BigInt(whole).toString() : whole
  return `${shortest}.${fraction.padEnd(FRACTION_DIGITS, '0')}`
}

/** What is no number keeps its text: it then equals no stored value. */
function fromExponent(text: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = WITH_EXPONENT.exec(text) ?? []
  const shift = FRACTION_DIGITS + Number(exponent) - fraction.length
  if (whole === '' || shift < 0) return text
  const digits = (BigInt(whole + fraction) * 10n ** BigInt(shift))
    .toString()
    .padStart(FRACTION_DIGITS + 1, '0')
  return `${digits.slice(0, -FRACTION_DIGITS)}.${digits.slice(-FRACTION_DIGITS)}`
}

export interface StoredImageSide {
  /** `level:price:quantity` separated by blanks, in any order; empty when there is none. */
  readonly levels: string
  /** Levels that must be complete; null: all. */
  readonly knownDepth: number | null
}

/**
 * What is wrong with one side of a stored image that shows `depth` levels at most, null when nothing is.
 *
 * Levels within the known depth must be the true ones at their places; beyond it a level may be at another
 * place, but never with a wrong quantity.
 */
export function imageFault(truth: SecondBook['bids'], image: StoredImageSide, depth: number): string | null {
  const due = Math.min(depth, truth.count, image.knownDepth ?? Number.POSITIVE_INFINITY)
  if (image.levels === truth.top(Math.min(depth, truth.count))) return null
  const levels = image.levels === '' ? [] : image.levels.split(' ').sort(byLevel)
  if (levels.length < due) return `${levels.length} levels, expected ${due}`
  if (levels.length > depth) return `${levels.length} levels, expected ${depth} at most`
  for (const [at, level] of levels.entries()) {
    if (at < due) {
      if (level !== truth.shown(at)) return `found ${level}, expected ${truth.shown(at)}`
      continue
    }
    const [index, price = '', quantity] = level.split(':')
    if (Number(index) !== at) return `found level ${index}, expected ${at}`
    const expected = truth.quantityAt(price)
    if (expected !== quantity) return `found ${level}, expected quantity ${expected ?? 'none'}`
  }
  return null
}

function byLevel(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10)
}
