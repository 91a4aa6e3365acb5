import { type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { MISS, scanPlainText } from '../bytes.ts'
import { SeenSymbols } from '../seen-symbols.ts'

/** There is one market only, so every symbol is kept. */
const seen = new SeenSymbols(() => true)

/** Where the symbol at `at` ends, which is at a quote; MISS when it needs JSON to be read. */
export function symbolEnd(at: number): number {
  return scanPlainText(at, SYMBOL_BYTES_MAX)
}

/** The id of the symbol `at ... end - 1`; -1 when there is none or the table refuses it. */
export function symbolId(at: number, end: number, names: StringTable): number {
  return end === MISS ? -1 : seen.id(at, end - at, names)
}
