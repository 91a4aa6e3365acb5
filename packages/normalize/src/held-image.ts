import {
  type DecimalsImage,
  decimalsImage,
  type Numeral,
  numeral,
  restoreDecimals,
} from './decimals-image.ts'
import type { HeldDeltas } from './held.ts'
import type { Stamp } from './stamps.ts'

/** The times of an update in a state image. */
export interface StampImage extends Omit<Stamp, 'sentUs'> {
  readonly sentUs: Numeral
}

/** A delta that is kept for later. */
export interface HeldImage {
  readonly firstSeq: Numeral
  readonly lastSeq: Numeral
  readonly prevSeq: Numeral
  readonly stamp: StampImage
  readonly sides: readonly number[]
  readonly prices: DecimalsImage
  readonly quantities: DecimalsImage
}

export function heldImages(held: HeldDeltas): HeldImage[] {
  return Array.from({ length: held.count }, (_, at) => {
    const { firstSeq, lastSeq, prevSeq, stamp, start, end } = held.at(at)
    return {
      firstSeq: numeral(firstSeq),
      lastSeq: numeral(lastSeq),
      prevSeq: numeral(prevSeq),
      stamp: stampImage(stamp),
      sides: Array.from(held.side.subarray(start, end)),
      prices: decimalsImage(held.price, start, end),
      quantities: decimalsImage(held.quantity, start, end),
    }
  })
}

export function restoreHeld(held: HeldDeltas, image: HeldImage): void {
  const levels = {
    side: Uint8Array.from(image.sides),
    price: restoreDecimals(image.prices),
    quantity: restoreDecimals(image.quantities),
  }
  const delta = {
    firstSeq: image.firstSeq ?? Number.NaN,
    lastSeq: image.lastSeq ?? Number.NaN,
    prevSeq: image.prevSeq ?? Number.NaN,
    stamp: restoreStamp(image.stamp),
    start: 0,
    end: image.sides.length,
  }
  held.push(delta, levels)
}

export function stampImage(stamp: Stamp): StampImage {
  return {
    eventUs: stamp.eventUs,
    timeSource: stamp.timeSource,
    sentUs: numeral(stamp.sentUs),
    receivedUs: stamp.receivedUs,
    frame: stamp.frame,
  }
}

export function restoreStamp(image: StampImage): Stamp {
  return { ...image, sentUs: image.sentUs ?? Number.NaN }
}
