import type { LoadedTable, PreparedSnapshot, Requirement, TableDefinition, Update } from '@cryptoflow/iceberg'
import { assert, type TableName } from '@cryptoflow/model'
import { type Backlog, type Batch, type BatchBounds, genesisBatch, nextBatch } from './batch.ts'
import { misfit, unresolvable } from './definition.ts'
import { type DecidedMap, emptyMap, encodeMap, mapProperty, readMap } from './map.ts'

/**
 * A committer's round for one table: `exactly-once.md` section 3.2, without any I/O.
 *
 *   loading C1 -> reading C2 -> checking C3 -> building C4 -> posting C5,C6 -> marking C7 -> ended
 *      ^  |                        |                             |
 *      |  +-> creating             +-> loading, in doubt         |
 *      +---- conflict, unknown, applied genesis, created --------+
 *
 * The step is also what to do next; its answer is the event. A crash anywhere is as if the round had never
 * begun, except that the post may have been applied: the next load finds out. Nothing is ever deleted (R14).
 */
export type RoundState =
  | {
      readonly step: 'loading'
      readonly attempt: number
      /** Whether to wait first: somebody else won, or nobody knows who did. */
      readonly pause: boolean
      readonly doubt: Doubt | null
    }
  | { readonly step: 'creating'; readonly attempt: number }
  | { readonly step: 'reading'; readonly attempt: number; readonly base: LoadedTable; readonly map: KnownMap }
  | { readonly step: 'checking'; readonly attempt: number; readonly base: LoadedTable; readonly batch: Batch }
  | { readonly step: 'building'; readonly attempt: number; readonly base: LoadedTable; readonly batch: Batch }
  | {
      readonly step: 'posting'
      readonly attempt: number
      readonly base: LoadedTable
      readonly batch: Batch
      readonly append: Append
    }
  | {
      readonly step: 'marking'
      readonly attempt: number
      readonly map: DecidedMap
      readonly snapshot: bigint
      readonly committed: Batch | null
    }
  | { readonly step: 'ended'; readonly outcome: RoundOutcome }

/**
 * loaded    the table as the catalog has it now; null when there is none
 * read      the registry and each writer's items from the first undecided epoch on
 * checked   locations of files that are offered and not there
 * unknown   the post may have been applied
 * refused   the other side said no and will say it again
 * failed    nothing was changed; the next round may have better luck
 */
export type RoundEvent =
  | { readonly kind: 'loaded'; readonly table: LoadedTable | null; readonly knownDone: boolean }
  | { readonly kind: 'created' }
  | { readonly kind: 'read'; readonly backlogs: readonly Backlog[] }
  | { readonly kind: 'checked'; readonly missing: readonly string[] }
  | { readonly kind: 'built'; readonly append: Append }
  | { readonly kind: 'applied' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'marked' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

export type RoundOutcome =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'committed'
      readonly snapshot: bigint
      readonly epochs: ReadonlyMap<string, number>
      readonly epochsTotal: number
      readonly files: number
      readonly bytes: number
      readonly rows: number
      readonly attempts: number
      /** Whether more is waiting than one commit takes. */
      readonly more: boolean
    }
  /** Every attempt lost; others made progress, or the catalog does not answer for certain. */
  | { readonly kind: 'behind'; readonly attempts: number }
  | { readonly kind: 'failed'; readonly why: string }
  /** The table is in a state that cannot be explained, or refuses us: a person is needed (I8). */
  | { readonly kind: 'halted'; readonly why: string }

/** What an append preparer made for one attempt: written, visible to nobody yet. */
export type Append = Pick<PreparedSnapshot, 'snapshot' | 'updates'>

interface KnownMap extends DecidedMap {
  readonly snapshot: bigint
}

/** A reason to halt that rests on a ledger read after the table; it counts if the head has not moved. */
interface Doubt {
  readonly head: string
  readonly why: string
}

export interface RoundContext {
  readonly table: TableName
  readonly definition: TableDefinition
  readonly bounds: BatchBounds
  readonly attemptsMax: number
}

export const firstStep: RoundState = { step: 'loading', attempt: 1, pause: false, doubt: null }

/** The next step. An event that does not answer the step is a bug. */
export function applyRound(context: RoundContext, state: RoundState, event: RoundEvent): RoundState {
  assert(answers[state.step].includes(event.kind), `a round that is ${state.step} meets no ${event.kind}`)
  if (event.kind === 'refused') return afterRefusal(context, state, event.why)
  if (event.kind === 'failed') return failed(state, event.why)
  switch (state.step) {
    case 'loading':
      return afterLoad(context, state, event as EventOf<'loaded'>)
    case 'creating':
      return again(context, state.attempt, false)
    case 'reading':
      return afterRead(context, state, event as EventOf<'read'>)
    case 'checking':
      return afterCheck(context, state, event as EventOf<'checked'>)
    case 'building': {
      const { append } = event as EventOf<'built'>
      return { ...state, step: 'posting', append }
    }
    case 'posting':
      return afterPost(context, state, event.kind)
    case 'marking':
      return ended(state)
    case 'ended':
      return state
  }
}

