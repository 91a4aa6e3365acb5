/** What a simulated market needs to know of what it trades. */
export interface Instrument {
  readonly symbol: string
  readonly base: string
  readonly quote: string
  /** Prices are whole numbers of ticks of 10^-priceDigits. */
  readonly priceDigits: number
  /** Quantities are whole numbers of lots of 10^-quantityDigits. */
  readonly quantityDigits: number
  /** Mid price at the start, in ticks. */
  readonly startTicks: number
  /** A typical level's quantity, in lots. */
  readonly typicalLots: number
}

/** A 32-bit number of a text (FNV-1a), to give each name its own part of a seed. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
