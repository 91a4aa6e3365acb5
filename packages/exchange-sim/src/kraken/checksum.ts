import { crc32 } from 'node:zlib'
import type { LevelText } from '../emission-log.ts'

/** Levels a side that count, whatever the depth of the subscription. */
const DEPTH = 10

/** The best levels first, written with all digits that the instrument list promises. */
export interface BookTexts {
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

/**
 * What proves a spot book: CRC-32, unsigned, of the digits of its ten best asks and then of its ten best bids, without
 * points and leading zeros. Source: docs.kraken.com as copied 2026-05-27, guides/spot-ws-book-v2.
 */
export function checksumOf({ bids, asks }: BookTexts): number {
  return crc32([...asks.slice(0, DEPTH), ...bids.slice(0, DEPTH)].flat().map(digitsOf).join(''))
}

function digitsOf(number: string): string {
  return number.replace('.', '').replace(/^0+/, '')
}
