/**
 * The names of a stream's last messages, as hashes (`textHash`), to know a message that comes again.
 *
 * A ring of at most `capacity` hashes, oldest first, with a set to find them; both are part of the state image by
 * `hashes`. The ring grows with what it holds: most keys of a market are quiet.
 */
export class IdWindow {
  capacity: number
  /** Of the repeats that this process found the one farthest back: how many hashes were added since. No state. */
  farthest = 0
  private ring: number[] = []
  /** With how many hashes had been added when it was. */
  private readonly known = new Map<number, number>()
  private added = 0
  /** Where the oldest hash lies once the ring is full. */
  private oldest = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** How many hashes are remembered. */
  get count(): number {
    return this.ring.length
  }

  /** Remembers a hash. False: it is remembered already, and stays where it is. */
  add(hash: number): boolean {
    const { known, ring } = this
    const before = known.get(hash)
    if (before !== undefined) {
      this.farthest = Math.max(this.farthest, this.added - before)
      return false
    }
    known.set(hash, this.added)
    this.added += 1
    if (ring.length < this.capacity) {
      ring.push(hash)
      return true
    }
    known.delete(ring[this.oldest] as number)
    ring[this.oldest] = hash
    this.oldest = (this.oldest + 1) % this.capacity
    return true
  }

  /** Remembers this many from now on; what is too much is forgotten, the oldest first. */
  resize(capacity: number): void {
    if (capacity === this.capacity) return
    const kept = this.hashes()
    for (const hash of kept.splice(0, Math.max(0, kept.length - capacity))) this.known.delete(hash)
    this.ring = kept
    this.oldest = 0
    this.capacity = capacity
  }

  /** Oldest first. */
  hashes(): number[] {
    return [...this.ring.slice(this.oldest), ...this.ring.slice(0, this.oldest)]
  }
}
