/** When a disk will be full, by what became of its free bytes: whoever writes there counts, and retention too. */
export interface DiskForecast {
  /** What is free now. */
  look(nowUs: number, freeBytes: number): void
  /** Seconds from the last look on; Infinity while nothing is known, or nothing is lost. */
  fullInSeconds(): number
}

/** Looks further apart than this say nothing about now. */
const WINDOW_US = 600_000_000
/** Looks closer than this say nothing: files are written in lumps. */
const SPAN_US_MIN = 60_000_000

export function openDiskForecast(): DiskForecast {
  let looks: { readonly us: number; readonly freeBytes: number }[] = []
  return {
    look(us, freeBytes) {
      looks = [...looks.filter((look) => us - look.us <= WINDOW_US), { us, freeBytes }]
    },
    fullInSeconds() {
      const first = looks[0]
      const last = looks.at(-1)
      if (first === undefined || last === undefined) return Number.POSITIVE_INFINITY
      const lost = first.freeBytes - last.freeBytes
      if (last.us - first.us < SPAN_US_MIN || lost <= 0) return Number.POSITIVE_INFINITY
      return ((last.us - first.us) / 1e6) * (last.freeBytes / lost)
    },
  }
}
