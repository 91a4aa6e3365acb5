import {
  type ControlEntry,
  type DataFileOffer,
  type DurableStep,
  durableSteps,
  type EpochRequest,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import { createCommitter } from '../committer.ts'
import { tableDefinition } from '../definition.ts'
import { type MemoryCatalog, memoryCatalog, type PostFault } from '../memory-catalog.ts'
import { memoryLedger } from '../memory-ledger.ts'
import { createEpochWriter } from '../writer.ts'
import { type Journal, namespace, Oracle, served } from './oracle.ts'
import { around } from './ports.ts'
import { restingClock } from './requests.ts'

/**
 * What every other post to the catalog meets, by chance.
 *
 * ok                  it is answered
 * conflict            somebody else was faster
 * applied-but-error   it is applied, and nobody is told
 * not-applied-error   nothing happens, and nobody is told
 * slow                nobody is told, and it is applied behind the next load
 * zombie              nobody is told, and it arrives two posts later, or when all is over
 */
export const catalogModes = [
  'ok',
  'conflict',
  'applied-but-error',
  'not-applied-error',
  'slow',
  'zombie',
] as const
/** The same for writes of the ledger; a conflict is a database that another process holds. */
export const ledgerModes = ['ok', 'conflict', 'applied-but-error'] as const
/** In the middle of a durable step a process dies before, or after, what makes it durable; null: nobody dies. */
export const deaths = ['before', 'after'] as const

/** One run of the matrix. */
export interface Cell {
  readonly step: DurableStep
  /** Which passage of the step with data in flight, from 1. */
  readonly passage: number
  readonly catalog: (typeof catalogModes)[number]
  readonly ledger: (typeof ledgerModes)[number]
  readonly death: (typeof deaths)[number] | null
}

export interface CellVerdict {
  /** Null: every row is in its tables once, and everything is released. */
  readonly violation: string | null
  /** Records that the journal had and no table had for certain when the process died; 0: it did not. */
  readonly inFlight: number
}

const RECORDS = 12
/** Turns of a life; a writer and a committer that can go on need far fewer. */
const TURNS_MAX = 60
const FOREVER = new Promise<never>(() => {})

/** Every cell: each step, passage and death with each mode, and the modes without any death. */
export function allCells(passages: number): Cell[] {
  const modes = catalogModes.flatMap((catalog) => ledgerModes.map((ledger) => ({ catalog, ledger })))
  return modes.flatMap((mode) => [
    { ...mode, step: 'seal' as const, passage: 1, death: null },
    ...durableSteps.flatMap((step) =>
      deaths.flatMap((death) =>
        Array.from({ length: passages }, (_, i) => ({ ...mode, step, passage: i + 1, death })),
      ),
    ),
  ])
}

/** Plays a cell: a process that journals, cuts, seals and commits, its death, and the process after it. */
export async function playCell(cell: Cell): Promise<CellVerdict> {
  const world = new World(cell)
  await world.live(2)
  // The next process cuts elsewhere.
  if (world.inFlight > 0) await world.live(3)
  return { violation: world.verdict(), inFlight: world.inFlight }
}

class World {
  readonly #cell: Cell
  readonly #catalog = memoryCatalog()
  readonly #ledger = memoryLedger()
  readonly #oracle = new Oracle(this.#catalog)
  readonly #log: ControlEntry[] = []
  readonly #journal: Journal = { tag: 'J', lives: [{ writer: 'w', log: this.#log, begin: 1 }] }
  #records = 0
  #released = 0
  #passages = 0
  #posts = 0
  readonly #chance = seededChance(1)
  /** Posts on their way, by the number of the post before which they arrive. */
  #landAt: number[] = []
  #landsAtLoad = 0
  #ids = 0
  #violation: string | null = null
  inFlight = 0

  constructor(cell: Cell) {
    this.#cell = cell
    this.#catalog.fault = () => this.#postFault()
    this.#ledger.fault = () => {
      const { ledger } = this.#cell
      if (ledger === 'ok' || this.#chance.below(2) === 0) return 'none'
      return ledger === 'conflict' ? 'error' : ledger
    }
  }

  /** A process from its start to its death, or until everything is in the tables and released. */
  async live(stride: number): Promise<void> {
    const death = Promise.withResolvers<void>()
    await Promise.race([this.#run(stride, death.resolve), death.promise])
  }

  verdict(): string | null {
    while (this.#catalog.land());
    const last = this.#log.findLast((entry) => entry.kind === 'seal')
    if (last?.kind !== 'seal' || last.to !== RECORDS) return 'not everything was sealed'
    const released = this.#log.findLast((entry) => entry.kind === 'released')
    if (released?.epoch !== last.epoch) return 'not everything was released'
    return this.#violation ?? this.#oracle.doubled() ?? this.#oracle.missing([this.#journal])
  }

  async #run(stride: number, die: () => void): Promise<void> {
    const at = <T>(step: DurableStep, apply: () => Promise<T>): Promise<T> => this.#pass(step, apply, die)
    const writer = createEpochWriter({
      log: {
        entries: this.#log,
        append: (entry) => {
          const apply = async (): Promise<void> => this.#append(entry)
          if (entry.kind === 'seal') return at('seal', apply)
          return entry.kind === 'released' ? at('release', apply) : apply()
        },
      },
      ledger: this.#ledgerOf(at),
      clock: restingClock,
      writer: 'w',
      name: 'w',
    })
    const catalog = this.#catalogOf(at)
    const committer = createCommitter({
      catalog,
      ledger: this.#ledgerOf(at),
      append: (...call) => at('manifest-write', () => this.#catalog.append(...call)),
      exists: async (location) => this.#oracle.has(location),
      tables: Object.fromEntries(served.map((table) => [table, tableDefinition(tables[table])])),
      namespace,
      clock: restingClock,
      chance: seededChance(stride),
    })
    await writer.resume()
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      const last = writer.state.lastSealed
      const [epoch, sealed] = [last?.epoch ?? 0, last?.to ?? 0]
      if (this.#records < RECORDS)
        await at('journal-write', async () => {
          this.#records += 1
        })
      const isDue = this.#records - sealed >= stride || this.#records === RECORDS
      if (isDue && sealed < this.#records && writer.state.canSeal) {
        await writer.submit({ request: await this.#cut(at, epoch + 1, sealed + 1), image: 'image' })
      }
      const halted = [...(await committer.runRound()).values()].find(({ kind }) => kind === 'halted')
      if (halted?.kind === 'halted') this.#violation ??= halted.why
      await writer.settle()
      const { state } = writer
      if (state.lastSealed?.to === RECORDS && state.sealed + state.accepted === 0) return
    }
    this.#violation ??= 'a process went on without an end'
  }

  /** Passes a durable step, or dies in it: then nothing of the process ever goes on. */
  async #pass<T>(step: DurableStep, apply: () => Promise<T>, die: () => void): Promise<T> {
    const { death, passage } = this.#cell
    const inFlight = this.#records - this.#released + (step === 'journal-write' ? 1 : 0)
    const isHere = this.inFlight === 0 && death !== null && step === this.#cell.step && inFlight > 0
    if (!isHere || ++this.#passages < passage) return apply()
    this.inFlight = inFlight
    if (death === 'after') await apply().catch(() => {})
    die()
    return FOREVER
  }

  #append(entry: ControlEntry): void {
    if (entry.kind === 'released') {
      const seal = this.#log.find((each) => each.kind === 'seal' && each.epoch === entry.epoch)
      this.#released = seal?.kind === 'seal' ? seal.to : this.#released
      this.#violation ??= this.#oracle.missingOf(this.#journal.lives[0]!, entry.epoch)
    }
    this.#log.push(entry)
  }

  async #cut(at: Passing, epoch: number, from: number): Promise<EpochRequest> {
    const to = this.#records
    const named: Partial<Record<TableName, readonly DataFileOffer[]>> = {}
    for (const table of served) {
      const id = `w-${++this.#ids}`
      const files = this.#oracle.offer('J', { id, table, ranges: [{ from, to }] })
      if (files.length > 0) named[table] = await at('file-write', async () => files)
    }
    await at('image-write', async () => {})
    const range = { writer: 'w', epoch, from, to, tables: named as EpochRequest['tables'] }
    return { ...range, progress: {}, sealedAtMs: epoch * 1_000, version: 'matrix' }
  }

  #ledgerOf(at: Passing): ReturnType<typeof memoryLedger> {
    return around(this.#ledger, (method, call) => {
      if (method === 'put') return at('ledger-put', call)
      return method === 'mark' ? at('mark', call) : call()
    })
  }

  #catalogOf(at: Passing): MemoryCatalog {
    return around(this.#catalog, (method, call) => {
      if (method === 'load') return this.#load(call)
      return method === 'commit' ? at('catalog-swap', call) : call()
    })
  }

  /** A slow post arrives behind the load that did not see it. */
  async #load<T>(call: () => Promise<T>): Promise<T> {
    const table = await call()
    for (; this.#landsAtLoad > 0; this.#landsAtLoad--) this.#catalog.land()
    this.#violation ??= this.#oracle.doubled()
    return table
  }

  #postFault(): PostFault {
    this.#posts += 1
    while (this.#landAt[0] !== undefined && this.#landAt[0] <= this.#posts) {
      this.#landAt.shift()
      this.#catalog.land()
    }
    if (this.#chance.below(2) === 0) return 'none'
    switch (this.#cell.catalog) {
      case 'ok':
        return 'none'
      case 'conflict':
        for (const table of served) {
          const name = { namespace, name: table }
          if (this.#catalog.look(name) !== null) this.#catalog.foreign(name, 'append')
        }
        return 'none'
      case 'applied-but-error':
        return 'applied-unknown'
      case 'not-applied-error':
        return 'lost'
      case 'slow':
        this.#landsAtLoad += 1
        return 'delayed'
      case 'zombie':
        this.#landAt.push(this.#posts + 2)
        return 'delayed'
    }
  }
}

type Passing = <T>(step: DurableStep, apply: () => Promise<T>) => Promise<T>
