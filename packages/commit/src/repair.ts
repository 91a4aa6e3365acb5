import type { Catalog, LoadedTable, TableDefinition } from '@cryptoflow/iceberg'
import type { EpochItem, TableName } from '@cryptoflow/model'
import { type Backoff, backoffMs, type Chance, type Clock, sleep } from '@cryptoflow/runtime'
import { drawSnapshotId } from './answers.ts'
import { firstUndecided, genesisBatch } from './batch.ts'
import type { AppendPreparer } from './committer.ts'
import { misfit } from './definition.ts'
import { furthest, heldEpochs } from './held.ts'
import type { CommitLedger } from './ledger.ts'
import { joins } from './lost-items.ts'
import { commitIdKey, type DecidedMap, emptyMap, epochsKey, parseProperty, readMap } from './map.ts'
import { commitOf } from './round.ts'

/**
 * Takes a halted table up again (R9), by one empty append of ours on its present head, which brings a new map.
 *
 * keep     what the table shows is right: every epoch that was ever decided stays decided, and what is not shown any
 *          more is given up
 * reapply  what was given up comes again: the map says what main's own history holds, and committers append the later
 *          epochs from the ledger, in order
 */
export type RepairMode = 'keep' | 'reapply'

export interface RepairOptions {
  readonly catalog: Catalog
  readonly ledger: CommitLedger
  readonly append: AppendPreparer
  readonly exists: (location: string) => Promise<boolean>
  readonly definition: TableDefinition
  readonly namespace: string
  readonly table: TableName
  readonly clock: Clock
  readonly chance: Chance
}

export type RepairOutcome =
  | {
      readonly kind: 'repaired'
      /** Why the table was halted. */
      readonly why: string
      /** The last epoch of each writer that counts as decided now. */
      readonly decided: Readonly<Record<string, number>>
      /** Epochs with rows of the table that wait in the ledger: the next commits bring them. */
      readonly waiting: number
    }
  /** There is nothing to repair. */
  | { readonly kind: 'sound' }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly why: string }

const ATTEMPTS_MAX = 8
const ITEMS_PER_READ = 200
const pauses: Backoff = { firstMs: 50, maxMs: 2_000, jitter: 0.5 }

/** Why a table is halted, as far as its metadata and the ledger tell; null when a committer would go on. */
export async function haltOf(
  options: Pick<RepairOptions, 'catalog' | 'ledger' | 'definition' | 'namespace' | 'table' | 'exists'>,
): Promise<string | null> {
  const { catalog, ledger, definition, namespace, table: name } = options
  const table = await catalog.load({ namespace, name })
  const knownDone = await ledger.hasMarks(name)
  if (table === null) return knownDone ? 'the table is gone though the ledger saw commits to it' : null
  const wrong = misfit(table.metadata, definition)
  if (wrong !== null) return wrong
  const reading = readMap(table.metadata, knownDone)
  if (reading.kind === 'halt') return reading.why
  if (reading.kind === 'genesis') return null
  const { missing } = await waiting(options, reading.map)
  return missing.length === 0 ? null : missingText(missing)
}

export async function repairTable(options: RepairOptions, mode: RepairMode): Promise<RepairOutcome> {
  const { catalog, definition, namespace, table: name, clock, chance, append } = options
  let why: string | null = null
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    if (attempt > 1) await sleep(clock, backoffMs(pauses, attempt, chance))
    const halt = await haltOf(options)
    // After a commit of unknown outcome this says that it was applied.
    if (halt === null) return why === null ? { kind: 'sound' } : await repaired(options, why)
    why = halt
    const table = await catalog.create({ namespace, name }, definition)
    const wrong = misfit(table.metadata, definition)
    if (wrong !== null) return refused(`${wrong}: change the table back, or use the version that made it so`)
    const map = mode === 'keep' ? await keptMap(options, table) : await reappliedMap(options, table)
    if (typeof map === 'string') return refused(map)
    const snapshotId = drawSnapshotId(table, chance)
    const summary = {
      [commitIdKey]: `${snapshotId}.${attempt}`,
      // All of it: a later repair reads from here on what main holds.
      [epochsKey]: JSON.stringify(Object.fromEntries(map.decided)),
      'cryptoflow.repair': mode,
    }
    const prepared = await append(table, [], { snapshotId, summary, attempt })
    const { requirements, updates } = commitOf(table, genesisBatch(map), prepared)
    const { outcome } = await catalog.commit(table, requirements, updates)
    if (outcome === 'applied') return repaired(options, why)
  }
  return refused('others commit to the table all the time, or the catalog does not answer: try again')
}

