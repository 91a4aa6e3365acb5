/** Emission defaults of the data contract (docs/tables.md). */
export const images = {
  derivedEveryUs: 100_000,
  derivedLevels: 20,
  checkpointEveryUs: 60_000_000,
  depthCap: 2000,
} as const
