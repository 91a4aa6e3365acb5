/** The rate is taken over this many recent spans of SPAN_US: five minutes, long enough for the disk's bursts. */
const SPANS = 60
const SPAN_US = 5_000_000

/** How fast the journal grows on the disk, from what was written lately. */
export class WriteRate {
  readonly #bytes = new Float64Array(SPANS)
  readonly #startUs: number
  #span: number

  constructor(nowUs: number) {
    this.#startUs = nowUs
    this.#span = Math.floor(nowUs / SPAN_US)
  }

  add(nowUs: number, bytes: number): void {
    this.#moveTo(nowUs)
    this.#bytes[this.#span % SPANS]! += bytes
  }

  /** Bytes per second over the last five minutes, or since the beginning when that is shorter; 0 at first. */
  perSecond(nowUs: number): number {
    this.#moveTo(nowUs)
    const oldestUs = Math.max(this.#startUs, (this.#span - SPANS + 1) * SPAN_US)
    const seconds = (nowUs - oldestUs) / 1e6
    return seconds <= 0 ? 0 : this.#bytes.reduce((sum, bytes) => sum + bytes, 0) / seconds
  }

  /** A clock that went back leaves the rate as it was. */
  #moveTo(nowUs: number): void {
    const span = Math.floor(nowUs / SPAN_US)
    for (let next = Math.max(this.#span + 1, span - SPANS + 1); next <= span; next++) {
      this.#bytes[next % SPANS] = 0
    }
    this.#span = Math.max(this.#span, span)
  }
}
