/** Connections counted one by one; what comes after them counts under 0. More are never open at once. */
const CONNECTIONS_MAX = 100_000

/**
 * The stretch in which the disk was full: what its owner needs to write the hole down. Nothing of it is in the
 * journal yet.
 */
export interface Hole {
  /** Last record before it. */
  readonly lastRecord: number
  /** When the disk was found full and when it took records again, microseconds since 1970. */
  readonly fromUs: number
  readonly toUs: number
  /** Records refused per connection; 0 for those without one. */
  readonly refused: ReadonlyMap<number, number>
  readonly records: number
  readonly bytes: number
}

/** Counts what a full journal does not take. */
export class Refusals {
  readonly fromUs: number
  readonly counts = new Map<number, number>()
  records = 0
  bytes = 0

  constructor(fromUs: number) {
    this.fromUs = fromUs
  }

  add(connection: number, bytes: number): void {
    const key = this.counts.has(connection) || this.counts.size < CONNECTIONS_MAX ? connection : 0
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
    this.records += 1
    this.bytes += bytes
  }

  hole(lastRecord: number, toUs: number): Hole {
    const { fromUs, counts, records, bytes } = this
    return { lastRecord, fromUs, toUs, refused: counts, records, bytes }
  }
}
