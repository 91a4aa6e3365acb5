import { basename } from 'node:path'
import { type CommitLedger, type MemoryCatalog, memoryCatalog, memoryLedger } from '@cryptoflow/commit'
import { type MemoryDisk, memoryDisk } from '@cryptoflow/journal/memory-disk'
import type { ObjectStore } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import type { Death, Life, Mischance } from './life.ts'
import type { Fault } from './plan.ts'
import type { Trace } from './trace.ts'

/** Everything that outlives a process: its disk, the object store, the ledger, the catalog. */
export interface Machine {
  readonly disk: MemoryDisk
  /** Data files by their key. */
  readonly objects: ReadonlyMap<string, Uint8Array>
  readonly catalog: MemoryCatalog
  /** What a process sees of it, as long as it lives. */
  serve(life: Life): Served
  /** A process is killed, with or without the power. */
  died(death: Death, fault: Fault): void
  /** A process ended by itself. */
  ended(): void
  /** Lets happen what is due by now, apart from processes: a disk that fills, writes that land late, other engines. */
  tick(nowMs: number): void
  /** Nothing goes wrong from now on; everything late lands. */
  heal(): void
}

export interface Served {
  readonly disk: MemoryDisk
  readonly store: ObjectStore & { discard(key: string): Promise<void> }
  readonly ledger: CommitLedger
  readonly catalog: Pick<MemoryCatalog, 'load' | 'create' | 'commit' | 'append'>
}

const UNIT_MS = 10
/** Room that is left when a disk fills up. */
const ROOM_BYTES = 600
/** Chance that a write that is late lands in a tick. */
const LANDS = 0.2

export function openMachine(mischance: Mischance, trace: Trace, chance: Chance): Machine {
  let disk = memoryDisk()
  let fullUntilMs = -1
  /** Where each object lies that no `put` has promised yet. */
  const unproven = new Set<string>()
  const objects = new Map<string, Uint8Array>()
  const ledger = memoryLedger()
  const catalog = memoryCatalog()
  ledger.fault = () => {
    if (mischance.due('ledger-error') !== null) return 'error'
    if (mischance.due('ledger-unknown') !== null) return 'applied-but-error'
    return mischance.due('ledger-late') === null ? 'none' : 'delayed'
  }
  catalog.fault = () => {
    if (mischance.due('catalog-unknown') !== null) return 'applied-unknown'
    if (mischance.due('catalog-lost') !== null) return 'lost'
    return mischance.due('catalog-late') === null ? 'none' : 'delayed'
  }
  /** What a power cut leaves of files that were being written. */
  const tear = (own: Chance): void => {
    for (const key of unproven) {
      const bytes = objects.get(key)
      if (bytes === undefined || own.hits(0.3)) continue
      if (own.hits(0.5)) objects.delete(key)
      else objects.set(key, bytes.slice(0, own.below(bytes.length)))
    }
  }
  const fill = (fault: Fault, nowMs: number): void => {
    fullUntilMs = nowMs + fault.count * UNIT_MS
    disk.capacityBytes = disk.usedBytes + ROOM_BYTES
    trace.note('the disk is full')
  }
  /** The next process finds a disk that the one before cannot reach any more. */
  const replace = (next: MemoryDisk): void => {
    next.capacityBytes = disk.capacityBytes
    disk = next
  }
  return {
    get disk() {
      return disk
    },
    objects,
    catalog,
    serve(life) {
      const own = disk
      own.before = async (operation, path) => {
        await life.step(`${operation} ${nameOf(path)}`, 'late-disk')
        return undefined
      }
      return {
        disk: own,
        store: storeOf(life, mischance, objects, unproven),
        ledger: passing(life, 'ledger', ledger, ledgerCalls),
        catalog: passing(life, 'catalog', catalog, ['load', 'create', 'commit', 'append']),
      }
    },
    died(death, fault) {
      trace.note(death)
      const own = seededChance(fault.seed)
      replace(death === 'power' ? disk.powerCut(own) : disk.left())
      if (death === 'power') tear(own)
      unproven.clear()
    },
    ended: () => replace(disk.left()),
    tick(nowMs) {
      const full = mischance.once('full')
      if (full !== null) fill(full, nowMs)
      else if (nowMs >= fullUntilMs) disk.capacityBytes = Number.POSITIVE_INFINITY
      if (chance.hits(LANDS)) ledger.land()
      if (chance.hits(LANDS)) catalog.land()
      if (mischance.due('catalog-foreign') !== null) disturb(catalog, chance)
    },
    heal() {
      disk.capacityBytes = Number.POSITIVE_INFINITY
      while (ledger.land() || catalog.land());
    },
  }
}

const ledgerCalls = [
  'register',
  'writers',
  'put',
  'item',
  'consecutive',
  'following',
  'mark',
  'unmarked',
  'hasMarks',
  'end',
  'retire',
] as const satisfies readonly (keyof CommitLedger)[]

/** The same calls, each with a step of the process before and after. */
function passing<T extends object, K extends keyof T & string>(
  life: Life,
  name: string,
  port: T,
  calls: readonly K[],
): T {
  const own = calls.map((call) => {
    const work = port[call] as (...given: unknown[]) => Promise<unknown>
    return [call, (...given: unknown[]) => life.act(`${name} ${call}`, () => work(...given))]
  })
  return { ...port, ...Object.fromEntries(own) }
}

function storeOf(
  life: Life,
  mischance: Mischance,
  objects: Map<string, Uint8Array>,
  unproven: Set<string>,
): Served['store'] {
  return {
    location: (key) => key,
    async put(key, bytes) {
      await life.step(`put ${tableOf(key)}`, 'late-store')
      if (mischance.due('store-full') !== null) throw noRoom(key)
      unproven.add(key)
      objects.set(key, bytes)
      await life.step(`put ${tableOf(key)} done`)
      unproven.delete(key)
    },
    get: (key) => life.act('get', async () => objects.get(key) as Uint8Array),
    size: (key) => life.act('size', async () => objects.get(key)?.length ?? null),
    discard: (key) => life.act('discard', async () => void objects.delete(key)),
  }
}

/** Names without what is random in them. */
function nameOf(path: string): string {
  return basename(path).replace(/^[0-9a-f]{64}/, 'hash')
}

function tableOf(key: string): string {
  return /-([a-z_]+)-\d+-[0-9a-f]+\.parquet$/.exec(key)?.[1] ?? key
}

function noRoom(key: string): Error {
  return Object.assign(new Error(`no space left in the store: ${key}`), { code: 'ENOSPC' })
}

/** What other engines may do to our tables at any time (3.4 of the commit protocol). */
function disturb(catalog: MemoryCatalog, chance: Chance): void {
  const names = [...catalog.copy().keys()]
  const name = names[chance.below(Math.max(1, names.length))]
  if (name === undefined) return
  const [namespace, table] = name.split('.') as [string, string]
  const at = { namespace, name: table }
  const what = chance.below(3)
  if (what === 0) catalog.foreign(at, 'append')
  else if (what === 1) catalog.foreign(at, 'replace')
  else catalog.expire(at)
}
