/**
 * How often and how deep books are written. Rows depend on it, so it stands in the start record of a journal, and a replay
 * does the same.
 */
export interface ImageOptions {
  /** Width of a cell of the derived images, microseconds. */
  readonly derivedEveryUs: number
  /** Levels a side of a derived image; 0: none are made. */
  readonly derivedLevels: number
  readonly checkpointEveryUs: number
  /** Levels a side that a book keeps. A book that stands keeps its own until it begins anew. */
  readonly depthCap: number
}
