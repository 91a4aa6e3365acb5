import type { Chance } from '@cryptoflow/runtime'
import type { Levels, Row, Scene } from './test-scene.ts'

/** Books of test worlds: prices in hundredths, quantities in thousandths, by side. */
export type Book = Record<'bid' | 'ask', Map<number, number>>

export const IMAGE_LEVELS = 20
const SNAPSHOT_LEVELS = 25

export function fullBook(): Book {
  const side = (top: number, step: number): Map<number, number> =>
    new Map(Array.from({ length: 40 }, (_, i) => [top + i * step, 1000 + i]))
  return { bid: side(9999, -1), ask: side(10_001, 1) }
}

/** Changes up to four levels of each side and answers them as they go over the wire. */
export function change(book: Book, chance: Chance): { bids: Levels; asks: Levels } {
  return { bids: changed(book.bid, 9960, chance), asks: changed(book.ask, 10_001, chance) }
}

function changed(side: Map<number, number>, lowest: number, chance: Chance): Levels {
  const levels = new Map<number, number>()
  for (let i = 0; i < 4; i++) levels.set(lowest + chance.below(40), chance.below(3) * 777)
  for (const [ticks, lots] of levels) setLevel(side, ticks, lots)
  return [...levels].map(([ticks, lots]) => [priceText(ticks), quantityText(lots)])
}

export function applyTo(book: Book, { bids, asks }: { bids: Levels; asks: Levels }): void {
  for (const [p, q] of bids) setLevel(book.bid, Math.round(Number(p) * 100), Math.round(Number(q) * 1000))
  for (const [p, q] of asks) setLevel(book.ask, Math.round(Number(p) * 100), Math.round(Number(q) * 1000))
}

function setLevel(side: Map<number, number>, ticks: number, lots: number): void {
  if (lots === 0) side.delete(ticks)
  else side.set(ticks, lots)
}

export function top(book: Book, count: number): { bids: Levels; asks: Levels } {
  return { bids: best(book.bid, 'bid', count), asks: best(book.ask, 'ask', count) }
}

function best(side: Map<number, number>, name: 'bid' | 'ask', count: number): Levels {
  const sorted = [...side].sort(([a], [b]) => (name === 'bid' ? b - a : a - b))
  return sorted.slice(0, count).map(([ticks, lots]) => [priceText(ticks), quantityText(lots)])
}

/** A collector's own book of a market: what it knows since its last snapshot. */
export interface OwnBook {
  readonly book: Book
  readonly worst: Record<'bid' | 'ask', number>
}

/** What a book answered by REST shows, and the book that begins with it. */
export function answered(market: Book): { shown: { bids: Levels; asks: Levels }; own: OwnBook } {
  const shown = top(market, SNAPSHOT_LEVELS)
  const book: Book = { bid: new Map(), ask: new Map() }
  applyTo(book, shown)
  const worstOf = (levels: Levels): number => Math.round(Number(levels.at(-1)?.[0]) * 100)
  return { shown, own: { book, worst: { bid: worstOf(shown.bids), ask: worstOf(shown.asks) } } }
}

/** Stores an image of the own book, with the times of the update that it ends with. */
export function storeImage(
  scene: Scene,
  own: OwnBook,
  update: { readonly us: number; readonly last: number; readonly times: Row },
  kind: 'derived' | 'checkpoint',
): void {
  const { book, worst } = own
  const { bids, asks } = top(book, kind === 'derived' ? IMAGE_LEVELS : Number.MAX_SAFE_INTEGER)
  const rows = scene.world.rows[scene.market === 'spot' ? 'spot_ob' : 'futures_ob']
  for (const [side, levels] of [
    ['bid', bids],
    ['ask', asks],
  ] as const) {
    const isKnown = (ticks: number): boolean => (side === 'bid' ? ticks >= worst.bid : ticks <= worst.ask)
    for (const [level, [price, quantity]] of levels.entries()) {
      rows.push({
        ...scene.common(update.us),
        ...update.times,
        kind,
        side,
        level,
        price,
        price_scale: 2,
        quantity,
        quantity_scale: 3,
        quantity_unit: scene.unit,
        last_seq: update.last,
        depth: Math.max(bids.length, asks.length),
        known_depth: [...book[side].keys()].filter(isKnown).length,
        book_state: 'live',
      })
    }
  }
}

const priceText = (ticks: number): string => (ticks / 100).toFixed(2)
const quantityText = (lots: number): string => (lots / 1000).toFixed(3)