/** The one commit of C5: rows, reference and map together, on exactly the snapshot whose map was read. */
export function commitOf(
  base: LoadedTable,
  batch: Batch,
  append: Append,
): { requirements: readonly Requirement[]; updates: readonly Update[] } {
  const { tableUuid, currentSnapshotId } = base.metadata
  const map = encodeMap(batch.map, append.snapshot)
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: tableUuid },
      { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: currentSnapshotId },
    ],
    updates: [...append.updates, { action: 'set-properties', updates: { [mapProperty]: map } }],
  }
}

type EventOf<K extends RoundEvent['kind']> = Extract<RoundEvent, { kind: K }>
type StateOf<S extends RoundState['step']> = Extract<RoundState, { step: S }>

const answers: Readonly<Record<RoundState['step'], readonly RoundEvent['kind'][]>> = {
  loading: ['loaded', 'refused', 'failed'],
  creating: ['created', 'refused', 'failed'],
  reading: ['read', 'refused', 'failed'],
  checking: ['checked', 'refused', 'failed'],
  building: ['built', 'refused', 'failed'],
  posting: ['applied', 'conflict', 'unknown', 'refused'],
  marking: ['marked', 'refused', 'failed'],
  ended: [],
}

function afterLoad(context: RoundContext, state: StateOf<'loading'>, event: EventOf<'loaded'>): RoundState {
  const { attempt, doubt } = state
  const { table } = event
  const head = headOf(table)
  if (doubt?.head === head) return halted(doubt.why)
  if (table === null) {
    const why = 'the table is gone though the ledger saw commits to it'
    return event.knownDone ? inDoubt(context, attempt, { head, why }) : { step: 'creating', attempt }
  }
  const wrong = misfit(table.metadata, context.definition)
  if (wrong !== null) return halted(wrong)
  const reading = readMap(table.metadata, event.knownDone)
  if (reading.kind === 'genesis') {
    return { step: 'building', attempt, base: table, batch: genesisBatch(emptyMap) }
  }
  if (reading.kind === 'map') {
    const { map, snapshot } = reading
    return { step: 'reading', attempt, base: table, map: { ...map, snapshot } }
  }
  const { why, evidence } = reading
  return evidence === 'ledger' ? inDoubt(context, attempt, { head, why }) : halted(why)
}

function afterRead(context: RoundContext, state: StateOf<'reading'>, event: EventOf<'read'>): RoundState {
  const { attempt, base, map } = state
  const batch = nextBatch(context.table, map, event.backlogs, context.bounds)
  const wrong = batch === null ? null : unresolvable(base.metadata, batch.files)
  if (wrong !== null) return halted(wrong)
  if (batch !== null) return { step: 'checking', attempt, base, batch }
  return { step: 'marking', attempt, map, snapshot: map.snapshot, committed: null }
}

function afterCheck(
  context: RoundContext,
  state: StateOf<'checking'>,
  event: EventOf<'checked'>,
): RoundState {
  const { attempt, base, batch } = state
  if (event.missing.length === 0) return { step: 'building', attempt, base, batch }
  const why = `${event.missing.length} offered files are not there, the first is ${event.missing[0]}`
  return inDoubt(context, attempt, { head: headOf(base), why })
}

function afterPost(context: RoundContext, state: StateOf<'posting'>, kind: RoundEvent['kind']): RoundState {
  const { attempt, batch, append } = state
  if (kind !== 'applied') return again(context, attempt, true)
  if (batch.epochsTotal === 0) return again(context, attempt, false)
  const { snapshotId } = append.snapshot
  return { step: 'marking', attempt, map: batch.map, snapshot: snapshotId, committed: batch }
}

/** The manifests of a base that others have left behind may be expired: no reason to halt, if the head has moved. */
function afterRefusal(context: RoundContext, state: RoundState, why: string): RoundState {
  if (state.step !== 'building') return halted(why)
  return inDoubt(context, state.attempt, { head: headOf(state.base), why })
}

/** Back to C1: every attempt rebuilds its batch from the table it has just loaded (R6). */
function again(context: RoundContext, attempt: number, pause: boolean): RoundState {
  if (attempt >= context.attemptsMax) return { step: 'ended', outcome: { kind: 'behind', attempts: attempt } }
  return { step: 'loading', attempt: attempt + 1, pause, doubt: null }
}

function inDoubt(context: RoundContext, attempt: number, doubt: Doubt): RoundState {
  const next = again(context, attempt, false)
  return next.step === 'loading' ? { ...next, doubt } : next
}

function ended({ attempt, snapshot, committed }: StateOf<'marking'>): RoundState {
  if (committed === null) return { step: 'ended', outcome: { kind: 'idle' } }
  const { files, epochs, epochsTotal, bytes, rows, more } = committed
  const size = { epochs, epochsTotal, files: files.length, bytes, rows }
  return { step: 'ended', outcome: { kind: 'committed', snapshot, ...size, attempts: attempt, more } }
}

/** Marks that did not arrive are made by a later round; the commit stands. */
function failed(state: RoundState, why: string): RoundState {
  if (state.step === 'marking' && state.committed !== null) return ended(state)
  return { step: 'ended', outcome: { kind: 'failed', why } }
}

function halted(why: string): RoundState {
  return { step: 'ended', outcome: { kind: 'halted', why } }
}

function headOf(table: LoadedTable | null): string {
  return table === null ? 'absent' : `${table.metadata.tableUuid} ${table.metadata.currentSnapshotId}`
}
