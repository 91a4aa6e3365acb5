import type { LoadedTable, PreparedSnapshot, Requirement, TableDefinition, Update } from '@cryptoflow/iceberg'
import { assert, type TableName } from '@cryptoflow/model'
import {
  type Backlog,
  type Batch,
  type BatchBounds,
  genesisBatch,
  nextBatch,
  type VoidedEpoch,
  type VoidOf,
} from './batch.ts'
import { misfit, unresolvable } from './definition.ts'
import { type DecidedMap, emptyMap, encodeMap, mapProperty, readMap } from './map.ts'

/**
 * A committer's round for one table: `exactly-once.md` section 3.2, without any I/O.
 *
 *   loading C1 -> reading C2 -> checking C3 -> building C4 -> posting C5,C6 -> marking C7 -> ended
 *      ^  |                        |                             |
 *      |  +-> creating             +-> loading, in doubt         |
 *      +---- conflict, unknown, applied genesis, created, late --+
 *
 * A request that is too old, whose file is missing, or that the catalog refuses is passed over: the commit moves the map
 * over it and lists it as void, and its writer sends the same rows under a later epoch (R16).
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
      readonly care: Care
    }
  | { readonly step: 'creating'; readonly attempt: number; readonly care: Care }
  | {
      readonly step: 'reading'
      readonly attempt: number
      readonly care: Care
      readonly base: LoadedTable
      readonly map: KnownMap
    }
  | {
      readonly step: 'checking'
      readonly attempt: number
      readonly care: Care
      readonly base: LoadedTable
      readonly batch: Batch
    }
  | {
      readonly step: 'building'
      readonly attempt: number
      readonly care: Care
      readonly base: LoadedTable
      readonly batch: Batch
    }
  | {
      readonly step: 'posting'
      readonly attempt: number
      readonly care: Care
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
 * late      a request of the batch grew too old before the post, which was not made
 * refused   the other side said no and will say it again
 * failed    nothing was changed; the next round may have better luck
 */
export type RoundEvent =
  | { readonly kind: 'loaded'; readonly table: LoadedTable | null; readonly knownDone: boolean }
  | { readonly kind: 'created' }
  | { readonly kind: 'read'; readonly backlogs: readonly Backlog[]; readonly nowMs: number }
  | { readonly kind: 'checked'; readonly missing: readonly string[] }
  | { readonly kind: 'built'; readonly append: Append }
  | { readonly kind: 'applied' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'late' }
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
      readonly voided: readonly VoidedEpoch[]
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
  /** Files that are not there: no reason to halt, but to pass over their requests. */
  readonly missing?: ReadonlySet<string>
}

/** What earlier attempts of the round have learned. */
interface Care {
  readonly missing: ReadonlySet<string>
  /** The catalog refused a batch: one epoch at a time shows which it is. */
  readonly isSingle: boolean
  /** The epoch that it refused alone, and why. */
  readonly refused: VoidedEpoch | null
}

const noCare: Care = { missing: new Set(), isSingle: false, refused: null }

export interface RoundContext {
  readonly table: TableName
  readonly definition: TableDefinition
  readonly bounds: BatchBounds
  readonly attemptsMax: number
  /** Age at which a request is not appended any more, milliseconds: half of the age at which files may be deleted. */
  readonly voidAfterMs: number
}

export const firstStep: RoundState = {
  step: 'loading',
  attempt: 1,
  pause: false,
  doubt: null,
  care: noCare,
}

