import type { Market, StringTable } from '@cryptoflow/model'
import { space } from '../bytes.ts'
import { SeenSymbols } from '../seen-symbols.ts'
import { kindOfProduct } from './products.ts'

const { bytes } = space
/** Of each market the products that it may keep: its own, and those whose name does not say whose they are. */
const seen: Readonly<Record<'spot' | 'linear', SeenSymbols>> = {
  spot: seenOf('spot'),
  linear: seenOf('linear'),
}

function seenOf(market: Market): SeenSymbols {
  return new SeenSymbols((at, length) => {
    const kind = kindOfProduct(asciiText(at, length))
    return kind === null || kind === market
  })
}

/** Byte by byte: a product's kind hangs on ASCII letters alone, and no byte of another letter looks like one. */
function asciiText(at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}

/**
 * The id of the product of `length` bytes at `at`, which stand there without escapes; -1 when another market keeps it
 * or the table refuses it.
 */
export function productId(at: number, length: number, market: Market, names: StringTable): number {
  return seen[market === 'linear' ? 'linear' : 'spot'].id(at, length, names)
}
