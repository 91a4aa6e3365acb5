import { assert, type EventBatch } from '@cryptoflow/model'
import { MISS, memory, scanRareDecimal, space } from './bytes.ts'
import { LEVELS_MAX } from './levels.ts'
import { READER } from './reader-binary.ts'
import { WebAssembly } from './webassembly.ts'

/**
 * Reads the frame in the `space` of bytes.ts as a program says that templates.ts assembled. Compiled from
 * assembly/reader.ts; it has read what it found into the arrays below, where the next frame overwrites it.
 */

/** Where something lies in the memory, or how much of it there is. */
type Constant =
  | 'VALUES'
  | 'PLACES'
  | 'PROGRAMS'
  | 'PRICES'
  | 'QUANTITIES'
  | 'PRICE_SCALES'
  | 'QUANTITY_SCALES'
  | 'SIDES'
  | 'PAIRS'
  | 'PAIR_BYTES'
  | 'RARES'
  | 'ENTRIES_MAX'

interface Exports extends Readonly<Record<Constant, { readonly value: number }>> {
  prepare(): void
  read(program: number, end: number, first: number): number
}

const module = new WebAssembly.Module(Buffer.from(READER, 'base64'))
const reader = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports
reader.prepare()

/** Where each number that a message may have lies among the values read. */
export const values = {
  sentUs: 0,
  engineUs: 1,
  firstSeq: 2,
  lastSeq: 3,
  prevSeq: 4,
  firstTradeId: 5,
  lastTradeId: 6,
} as const
export type Value = keyof typeof values

/** Where the offsets of a text lie, begin and end, or whether something is true. */
export const places = { symbol: 0, stream: 2, name: 4, isMaker: 6, unused: 7 } as const
export type Place = keyof typeof places
/** Places that say where two texts of one length are remembered, and whether they are: see `rememberPair`. */
const PAIR_SLOT = 13
const PAIR_FOUND = 14
/** The place that says how many numbers are left to `takeRares`. */
const RARE_COUNT = 15

const { buffer } = memory
const entriesMax = reader.ENTRIES_MAX.value

/** By `values`; NaN where the template has none. */
export const valuesRead = new Float64Array(buffer, reader.VALUES.value, 16)
/** By `places`; what was read before where the template has none. */
export const placesRead = new Int32Array(buffer, reader.PLACES.value, 16)
const prices = new Float64Array(buffer, reader.PRICES.value, entriesMax)
const quantities = new Float64Array(buffer, reader.QUANTITIES.value, entriesMax)
const priceScales = new Uint8Array(buffer, reader.PRICE_SCALES.value, entriesMax)
const quantityScales = new Uint8Array(buffer, reader.QUANTITY_SCALES.value, entriesMax)
const sides = new Uint8Array(buffer, reader.SIDES.value, entriesMax)
/** Of one frame: two columns of two numbers each. */
const rares = new Int32Array(buffer, reader.RARES.value, 4 * LEVELS_MAX)
/** Whose columns the reader writes into. */
let owner: EventBatch | null = null

/** Longer texts are not remembered. */
const PAIR_TEXT_BYTES = 16
const pairs = new Uint8Array(buffer, reader.PAIRS.value, 256 * 2 * PAIR_TEXT_BYTES)
const pairBytes = new Uint8Array(buffer, reader.PAIR_BYTES.value, 256)

/**
 * Of a frame with a symbol that is as long as what `before` read: the slot, 0 ... 255, where both are remembered
 * together, byte for byte; -1: they are not.
 */
export function pairRead(): number {
  return placesRead[PAIR_FOUND] === 1 ? (placesRead[PAIR_SLOT] as number) : -1
}

/**
 * Remembers both in the place of two others; the slot, -1: they are too long. What is remembered is one adapter's, which
 * knows what its slots mean; a second one needs slots of its own.
 */