/** The next step. An event that does not answer the step is a bug. */
export function applyRound(context: RoundContext, state: RoundState, event: RoundEvent): RoundState {
  assert(answers[state.step].includes(event.kind), `a round that is ${state.step} meets no ${event.kind}`)
  if (event.kind === 'refused') return afterRefusal(context, state, event.why)
  if (event.kind === 'failed') return failed(state, event.why)
  switch (state.step) {
    case 'loading':
      return afterLoad(context, state, event as EventOf<'loaded'>)
    case 'creating':
      return again(context, state, false)
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
  posting: ['applied', 'conflict', 'unknown', 'late', 'refused'],
  marking: ['marked', 'refused', 'failed'],
  ended: [],
}

function afterLoad(context: RoundContext, state: StateOf<'loading'>, event: EventOf<'loaded'>): RoundState {
  const { attempt, doubt } = state
  const { table } = event
  const head = headOf(table)
  const isCertain = doubt?.head === head
  if (isCertain && doubt.missing === undefined) return halted(doubt.why)
  const care = isCertain ? { ...state.care, missing: doubt.missing ?? noCare.missing } : state.care
  if (table === null) {
    const why = 'the table is gone though the ledger saw commits to it'
    return event.knownDone ? inDoubt(context, state, { head, why }) : { step: 'creating', attempt, care }
  }
  const wrong = misfit(table.metadata, context.definition)
  if (wrong !== null) return halted(wrong)
  const reading = readMap(table.metadata, event.knownDone)
  if (reading.kind === 'genesis') {
    return { step: 'building', attempt, care, base: table, batch: genesisBatch(emptyMap) }
  }
  if (reading.kind === 'map') {
    const { map, snapshot } = reading
    return { step: 'reading', attempt, care, base: table, map: { ...map, snapshot } }
  }
  const { why, evidence } = reading
  return evidence === 'ledger' ? inDoubt(context, state, { head, why }) : halted(why)
}

function afterRead(context: RoundContext, state: StateOf<'reading'>, event: EventOf<'read'>): RoundState {
  const { attempt, care, base, map } = state
  const bounds = care.isSingle ? { ...context.bounds, files: 0 } : context.bounds
  const voidOf = voidsOf(context, care, event.nowMs)
  const batch = nextBatch(context.table, map, event.backlogs, bounds, voidOf)
  const wrong = batch === null ? null : unresolvable(base.metadata, batch.files)
  if (wrong !== null) return halted(wrong)
  if (batch !== null && batch.doubled !== null)
    return inDoubt(context, state, { head: headOf(base), why: batch.doubled })
  if (batch !== null) return { step: 'checking', attempt, care, base, batch }
  return { step: 'marking', attempt, map, snapshot: map.snapshot, committed: null }
}

/** What is not appended to the table (R16). What it had before, and lost in a restore, is never void (R10). */
function voidsOf({ table, voidAfterMs }: RoundContext, { missing, refused }: Care, nowMs: number): VoidOf {
  return ({ request, done, voids }, files) => {
    const { writer, epoch, sealedAtMs } = request
    if (voids.includes(table)) return 'it was passed over before'
    if (done[table] !== undefined) return null
    if (nowMs - sealedAtMs > voidAfterMs) return `it was sealed ${nowMs - sealedAtMs} ms ago`
    const lost = files.find(({ location }) => missing.has(location))
    if (lost !== undefined) return `${lost.location} is not there`
    return refused?.writer === writer && refused.epoch === epoch ? refused.why : null
  }
}

function afterCheck(
  context: RoundContext,
  state: StateOf<'checking'>,
  event: EventOf<'checked'>,
): RoundState {
  const { attempt, care, base, batch } = state
  if (event.missing.length === 0) return { step: 'building', attempt, care, base, batch }
  const why = `${event.missing.length} offered files are not there, the first is ${event.missing[0]}`
  // What is missing at a second look, too, was in no table: only then are there no marks, and it may be passed over.
  const isNew = event.missing.some((location) => !care.missing.has(location))
  const missing = isNew ? { missing: new Set([...care.missing, ...event.missing]) } : {}
  return inDoubt(context, state, { head: headOf(base), why, ...missing })
}

function afterPost(context: RoundContext, state: StateOf<'posting'>, kind: RoundEvent['kind']): RoundState {
  const { attempt, batch, append } = state
  if (kind === 'late') return again(context, state, false)
  if (kind !== 'applied') return again(context, state, true)
  if (batch.epochsTotal === 0) return again(context, state, false)
  const { snapshotId } = append.snapshot
  return { step: 'marking', attempt, map: batch.map, snapshot: snapshotId, committed: batch }
}

/** The manifests of a base that others have left behind may be expired: no reason to halt, if the head has moved. */
function afterRefusal(context: RoundContext, state: RoundState, why: string): RoundState {
  if (state.step === 'posting') return afterRefusedPost(context, state, why)
  if (state.step !== 'building') return halted(why)
  return inDoubt(context, state, { head: headOf(state.base), why })
}

/** First the epoch is found that is refused, then it is passed over; a commit without any file that is refused halts. */
function afterRefusedPost(context: RoundContext, state: StateOf<'posting'>, why: string): RoundState {
  const { batch, care } = state
  const [only, ...others] = batch.epochs
  if (batch.files.length === 0 || only === undefined) return halted(why)
  const isSingle = batch.epochsTotal === 1 && others.length === 0
  const refused = isSingle ? { writer: only[0], epoch: only[1], why } : null
  return again(context, { ...state, care: { ...care, isSingle: true, refused } }, false)
}

/** Back to C1: every attempt rebuilds its batch from the table it has just loaded (R6). */
function again(context: RoundContext, { attempt, care }: Trying, pause: boolean): RoundState {
  if (attempt >= context.attemptsMax) return { step: 'ended', outcome: { kind: 'behind', attempts: attempt } }
  return { step: 'loading', attempt: attempt + 1, pause, doubt: null, care }
}

type Trying = Pick<StateOf<'loading'>, 'attempt' | 'care'>

function inDoubt(context: RoundContext, state: Trying, doubt: Doubt): RoundState {
  const next = again(context, state, false)
  return next.step === 'loading' ? { ...next, doubt } : next
}

function ended({ attempt, snapshot, committed }: StateOf<'marking'>): RoundState {
  if (committed === null) return { step: 'ended', outcome: { kind: 'idle' } }
  const { files, epochs, epochsTotal, bytes, rows, voided, more } = committed
  const size = { epochs, epochsTotal, files: files.length, bytes, rows, voided }
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
