/**
 * A hash of a text, 0 ... 2^53 - 1, to see whether it is still the same.
 *
 * Two FNV-1a hashes with different bases and primes over the UTF-16 units, the last bits of the second above the
 * first. Part of the state image: another function is another version of it. Two texts that one key has one after
 * the other are taken for the same once in 2^53.
 */
export function textHash(text: string): number {
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x85ebca6b)
  }
  return ((high ^ (high >>> 11)) & 0x1fffff) * 0x1_0000_0000 + (low >>> 0)
}
