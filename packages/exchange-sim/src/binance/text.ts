import type { Level } from '../book-side.ts'
import type { LevelText } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import type { Listed } from './symbols.ts'

/** What milliseconds are multiplied with on a connection: 1000 where microseconds were asked for. */
export type TimeScale = 1 | 1000

/** A payload that is written out when somebody is to get it, once for each unit of time. */
export class WireText {
  private readonly render: (scale: TimeScale) => string
  private millis: string | null = null
  private micros: string | null = null

  constructor(render: (scale: TimeScale) => string) {
    this.render = render
  }

  of(scale: TimeScale): string {
    if (scale === 1) {
      this.millis ??= this.render(1)
      return this.millis
    }
    this.micros ??= this.render(1000)
    return this.micros
  }
}

export function priceText(listed: Listed, ticks: number): string {
  return fixedText(ticks, listed.priceDigits, listed.priceFraction)
}

export function quantityText(listed: Listed, lots: number): string {
  return fixedText(lots, listed.quantityDigits, listed.quantityFraction)
}

export function levelTexts(listed: Listed, levels: readonly Level[]): LevelText[] {
  return levels.map(([price, quantity]) => [priceText(listed, price), quantityText(listed, quantity)])
}

/** The JSON of levels; their texts hold digits and points only. */
export function levelsJson(levels: readonly LevelText[]): string {
  let json = '['
  for (const [price, quantity] of levels) json += `${json === '[' ? '' : ','}["${price}","${quantity}"]`
  return `${json}]`
}

/** Units of 10^-8, of any sign, as decimal text: (-12000) is `-0.00012000`. Exact up to 2^53 units. */
export function eighthsText(units: number): string {
  const text = fixedText(Math.abs(units), 8, 8)
  return units < 0 ? `-${text}` : text
}

/** Exchange milliseconds as the contract writes timestamps: microseconds. */
export function microsText(ms: number): string {
  return `${ms}000`
}

/** Wire name of a stream of a symbol: lower case, though payloads spell the symbol in upper case. */
export function wireName(symbol: string, stream: string): string {
  return `${symbol.toLowerCase()}@${stream}`
}
