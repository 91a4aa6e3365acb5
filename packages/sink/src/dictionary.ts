import type { StringTable } from '@cryptoflow/model'

/** The names that a column really uses. */
export interface Dictionary {
  /** Ids of the string table, ascending by the UTF-8 bytes of their text. */
  readonly ids: readonly number[]
  /** Place in `ids` by string table id; -1 for names that do not occur. */
  readonly slots: Int32Array
}

/** Collects the names of the given rows. */
export function dictionaryOf(values: Int32Array, names: StringTable, rows: Uint32Array): Dictionary {
  const slots = new Int32Array(names.count).fill(-1)
  const ids: number[] = []
  for (let i = 0; i < rows.length; i++) {
    const id = values[rows[i] as number] as number
    if (id < 0 || slots[id] === 0) continue
    slots[id] = 0
    ids.push(id)
  }
  ids.sort((a, b) => compareUtf8(names.text(a), names.text(b)))
  ids.forEach((id, slot) => {
    slots[id] = slot
  })
  return { ids, slots }
}

/**
 * Compares well-formed texts as their UTF-8 bytes compare, which is by code point. UTF-16 order differs in one
 * thing: it puts surrogates (code points from 0x10000) below U+E000.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i)
    const unitB = b.charCodeAt(i)
    if (unitA !== unitB) return codePointRank(unitA) - codePointRank(unitB)
  }
  return a.length - b.length
}

function codePointRank(unit: number): number {
  return (unit & 0xf800) === 0xd800 ? unit + 0x10000 : unit
}
