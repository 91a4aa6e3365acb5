import type { Chance } from '@cryptoflow/runtime'
import type { LevelText } from './emission-log.ts'
import type { SilentFaultKind } from './faults.ts'

interface Sides {
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

/** The levels of a diff with one of them wrong, or one that goes left out; null: there is no such level. */
export function spoiledLevels(book: Sides, fault: SilentFaultKind, chance: Chance): Sides | null {
  const isOmitted = fault === 'omitDelete'
  const places = (['bids', 'asks'] as const).flatMap((side) =>
    book[side].flatMap(([, quantity], at) => (isGone(quantity) === isOmitted ? [{ side, at }] : [])),
  )
  const place = places[chance.below(Math.max(1, places.length))]
  if (place === undefined) return null
  const { side, at } = place
  const levels = isOmitted
    ? book[side].toSpliced(at, 1)
    : book[side].with(at, enlarged(book[side][at] as LevelText))
  return { bids: book.bids, asks: book.asks, [side]: levels }
}

function isGone(quantity: string): boolean {
  return /^[0.]*$/.test(quantity)
}

/** With another digit before it: never the same, and never gone. */
function enlarged([price, quantity]: LevelText): LevelText {
  return [price, `1${quantity}`]
}
