import type { TableMetadata } from '@cryptoflow/iceberg'
import {
  assert,
  type ControlEntry,
  type DataFileOffer,
  type EpochRequest,
  type SealEntry,
  type TableName,
} from '@cryptoflow/model'
import type { MemoryCatalog } from '../memory-catalog.ts'

export const served: readonly TableName[] = ['ticks', 'gaps']
export const namespace = 'market'

/** Records of a journal, both ends included. */
export interface Range {
  readonly from: number
  readonly to: number
}

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
  readonly #asked = new Set<string>()
  readonly #lost = new Set<string>()

  constructor(catalog: MemoryCatalog) {
    this.#catalog = catalog
  }

  has(location: string): boolean {
    this.#asked.add(location)
    return this.#rows.has(location) && !this.#lost.has(location)
  }

  /** A file of these requests that nobody has looked for yet: what is found and lost afterwards is beyond any rule. */
  losable(requests: readonly EpochRequest[]): string | undefined {
    const files = requests.flatMap(({ tables }) => Object.values(tables).flat())
    return files.find(({ location }) => !this.#asked.has(location) && !this.#lost.has(location))?.location
  }

  lose(location: string): void {
    this.#lost.add(location)
  }

  /** The file of one table for records of these ranges; none when they have no row there. */
  offer(tag: string, cut: { id: string; table: TableName; ranges: readonly Range[] }): DataFileOffer[] {
    const frames = cut.ranges.flatMap(({ from, to }) =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i),
    )
    const rows = frames.filter((frame) => holds(cut.table, frame)).map((frame) => `${tag}:${frame}`)
    if (rows.length === 0) return []
    const location = `${cut.id}-${cut.table}.parquet`
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
    const there = files.filter(({ location }) => !this.#lost.has(location))
    return there.flatMap(({ location }) => this.#rows.get(location) ?? [])
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
