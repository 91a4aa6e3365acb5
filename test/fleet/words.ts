import type { DataFileOffer, DurableStep, TableName } from '@cryptoflow/model'

/** What a process of a fleet is told, as JSON in its only argument. */
export interface MemberOptions {
  readonly warehouse: string
  /** The journal that it writes; null: it only commits, until it is killed. */
  readonly journal: string | null
  /** Whether a writer commits as well. */
  readonly commits: boolean
  /** Epochs after which it settles and ends; null: never. */
  readonly epochs: number | null
  readonly drill: { readonly step: DurableStep; readonly passage: number; readonly report: string } | null
}

export const NAMESPACE = 'cryptoflow'
export const CATALOG = 'cryptoflow'
export const served: readonly TableName[] = ['ticks', 'bbo']

/** Every record has a row in the first table, each third one in the second. */
export function holds(table: TableName, record: number): boolean {
  return table === 'ticks' || record % 3 === 0
}

/** What is the same of all files. */
export const plainOffer: Omit<DataFileOffer, 'location' | 'rows' | 'bytes'> = {
  partition: [20_000, 'x'],
  valueCounts: {},
  nullCounts: {},
  lowerBounds: {},
  upperBounds: {},
  splitOffsets: [],
  schemaId: 0,
  specId: 0,
}
