import type { EpochItem, EpochRequest, TableName, WriterEntry } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import {
  type CommitLedger,
  type CommitterEntry,
  itemOf,
  openTables,
  type Slot,
  type WriterBacklog,
} from './ledger.ts'

/**
 * What happens to one write of a simulated ledger.
 *
 * none               it works
 * error              not applied, reported failed
 * applied-but-error  applied, reported failed
 * delayed            reported failed, applied when `land` is called
 */
export type WriteFault = 'none' | 'error' | 'applied-but-error' | 'delayed'

export interface MemoryLedger extends CommitLedger {
  /** Asked before every write; production-like by default. */
  fault: (write: 'register' | 'put' | 'mark' | 'end') => WriteFault
  /** Applies the oldest delayed write; false when there is none. */
  land(): boolean
  /** Loses an item. */
  lose(writer: string, epoch: number): void
  /** Removes every item of a writer, as an operator does long after its retirement. */
  purge(writer: string): void
  /** A copy of everything, to go back to with `restore`. */
  copy(): LedgerCopy
  restore(copy: LedgerCopy): void
}

export interface LedgerCopy {
  readonly registry: ReadonlyMap<string, WriterEntry>
  readonly slots: ReadonlyMap<string, ReadonlyMap<number, Slot>>
  readonly known: ReadonlySet<TableName>
}