async function repaired(options: RepairOptions, why: string): Promise<RepairOutcome> {
  const { catalog, namespace, table: name } = options
  const metadata = (await catalog.load({ namespace, name }))?.metadata
  const map = (metadata === undefined ? null : parseProperty(metadata)) ?? emptyMap
  const { epochs } = await waiting(options, map)
  return { kind: 'repaired', why, decided: Object.fromEntries(map.decided), waiting: epochs }
}

/** Whatever the map, the ledger or main's history has ever called decided; a text when that is not enough. */
async function keptMap(options: RepairOptions, { metadata }: LoadedTable): Promise<DecidedMap | string> {
  const property = parseProperty(metadata)
  const held = heldEpochs(metadata)
  // Marks may be late: without map and history, an epoch that the table holds could be appended again.
  if (property === null && held.kind === 'unknown') return `${held.why}: nobody can tell what the table holds`
  const known = property?.decided ?? new Map<string, number>()
  const onMain = held.kind === 'known' ? held.decided : new Map<string, number>()
  const decided = furthest(known, onMain, await markedEpochs(options))
  const map = { decided, voids: property?.voids ?? new Map<string, ReadonlySet<number>>() }
  const { missing } = await waiting(options, map)
  return missing.length === 0 ? map : `${missingText(missing)}, and they were never in the table`
}

/** What main's history holds; a text when it cannot be told, or when what comes after it is not there any more. */
async function reappliedMap(options: RepairOptions, { metadata }: LoadedTable): Promise<DecidedMap | string> {
  const held = heldEpochs(metadata)
  if (held.kind === 'unknown') return `${held.why}: only --keep can be done`
  const decided = new Map(held.decided)
  // Without a word in the map a retired writer counts as seen out, and would not come again.
  for (const { writer, state } of await options.ledger.writers()) {
    if (state === 'retired' && !decided.has(writer) && held.isWhole) decided.set(writer, 0)
  }
  const property = parseProperty(metadata)
  const voids = new Map(property?.voids ?? [])
  const map: DecidedMap = { decided, voids }
  const { missing, last } = await waiting(options, map)
  if (missing.length > 0) return `${missingText(missing)}: only --keep can be done`
  const known = furthest(property?.decided ?? new Map(), await markedEpochs(options))
  for (const [writer, epoch] of known) {
    const reach = Math.max(last.get(writer) ?? 0, decided.get(writer) ?? 0)
    if (reach < epoch)
      return `the ledger has no epoch ${reach + 1} of ${writer} any more: only --keep can be done`
  }
  return map
}

/** Of each writer the last epoch that is marked done in the table. */
async function markedEpochs({ ledger, table }: RepairOptions): Promise<ReadonlyMap<string, number>> {
  const marked = new Map<string, number>()
  for (const { writer, state, lastEpoch } of await ledger.writers()) {
    if (state === 'retired') marked.set(writer, lastEpoch ?? 0)
    for await (const item of itemsFrom(ledger, writer, 1)) {
      if (item.done[table] !== undefined) marked.set(writer, item.request.epoch)
    }
  }
  return marked
}

/** What committers would append to the table beyond a map. */
async function waiting(
  { ledger, table, exists }: Pick<RepairOptions, 'ledger' | 'table' | 'exists'>,
  map: DecidedMap,
): Promise<{ epochs: number; missing: string[]; last: ReadonlyMap<string, number> }> {
  const missing: string[] = []
  const last = new Map<string, number>()
  let epochs = 0
  for (const entry of await ledger.writers()) {
    const first = firstUndecided(map, entry)
    if (first === null) continue
    let decided = first - 1
    for await (const { request, voids } of itemsFrom(ledger, entry.writer, first)) {
      if (!joins(table, decided, request)) break
      decided = request.epoch
      last.set(entry.writer, request.epoch)
      const files = voids.includes(table) ? [] : (request.tables[table] ?? [])
      if (files.length > 0) epochs += 1
      for (const { location } of files) if (!(await exists(location))) missing.push(location)
    }
  }
  return { epochs, missing, last }
}

async function* itemsFrom(
  ledger: CommitLedger,
  writer: string,
  from: number,
): AsyncGenerator<Extract<EpochItem, { kind: 'request' }>> {
  for (let next = from; ; ) {
    const items = await ledger.following(writer, next, ITEMS_PER_READ)
    for (const item of items) {
      if (item.kind !== 'request') continue
      yield item
      next = item.request.epoch + 1
    }
    if (items.length === 0) return
  }
}

function missingText(missing: readonly string[]): string {
  return `${missing.length} files that are to be appended are not there, the first is ${missing[0]}`
}

function refused(why: string): RepairOutcome {
  return { kind: 'refused', why }
}
