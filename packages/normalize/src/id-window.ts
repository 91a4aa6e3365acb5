/**
 * The names of a stream's last messages, as hashes (`textHash`), to know a message that comes again.
 *
 * A ring of at most `capacity` hashes, oldest first, with a set to find them; both are part of the state image by
 * `hashes`. The ring grows with what it holds: most keys of a market are quiet.
 */
export class IdWindow {
  readonly capacity: number
  private readonly ring: number[] = []
  private readonly known = new Set<number>()
  /** Where the oldest hash lies once the ring is full. */
  private oldest = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Remembers a hash. False: it is remembered already, and stays where it is. */
  add(hash: number): boolean {
    const { known, ring } = this
    if (known.has(hash)) return false
    known.add(hash)
    if (ring.length < this.capacity) {
      ring.push(hash)
      return true
    }
    known.delete(ring[this.oldest] as number)
    ring[this.oldest] = hash
    this.oldest = (this.oldest + 1) % this.capacity
    return true
  }

  /** Oldest first. */
  hashes(): number[] {
    return [...this.ring.slice(this.oldest), ...this.ring.slice(0, this.oldest)]
  }
}