/** A ledger in memory that keeps the port's promises, for tests and deterministic simulation. */
export function memoryLedger(): MemoryLedger {
  let registry = new Map<string, WriterEntry>()
  let slots = new Map<string, Map<number, Slot>>()
  let known = new Set<TableName>()
  const present = new Map<string, CommitterEntry>()
  const delayed: (() => unknown)[] = []

  const slotsOf = (writer: string): Map<number, Slot> => {
    const found = slots.get(writer) ?? new Map<number, Slot>()
    slots.set(writer, found)
    return found
  }
  const slotAt = (writer: string, epoch: number): Slot | null => slots.get(writer)?.get(epoch) ?? null

  const register = (writer: string, name: string): void => {
    const found = registry.get(writer)
    registry.set(writer, found?.state === 'retired' ? { ...found, name } : { writer, name, state: 'open' })
  }
  const put = (request: EpochRequest, hash: string): 'stored' | 'present' | 'taken' => {
    const found = slotAt(request.writer, request.epoch)
    if (found !== null) return found.kind === 'request' && found.hash === hash ? 'present' : 'taken'
    const before = [...slotsOf(request.writer)].filter(([epoch]) => epoch < request.epoch)
    if (before.some(([, slot]) => slot.kind === 'end')) return 'taken'
    slotsOf(request.writer).set(request.epoch, {
      kind: 'request',
      hash,
      request,
      done: new Map(),
      voids: new Set(),
    })
    return 'stored'
  }
  const mark = (writer: string, epoch: number, table: TableName, snapshot: string): void => {
    const slot = slotAt(writer, epoch)
    if (slot?.kind !== 'request') return
    slotsOf(writer).set(epoch, { ...slot, done: new Map([...slot.done, [table, snapshot]]) })
    known.add(table)
  }
  const markVoid = (writer: string, epoch: number, table: TableName): void => {
    const slot = slotAt(writer, epoch)
    if (slot?.kind !== 'request') return
    slotsOf(writer).set(epoch, { ...slot, voids: new Set([...slot.voids, table]) })
  }
  const end = (writer: string, epoch: number): 'stored' | 'present' | 'taken' => {
    const found = slotAt(writer, epoch)
    if (found !== null) return found.kind === 'end' ? 'present' : 'taken'
    if ([...slotsOf(writer).keys()].some((each) => each > epoch)) return 'taken'
    slotsOf(writer).set(epoch, { kind: 'end' })
    return 'stored'
  }
  const retire = (writer: string): 'retired' | 'open' | 'undecided' => {
    const own = [...slotsOf(writer)].sort(([a], [b]) => a - b)
    const fence = own.findIndex(([, slot]) => slot.kind === 'end')
    if (fence < 0) return 'open'
    const last = own[fence]![0] - 1
    const decided = own.slice(0, fence).every(([, slot]) => openTables(slot).length === 0)
    if (!decided || fence !== last) return 'undecided'
    registry.set(writer, {
      writer,
      name: registry.get(writer)?.name ?? writer,
      state: 'retired',
      lastEpoch: last,
    })
    return 'retired'
  }

  /** Applies a write as the fault asked for says. */
  const write = async <T>(kind: 'register' | 'put' | 'mark' | 'end', apply: () => T): Promise<T> => {
    const fault = ledger.fault(kind)
    if (fault === 'none') return apply()
    if (fault === 'applied-but-error') apply()
    if (fault === 'delayed') delayed.push(apply)
    throw new CryptoFlowError(`${kind}: the simulated ledger answers ${fault}`, {
      kind: 'ledger',
      reaction: 'retry',
    })
  }

  const ledger: MemoryLedger = {
    fault: () => 'none',
    register: (writer, name) => write('register', () => register(writer, name)),
    writers: async () => [...registry.values()],
    put: (request, hash) => write('put', () => put(request, hash)),
    item: async (writer, epoch) => {
      const slot = slotAt(writer, epoch)
      return slot === null ? null : itemOf(slot)
    },
    consecutive: async (writer, from, limit) => {
      const items: EpochItem[] = []
      while (items.length < limit) {
        const slot = slotAt(writer, from + items.length)
        if (slot === null || slot.kind === 'end') break
        items.push(itemOf(slot))
      }
      return items
    },
    following: async (writer, from, limit) => {
      const own = [...(slots.get(writer) ?? [])].filter(([epoch]) => epoch >= from).sort(([a], [b]) => a - b)
      const end = own.findIndex(([, slot]) => slot.kind === 'end')
      return own.slice(0, end < 0 ? limit : Math.min(end, limit)).map(([, slot]) => itemOf(slot))
    },
    mark: (writer, epoch, table, snapshot) => write('mark', () => mark(writer, epoch, table, snapshot)),
    markVoid: (writer, epoch, table) => write('mark', () => markVoid(writer, epoch, table)),
    unmarked: async (writer, table, upTo, limit) => {
      const open = [...(slots.get(writer) ?? [])].filter(
        ([epoch, slot]) => epoch <= upTo && openTables(slot).includes(table),
      )
      return open
        .map(([epoch]) => epoch)
        .sort((a, b) => a - b)
        .slice(0, limit)
    },
    hasMarks: async (table) => known.has(table),
    end: (writer, epoch) => write('end', () => end(writer, epoch)),
    retire: async (writer) => retire(writer),
    backlogs: async () => backlogsOf(registry, slots),
    attend: async (committer) => {
      present.set(committer.id, committer)
    },
    leave: async (id) => {
      present.delete(id)
    },
    committers: async () => [...present.values()].sort((a, b) => b.seenMs - a.seenMs),
    land: () => {
      const apply = delayed.shift()
      apply?.()
      return apply !== undefined
    },
    lose: (writer, epoch) => {
      slots.get(writer)?.delete(epoch)
    },
    purge: (writer) => {
      slots.delete(writer)
    },
    copy: () => copyOf(registry, slots, known),
    restore: (copy) => {
      const own = copyOf(copy.registry, copy.slots, copy.known)
      registry = own.registry
      slots = own.slots
      known = own.known
    },
  }
  return ledger
}

function backlogsOf(registry: LedgerCopy['registry'], slots: LedgerCopy['slots']): WriterBacklog[] {
  const found = [...slots].flatMap(([writer, own]): WriterBacklog[] => {
    const open = [...own].filter(([, slot]) => openTables(slot).length > 0).sort(([a], [b]) => a - b)
    const [first] = open
    if (first === undefined || first[1].kind !== 'request') return []
    const [oldest, slot] = first
    return [
      {
        writer,
        name: registry.get(writer)?.name ?? writer,
        epochs: open.length,
        oldest,
        sealedAtMs: slot.request.sealedAtMs,
        tables: openTables(slot),
        isHole: oldest > 1 && !own.has(oldest - 1),
      },
    ]
  })
  return found.sort((a, b) => a.sealedAtMs - b.sealedAtMs)
}

function copyOf(
  registry: LedgerCopy['registry'],
  slots: LedgerCopy['slots'],
  known: LedgerCopy['known'],
): { registry: Map<string, WriterEntry>; slots: Map<string, Map<number, Slot>>; known: Set<TableName> } {
  return {
    registry: new Map(registry),
    slots: new Map([...slots].map(([writer, own]) => [writer, new Map(own)])),
    known: new Set(known),
  }
}
