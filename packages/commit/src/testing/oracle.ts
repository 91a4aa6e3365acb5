import type { TableMetadata } from '@cryptoflow/iceberg'
import {
  assert,
  type ControlEntry,
  type DataFileOffer,
  type SealEntry,
  type TableName,
} from '@cryptoflow/model'
import type { MemoryCatalog } from '../memory-catalog.ts'

export const served: readonly TableName[] = ['ticks', 'gaps']
export const namespace = 'market'

/** A disk: rows of its records are named by its tag, and it may have led several lives. */
export interface Journal {
  readonly tag: string
  readonly lives: Life[]
}

/** One writer id with its control log. */
export interface Life {
  readonly writer: string
  readonly log: ControlEntry[]
  /** First record that this id may seal. */
  readonly begin: number
}

/** Knows which rows every data file holds, and compares what journals sealed with what tables show. */
export class Oracle {
  readonly #catalog: MemoryCatalog
  readonly #rows = new Map<string, readonly string[]>()
  readonly #checked = new Map<TableName, TableMetadata | undefined>()

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  has(location: string): boolean {
    return this.#rows.has(location)
  }

  /** The file of one table for records `from` to `to`; none when they have no row there. */
  offer(tag: string, cut: { id: string; table: TableName; from: number; to: number }): DataFileOffer[] {
    const rows: string[] = []
    for (let frame = cut.from; frame <= cut.to; frame++) {
      if (holds(cut.table, frame)) rows.push(`${tag}:${frame}`)
    }
    if (rows.length === 0) return []
    const location = `${cut.id}-${cut.table}-${cut.from}-${cut.to}.parquet`
    this.#rows.set(location, rows)
    return [{ ...plainOffer, location, rows: rows.length }]
  }

  /** I1: a row that is twice in a table; asked after every step, answered when a table has changed. */
  doubled(): string | null {
    for (const table of served) {
      const metadata = this.#catalog.look({ namespace, name: table })?.metadata
      if (metadata === this.#checked.get(table)) continue
      this.#checked.set(table, metadata)
      const stored = this.#stored(table)
      const row = stored.find((candidate, index) => stored.indexOf(candidate) !== index)
      if (row !== undefined) return `row ${row} is twice in ${table}`
    }
    return null
  }

  /** I2: a row of an epoch that is not in a table it belongs to. */
  missingOf(life: Life, epoch: number): string | null {
    const seal = life.log.find((entry) => entry.kind === 'seal' && entry.epoch === epoch)
    assert(seal?.kind === 'seal', 'what is released was sealed')
    return this.#missing([seal])
  }

  /** I2, I3 in the end: a sealed row below its id's fence that is in no table. */
  missing(journals: readonly Journal[]): string | null {
    const seals = journals.flatMap(({ lives }) => lives.flatMap(({ log }) => ownSeals(log)))
    return this.#missing(seals)
  }

  #missing(seals: readonly SealEntry[]): string | null {
    for (const table of served) {
      const stored = new Set(this.#stored(table))
      const files = seals.flatMap(({ request }) => request.tables[table] ?? [])
      const rows = files.flatMap(({ location }) => this.#rows.get(location) ?? [])
      const row = rows.find((candidate) => !stored.has(candidate))
      if (row !== undefined) return `row ${row} is not in ${table}`
    }
    return null
  }

  #stored(table: TableName): string[] {
    const files = this.#catalog.look({ namespace, name: table })?.files ?? []
    return files.flatMap(({ location }) => this.#rows.get(location) ?? [])
  }
}

function ownSeals(log: readonly ControlEntry[]): SealEntry[] {
  const fence = log.findLast((entry) => entry.kind === 'fenced')?.epoch ?? Number.POSITIVE_INFINITY
  return log.filter((entry) => entry.kind === 'seal').filter(({ epoch }) => epoch < fence)
}

/** Every record has ticks but each third, which has a gap; each fourth has a gap, too. */
function holds(table: TableName, frame: number): boolean {
  return table === 'gaps' ? frame % 3 === 0 || frame % 4 === 0 : frame % 3 !== 0
}

const plainOffer: Omit<DataFileOffer, 'location' | 'rows'> = {
  bytes: 1,
  partition: [],
  valueCounts: {},
  nullCounts: {},
  lowerBounds: {},
  upperBounds: {},
  splitOffsets: [],
  schemaId: 0,
  specId: 0,
}
