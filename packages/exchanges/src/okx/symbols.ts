import { type Market, type StringTable, SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { half, space, word } from '../bytes.ts'

/**
 * One host and one path carry all markets: which one a message belongs to is told by the form of its symbol.
 *
 * `BTC-USDT` is spot; `BTC-USD-230224-18000-C` an option; of all others `-USD-` makes an inverse contract and any
 * other quote, `USD_UM` included, a linear one. Agrees with the `ctType` of all 270 contracts in the lists of
 * 2022-05-13. A name without a hyphen has no market.
 */

/** What a symbol is, by its form; null when it has none. */
export type SymbolKind = Market | 'option' | null

/** The kind of a symbol. */
export function kindOf(symbol: string): SymbolKind {
  const parts = symbol.split('-')
  if (parts.length < 3) return parts.length === 2 ? 'spot' : null
  if (parts.length === 5 && /^[CP]$/.test(parts[4] as string)) return 'option'
  return symbol.includes('-USD-') ? 'inverse' : 'linear'
}

const { bytes, view } = space
const HYPHEN = 45
const USD = word('-USD')
const CALL = half('-C')
const PUT = half('-P')

/** The same of the bytes `at ... end - 1` of the frame that is being read. */
function kindAt(at: number, end: number): SymbolKind {
  let hyphens = 0
  let isUsd = false
  for (let i = at; i < end; i++) {
    if (view.getUint8(i) !== HYPHEN) continue
    hyphens += 1
    isUsd ||= i + 4 < end && view.getInt32(i, true) === USD && view.getUint8(i + 4) === HYPHEN
  }
  if (hyphens < 2) return hyphens === 1 ? 'spot' : null
  const last = view.getUint16(end - 2, true)
  if (hyphens === 4 && (last === CALL || last === PUT)) return 'option'
  return isUsd ? 'inverse' : 'linear'
}

/**
 * Symbols seen before, kept as the bytes that they came in: one that comes again is compared by words, instead of
 * being looked at and hashed by bytes. Every slot belongs to the symbol that took it last.
 */
const SLOT_BITS = 9
const WORD_BYTES = 4

const lengths = new Uint8Array(1 << SLOT_BITS)
const ids = new Int32Array(1 << SLOT_BITS)
const kinds: SymbolKind[] = new Array<SymbolKind>(1 << SLOT_BITS).fill(null)
const seen = new Uint8Array(SYMBOL_BYTES_MAX << SLOT_BITS)
const seenView = new DataView(seen.buffer)
let owner: StringTable | null = null

/**
 * The id of the symbol in the plain bytes `at ... end - 1`; -1 when it is none of `market`, or the table refuses it.
 */
export function symbolId(at: number, end: number, market: Market, names: StringTable): number {
  if (owner !== names) forget(names)
  const length = end - at
  const slot = slotOf(at, length)
  if (lengths[slot] !== length || !isSeen(at, slot * SYMBOL_BYTES_MAX, length)) {
    return learn(at, length, slot, market, names)
  }
  return kinds[slot] === market ? (ids[slot] as number) : -1
}

function forget(names: StringTable): void {
  lengths.fill(0)
  owner = names
}

function learn(at: number, length: number, slot: number, market: Market, names: StringTable): number {
  const kind = kindAt(at, at + length)
  if (kind !== market) return -1
  const id = names.idOfBytes(bytes, at, at + length)
  if (id < 0 || length < WORD_BYTES) return id
  lengths[slot] = length
  ids[slot] = id
  kinds[slot] = kind
  seen.set(bytes.subarray(at, at + length), slot * SYMBOL_BYTES_MAX)
  return id
}

/** By its first eight bytes and its last four: contracts of one family begin alike, those of one kind end alike. */
function slotOf(at: number, length: number): number {
  const second = Math.imul(view.getInt32(at + WORD_BYTES, true), 0x9e3779b1)
  const last = Math.imul(view.getInt32(at + length - WORD_BYTES, true), 0x27d4eb2f)
  return Math.imul(view.getInt32(at, true) ^ second ^ last, 0x85ebca6b) >>> (32 - SLOT_BITS)
}

/** Whether `length` bytes are those at `seenAt`; the last word overlaps the one before. */
function isSeen(at: number, seenAt: number, length: number): boolean {
  const last = length - WORD_BYTES
  for (let i = 0; i < last; i += WORD_BYTES) {
    if (view.getInt32(at + i, true) !== seenView.getInt32(seenAt + i, true)) return false
  }
  return view.getInt32(at + last, true) === seenView.getInt32(seenAt + last, true)
}

/** Whether the `length` bytes at `a` and `b` are the same. */
export function isSameText(a: number, b: number, length: number): boolean {
  let i = 0
  for (; i + WORD_BYTES <= length; i += WORD_BYTES) {
    if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false
  }
  for (; i < length; i++) if (view.getUint8(a + i) !== view.getUint8(b + i)) return false
  return true
}
