import type { StringTable } from '@cryptoflow/model'
import { isPlainText, space } from '../bytes.ts'
import { SeenSymbols } from '../seen-symbols.ts'

/** `BTC-27MAR26-70000-P-USDT`, until 2024 without the settling coin. */
const OPTION = /^[A-Z0-9]+-\d{1,2}[A-Z]{3}\d{2}-\d+(?:\.\d+)?-[CP](?:-[A-Z]+)?$/
/** `SOLUSDT_SOL/USDT`: the two legs of a spread. */
const SPREAD = /^[A-Z0-9-]+_[A-Z0-9/-]+$/
/** `BTCUSD`, `BTCUSDH26`. */
const INVERSE = /^[A-Z0-9]+USD(?:[FGHJKMNQUVXZ]\d\d)?$/
/** `BTCUSDT`, `BTCPERP`, `BTCUSDT-26DEC25`, `BTC-26DEC25`. */
const LINEAR = /USDT|USDC|PERP$|-\d{1,2}[A-Z]{3}\d{2}$/

/** Whether a symbol is that of an option or of a spread. */
export function isOutOfScope(symbol: string): boolean {
  return OPTION.test(symbol) || SPREAD.test(symbol)
}

/** Whether a contract of this symbol is an inverse one. */
export function isInverseForm(symbol: string): boolean {
  return INVERSE.test(symbol)
}

/** Whether a contract of this symbol is a linear one. */
export function isLinearForm(symbol: string): boolean {
  return LINEAR.test(symbol)
}

const { bytes } = space
const decoder = new TextDecoder()
const seen = new SeenSymbols(
  (at, length) => isPlainText(at, length) && !isOutOfScope(decoder.decode(bytes.subarray(at, at + length))),
)

/** The id of the symbol at `at`; -1 when it needs JSON to be read, is out of scope or the table refuses it. */
export function symbolId(at: number, length: number, names: StringTable): number {
  return seen.id(at, length, names)
}