export function rememberPair(firstAt: number, secondAt: number, length: number): number {
  if (length > PAIR_TEXT_BYTES) return -1
  const slot = placesRead[PAIR_SLOT] as number
  const at = 2 * slot * PAIR_TEXT_BYTES
  pairs.fill(0, at, at + 2 * PAIR_TEXT_BYTES)
  pairs.set(space.bytes.subarray(firstAt, firstAt + length), at)
  pairs.set(space.bytes.subarray(secondAt, secondAt + length), at + PAIR_TEXT_BYTES)
  pairBytes[slot] = length
  return slot
}

export function forgetPairs(): void {
  pairBytes.fill(0)
}

/** Room for programs, which are never given up: an adapter has as many as it has markets. */
export const programs = {
  next: reader.PROGRAMS.value,
  /** Lays one down; answers where it begins. */
  add(bytes: number, write: (view: DataView) => void): number {
    const at = this.next
    assert(at + bytes <= reader.PAIRS.value, 'there is room for the programs of all markets')
    write(new DataView(buffer, at, bytes))
    this.next = at + bytes
    return at
  },
}

/**
 * Reads the loaded frame as the template that it is written as, its entries into the columns of the batch; below 0: it is
 * written as none of the program's.
 */
export function readTemplate(program: number, out: EventBatch): number {
  if (out.price.mantissas !== prices && !lend(out)) return -1
  return reader.read(program, space.end, out.entryCount)
}

/**
 * Gives the batch the reader's own arrays for its entries, so that none is written twice; the batch that had them goes on
 * with copies. One that outgrows them has arrays of its own again, like any that grows. False: it has more entries already.
 */
function lend(out: EventBatch): boolean {
  if (owner?.price.mantissas === prices) {
    const kept = owner.entryCount + 1
    owner.price.mantissas = prices.slice(0, kept)
    owner.price.scales = priceScales.slice(0, kept)
    owner.quantity.mantissas = quantities.slice(0, kept)
    owner.quantity.scales = quantityScales.slice(0, kept)
    owner.side = sides.slice(0, kept)
  }
  const { price, quantity, side, entryCount } = out
  owner = null
  if (entryCount > entriesMax) return false
  prices.set(price.mantissas.subarray(0, entryCount))
  priceScales.set(price.scales.subarray(0, entryCount))
  quantities.set(quantity.mantissas.subarray(0, entryCount))
  quantityScales.set(quantity.scales.subarray(0, entryCount))
  sides.set(side.subarray(0, entryCount))
  price.mantissas = prices
  price.scales = priceScales
  quantity.mantissas = quantities
  quantity.scales = quantityScales
  out.side = sides
  owner = out
  return true
}

/** The index of the template that `readTemplate` found. */
export function templateOf(found: number): number {
  return found & 0xff
}

/**
 * Begins an event with what `readTemplate` found: its times, its sequences and its entries, whose event is not ended.
 * False: one is a number that no column takes, and the caller rolls back.
 */
export function takeEvent(found: number, out: EventBatch): boolean {
  out.reserveEvent()
  const event = out.count
  out.sentUs[event] = valuesRead[values.sentUs] as number
  out.engineUs[event] = valuesRead[values.engineUs] as number
  out.firstSeq[event] = valuesRead[values.firstSeq] as number
  out.lastSeq[event] = valuesRead[values.lastSeq] as number
  out.prevSeq[event] = valuesRead[values.prevSeq] as number
  out.entryCount += found >> 8
  const rareCount = placesRead[RARE_COUNT] as number
  return rareCount === 0 || takeRares(rareCount, out)
}

/** Numbers of more than 2^53, of more than 18 digits or with an exponent. */
function takeRares(count: number, out: EventBatch): boolean {
  for (let i = 0; i < count; i++) {
    const which = rares[2 * i] as number
    const column = (which & 1) === 0 ? out.price : out.quantity
    if (scanRareDecimal(rares[2 * i + 1] as number, column, which >> 1) === MISS) return false
  }
  return true
}
