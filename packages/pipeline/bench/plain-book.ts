import type { Market } from '@cryptoflow/model'

/** A decimal as the plain way holds it: exact, at 18 fraction digits, with the scale that was written. */
export interface PlainDecimal {
  readonly value: bigint
  readonly scale: number
}

export interface PlainLevel {
  readonly price: PlainDecimal
  readonly quantity: PlainDecimal
}

/** A diff that waits for its snapshot, or is applied. */
export interface PlainDiff {
  readonly firstSeq: number
  readonly lastSeq: number
  readonly prevSeq: number | undefined
  readonly bids: readonly PlainLevel[]
  readonly asks: readonly PlainLevel[]
  readonly stamp: PlainStamp
}

export interface PlainStamp {
  readonly eventUs: number
  readonly source: string
  readonly sentUs: number | null
  readonly receivedUs: number
  readonly frame: number
}

/** 18 fraction digits; the text is plain digits with at most one point. */
export function plainDecimal(text: string): PlainDecimal {
  const [whole = '', fraction = ''] = text.split('.')
  return { value: BigInt(whole + fraction.padEnd(18, '0')), scale: fraction.length }
}

/** A book as everybody writes it first: a Map from price to level for each side. */
export class PlainBook {
  readonly market: Market
  bids = new Map<bigint, PlainLevel>()
  asks = new Map<bigint, PlainLevel>()
  isLive = false
  changed = false
  unsaved = false
  lastSeq = Number.NaN
  stamp: PlainStamp | null = null
  private held: PlainDiff[] = []
  private isLoaded = false
  private knownBid: bigint | null = null
  private knownAsk: bigint | null = null

  constructor(market: Market) {
    this.market = market
  }

  /** Answers whether the book became live. */
  load(lastSeq: number, bids: readonly PlainLevel[], asks: readonly PlainLevel[]): boolean {
    this.lastSeq = lastSeq
    put(this.bids, bids)
    put(this.asks, asks)
    for (const price of this.bids.keys()) {
      if (this.knownBid === null || price < this.knownBid) this.knownBid = price
    }
    for (const price of this.asks.keys()) {
      if (this.knownAsk === null || price > this.knownAsk) this.knownAsk = price
    }
    this.isLoaded = true
    for (const diff of this.held) this.apply(diff)
    this.held = []
    return this.isLive
  }

  /** Answers whether the book became live. */
  take(diff: PlainDiff): boolean {
    if (!this.isLoaded) {
      this.held.push(diff)
      return false
    }
    const wasLive = this.isLive
    this.apply(diff)
    return !wasLive && this.isLive
  }

  private apply(diff: PlainDiff): void {
    const { firstSeq, lastSeq, prevSeq, bids, asks, stamp } = diff
    if (!this.isLive && !this.joins(firstSeq, lastSeq, prevSeq)) return
    put(this.bids, bids)
    put(this.asks, asks)
    this.isLive = true
    this.lastSeq = lastSeq
    this.stamp = stamp
    this.changed = true
    this.unsaved = true
  }

  private joins(firstSeq: number, lastSeq: number, prevSeq: number | undefined): boolean {
    const { lastSeq: at } = this
    if (this.market === 'spot') return firstSeq <= at + 1 && lastSeq > at
    return (firstSeq <= at && lastSeq >= at) || prevSeq === at
  }

  /** The best levels of both sides, best first, with the number of levels known on the side. */
  image(levels: number) {
    return {
      bids: best(this.bids, levels, 1n, this.knownBid),
      asks: best(this.asks, levels, -1n, this.knownAsk),
    }
  }
}

function put(side: Map<bigint, PlainLevel>, levels: readonly PlainLevel[]): void {
  for (const level of levels) {
    if (level.quantity.value === 0n) side.delete(level.price.value)
    else side.set(level.price.value, level)
  }
}

/** One walk over the side that keeps the best ones sorted: far cheaper than sorting it all. */
function best(side: Map<bigint, PlainLevel>, levels: number, sign: bigint, known: bigint | null) {
  const found: PlainLevel[] = []
  let knownDepth = 0
  if (levels >= side.size) {
    found.push(...side.values())
    found.sort((a, b) => (a.price.value === b.price.value ? 0 : isBetter(a, b, sign) ? -1 : 1))
    for (const level of found) if (known === null || isKnown(level.price.value, sign, known)) knownDepth += 1
    return { levels: found, knownDepth: known === null ? null : knownDepth }
  }
  for (const level of side.values()) {
    if (known !== null && isKnown(level.price.value, sign, known)) knownDepth += 1
    if (found.length === levels && !isBetter(level, found[levels - 1] as PlainLevel, sign)) continue
    let at = found.length < levels ? found.length : levels - 1
    while (at > 0 && isBetter(level, found[at - 1] as PlainLevel, sign)) {
      found[at] = found[at - 1] as PlainLevel
      at -= 1
    }
    found[at] = level
  }
  return { levels: found, knownDepth: known === null ? null : knownDepth }
}

function isBetter(a: PlainLevel, b: PlainLevel, sign: bigint): boolean {
  return sign > 0n ? a.price.value > b.price.value : a.price.value < b.price.value
}

function isKnown(price: bigint, sign: bigint, known: bigint): boolean {
  return sign > 0n ? price >= known : price <= known
}
