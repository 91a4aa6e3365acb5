// Reads frames that are written as a template says (src/templates.ts), in AssemblyScript: eight times as many digits at
// once as a word of JavaScript holds, and whole numbers of 64 bits. `npm run wasm` compiles it into src/reader-binary.ts.
//
// A frame lies where src/bytes.ts puts it: at FRAME_AT, zeros before and behind it. So no load here asks for the end:
// what goes on past it meets a zero, which nothing takes for a digit, a quote or a key. Where bytes are skipped unread, and
// what another frame has left is taken for this one's, the place that is reached at last is not the frame's end.
//
// A program is a row of instructions of 48 bytes:
//
//     0 code   1 argument   2 bytes of the literal   3 where to go on without it   4 index or step   16 literal   32 mask
//
// An instruction is done when its literal stands at the place that was reached, behind it. If it does not: by byte 3
// that many instructions further, as if nothing had been asked; where byte 3 is 0, at the next alternative of the
// last TRY, or the frame is not ours.

import { order, othersIn, valueOf } from './digits'
import { beginEntries, entriesRead, levels, price, quantity, raresRead } from './entries'
import { FRAME_AT, MISS, PLACES, RARE_COUNT, SAFE_MAX, VALUES, ZERO, ZEROS } from './layout'
import { find, recall, text } from './texts'

export { prepare } from './digits'
export {
  ENTRIES_MAX,
  PAIR_BYTES,
  PAIRS,
  PLACES,
  PRICE_SCALES,
  PRICES,
  PROGRAMS,
  QUANTITIES,
  QUANTITY_SCALES,
  RARES,
  SIDES,
  VALUES,
} from './layout'

const LITERAL: u32 = 0
/** Argument: the value. A whole number 0 ... 2^53 - 1. */
const INTEGER: u32 = 1
/** Argument: the value. Milliseconds or microseconds since 1970, stored as microseconds; NaN before 2009-01-03. */
const TIME: u32 = 2
/** The price of the entry at hand, up to its closing quote. */
const PRICE: u32 = 3
/** Its quantity, with which it ends; argument: its side. */
const QUANTITY: u32 = 4
/** Levels `["1","1"],["1","1"]]` behind the list's `[`; argument: their side. */
const LEVELS: u32 = 5
/** Argument: the place. What stands before this byte (at 4), 1 ... 64 bytes, unread. */
const BEFORE: u32 = 6
/** Argument: the place. As many bytes as the last BEFORE passed by, unread; whether both were seen together before. */
const AS_LONG: u32 = 7
/** Argument: the place. Text of 1 ... 64 bytes without escapes, up to its closing quote. */
const TEXT: u32 = 8
/** The same of ASCII, kept nowhere. */
const ASCII: u32 = 9
/** Argument: the place. `true` is 1 and `false` 0. */
const TRUTH: u32 = 10
/** One digit, kept nowhere. */
const DIGIT: u32 = 11
/** What fails from here on is tried again as many instructions further as 4 says, from the argument's bytes before. */
const TRY: u32 = 12
// Any other code: the frame must end here; its template is the index at 4.

const INSTRUCTION: usize = 48

const TRUE: u32 = 0x65757274
const FALS: u32 = 0x736c6166
const MICROSECONDS_FROM: i64 = 1000000000000000
const EARLIEST_US: i64 = 1230940800000000
const NOT_OURS: i32 = -1

let number: i64 = 0

/** Reads a whole number into `number`. */
function integer(at: usize): usize {
  const text = v128.load(at)
  const bytes: u32 = ctz(othersIn(text) | 0x10000)
  if (bytes === 0 || (bytes > 1 && load<u8>(at) === ZERO)) return MISS
  number = valueOf(i8x16.sub(text, v128.load(ZEROS)), order(bytes, bytes))
  // A digit behind sixteen is none of what comes next.
  return number > SAFE_MAX ? MISS : at + bytes
}

/** No value is there. */
function forget(): void {
  const none = f64x2.splat(NaN)
  v128.store(VALUES, none)
  v128.store(VALUES, none, 16)
  v128.store(VALUES, none, 32)
  v128.store(VALUES, none, 48)
}

/**
 * Reads the frame that ends before `end`, its entries from `first` on: the index of the template that it is written as,
 * and 2^8 times its number of entries; -1: it is written as none. Values that a template does not have are NaN.
 */
export function read(program: usize, end: usize, first: u32): i32 {
  forget()
  beginEntries(first)
  let at = FRAME_AT
  let before: usize = 0
  let beforeAt: usize = 0
  let elseAt: usize = 0
  let elsewhere: usize = 0
  for (let pc = program; ; pc += INSTRUCTION) {
    const head = load<u32>(pc)
    const literal = v128.xor(v128.load(at), v128.load(pc, 16))
    let next = at + ((head >> 16) & 0xff)
    if (v128.any_true(v128.and(literal, v128.load(pc, 32)))) {
      if (head >> 24 !== 0) {
        pc += (<usize>(head >> 24) - 1) * INSTRUCTION
        continue
      }
      next = MISS
    } else {
      const argument = (head >> 8) & 0xff
      switch (head & 0xff) {
        case LITERAL:
          break
        case INTEGER: {
          next = integer(next)
          store<f64>(VALUES + (argument << 3), <f64>number)
          break
        }
        case TIME: {
          next = integer(next)
          const us = number >= MICROSECONDS_FROM ? number : number * 1000
          if (us > SAFE_MAX) next = MISS
          store<f64>(VALUES + (argument << 3), us < EARLIEST_US ? NaN : <f64>us)
          break
        }
        case PRICE: {
          next = price(next)
          break
        }
        case QUANTITY: {
          next = quantity(next, argument)
          break
        }
        case LEVELS: {
          next = levels(next, argument)
          break
        }
        case BEFORE: {
          store<u32>(PLACES + (argument << 2), <u32>next)
          beforeAt = next
          next = find(next, load<u8>(pc, 4))
          before = next === MISS ? 0 : next - beforeAt
          store<u32>(PLACES + (argument << 2), <u32>next, 4)
          break
        }
        case AS_LONG: {
          store<u32>(PLACES + (argument << 2), <u32>next)
          recall(beforeAt, next, before)
          next += before
          store<u32>(PLACES + (argument << 2), <u32>next, 4)
          break
        }
        case TEXT: {
          store<u32>(PLACES + (argument << 2), <u32>next)
          next = text(next, false)
          store<u32>(PLACES + (argument << 2), <u32>next, 4)
          break
        }
        case ASCII: {
          next = text(next, true)
          break
        }
        case TRUTH: {
          const head = load<u32>(next)
          const isFalse = head === FALS && load<u8>(next, 4) === 101
          store<u32>(PLACES + (argument << 2), isFalse ? 0 : 1)
          next = head === TRUE ? next + 4 : isFalse ? next + 5 : MISS
          break
        }
        case DIGIT: {
          next = <u8>(load<u8>(next) - ZERO) <= 9 ? next + 1 : MISS
          break
        }
        case TRY: {
          elsewhere = pc + <usize>load<u32>(pc, 4) * INSTRUCTION
          elseAt = next - argument
          break
        }
        default:
          if (next === end) {
            store<u32>(PLACES + (RARE_COUNT << 2), raresRead())
            return (entriesRead() << 8) | load<u32>(pc, 4)
          }
          next = MISS
      }
    }
    at = next
    if (next === MISS) {
      if (elsewhere === MISS) return NOT_OURS
      forget()
      beginEntries(first)
      at = elseAt
      pc = elsewhere - INSTRUCTION
      elsewhere = MISS
    }
  }
  return NOT_OURS
}
