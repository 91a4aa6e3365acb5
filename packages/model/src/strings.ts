import { assert } from './assert.ts'

/** Longest symbol or stream name accepted from the wire, in bytes (design section 10). */
export const SYMBOL_BYTES_MAX = 64
/** Distinct names one table holds; beyond it the caller refuses the message. */
export const STRINGS_MAX = 1 << 17

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Strings as small integers, looked up straight from wire bytes without making a string.
 *
 * Ids are dense from 0 in order of first sight and mean something only inside one table.
 * Names come from outside, so they index typed arrays and a probe sequence, never an object.
 */
export class StringTable {
  private readonly texts: string[] = []
  private readonly spans: Uint8Array[] = []
  private readonly hashes: number[] = []
  private slots = new Int32Array(256).fill(-1)
  /** Ids by the texts that `idOf` was asked for: to encode one costs as much as to write a row. */
  private readonly asked = new Map<string, number>()

  get count(): number {
    return this.texts.length
  }

  /** The text of an id that this table gave out. */
  text(id: number): string {
    const text = this.texts[id]
    assert(text !== undefined, 'the id was given out by this table')
    return text
  }

  /** The id of a text, adding it when new. */
  idOf(text: string): number {
    const known = this.asked.get(text)
    if (known !== undefined) return known
    const bytes = encoder.encode(text)
    const id = this.idOfBytes(bytes, 0, bytes.length)
    if (id >= 0) this.asked.set(text, id)
    return id
  }

  /**
   * The id of the UTF-8 bytes `start ... end - 1`, adding them when new.
   *
   * Returns -1, never throws, when the bytes are not UTF-8 or the table is full: both are the sender's doing.
   */
  idOfBytes(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
    const mask = this.slots.length - 1
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot] as number
      if (id === -1) return this.add(new Uint8Array(bytes.subarray(start, end)), hash, slot)
      if (this.hashes[id] === hash && sameBytes(this.spans[id] as Uint8Array, bytes, start, end)) return id
    }
  }

  private add(span: Uint8Array, hash: number, slot: number): number {
    if (this.texts.length >= STRINGS_MAX) return -1
    let text: string
    try {
      text = decoder.decode(span)
    } catch {
      return -1
    }
    const id = this.texts.length
    this.texts.push(text)
    this.spans.push(span)
    this.hashes.push(hash)
    this.slots[slot] = id
    if (this.texts.length * 2 > this.slots.length) this.grow()
    return id
  }

  private grow(): void {
    const mask = this.slots.length * 2 - 1
    this.slots = new Int32Array(mask + 1).fill(-1)
    this.hashes.forEach((hash, id) => {
      let slot = (hash ^ (hash >>> 15)) & mask
      while (this.slots[slot] !== -1) slot = (slot + 1) & mask
      this.slots[slot] = id
    })
  }
}

function sameBytes(span: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (span.length !== end - start) return false
  for (let i = 0; i < span.length; i++) if (span[i] !== bytes[start + i]) return false
  return true
}
