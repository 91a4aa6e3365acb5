import { assert } from '@cryptoflow/model'
import { BookKeeper } from './book-keeper.ts'
import { HELD_BOUNDS } from './held.ts'
import type { Keeper, KeyState } from './key-state.ts'
import { type NormalizerOptions, requestOf } from './normalizer-options.ts'
import type { StreamState } from './stream.ts'
import { StreamKeeper } from './stream-keeper.ts'
import { type Digits, UNKNOWN_DIGITS } from './top.ts'

/** The book of a key, by where books of its stream begin; what it loads has `depthCap` levels a side at most. */
export function makeKeeper(
  { wantSnapshot, held = HELD_BOUNDS }: NormalizerOptions,
  depthCap: () => number,
  state: KeyState,
  { spec: { name, book } }: StreamState,
): Keeper {
  assert(book !== null, 'a book stream has a book rule')
  const ask = (resync: number): void => wantSnapshot(requestOf(state.key, name, resync))
  const common = { stream: name, depthCap, held, counters: state.counters, ask }
  if (book.origin === 'rest') return new BookKeeper({ ...common, rule: book })
  const digits = (): Digits => state.instrument?.digits ?? UNKNOWN_DIGITS
  return new StreamKeeper({ ...common, rule: book, digits })
}
