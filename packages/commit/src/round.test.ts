import { type LoadedTable, newTableMetadata, type Snapshot } from '@cryptoflow/iceberg'
import { tables } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { type Backlog, defaultBatchBounds } from './batch.ts'
import { tableDefinition } from './definition.ts'
import { encodeMap, mapProperty } from './map.ts'
import {
  type Append,
  applyRound,
  commitOf,
  firstStep,
  type RoundContext,
  type RoundEvent,
  type RoundState,
} from './round.ts'
import { requestOf } from './testing/requests.ts'

const context: RoundContext = {
  table: 'ticks',
  definition: tableDefinition(tables.ticks),
  bounds: defaultBatchBounds,
  attemptsMax: 3,
  voidAfterMs: 100_000,
}
const name = { namespace: 'market', name: 'ticks' }
const metadata = newTableMetadata(context.definition, { uuid: 'u', location: 'l', nowMs: 1 })
const fresh: LoadedTable = { name, metadataLocation: 'm0', metadata }

function snapshot(id: number): Snapshot {
  return {
    snapshotId: BigInt(id),
    parentSnapshotId: id === 1 ? null : BigInt(id - 1),
    sequenceNumber: id,
    timestampMs: id,
    manifestList: '',
    summary: { operation: 'append', 'cryptoflow.commit-id': String(id) },
    schemaId: 0,
  }
}

/** The table after our commit `id`, which decided w up to `hw`. */
function committed(id: number, hw: number): LoadedTable {
  const map = { decided: new Map([['w', hw]]), voids: new Map<string, Set<number>>() }
  const properties = { [mapProperty]: encodeMap(map, snapshot(id)) }
  const snapshots = [snapshot(id)]
  return { ...fresh, metadata: { ...metadata, properties, snapshots, currentSnapshotId: BigInt(id) } }
}

const loaded = (table: LoadedTable | null, knownDone = false): RoundEvent => ({
  kind: 'loaded',
  table,
  knownDone,
})
const backlogs: Backlog[] = [
  {
    entry: { writer: 'w', name: 'host', state: 'open' },
    items: [{ kind: 'request', hash: 'h', request: requestOf('w', 2, 'ticks'), done: {}, voids: [] }],
  },
]
const built = (id: number): RoundEvent => ({ kind: 'built', append: { snapshot: snapshot(id), updates: [] } })
const upToPost: RoundEvent[] = [
  loaded(committed(5, 1)),
  { kind: 'read', backlogs, nowMs: 60_000 },
  { kind: 'checked', missing: [] },
  built(6),
]

function play(events: readonly RoundEvent[], from: RoundState = firstStep): RoundState {
  return events.reduce((state, event) => applyRound(context, state, event), from)
}

describe('applyRound', () => {
  it('loads, reads, checks, builds, posts and marks, in this order', () => {
    const steps = upToPost.map((_, index) => play(upToPost.slice(0, index)).step)
    expect([...steps, play(upToPost).step]).toEqual(['loading', 'reading', 'checking', 'building', 'posting'])
    const marking = play([...upToPost, { kind: 'applied' }])
    expect(marking).toMatchObject({ step: 'marking', snapshot: 6n, map: { decided: new Map([['w', 2]]) } })
    expect(play([{ kind: 'marked' }], marking)).toMatchObject({
      step: 'ended',
      outcome: {
        kind: 'committed',
        snapshot: 6n,
        epochs: new Map([['w', 2]]),
        files: 1,
        rows: 1,
        attempts: 1,
      },
    })
  })

  it('loads and builds anew after a conflict and after an unknown outcome, and pauses first (R6)', () => {
    for (const kind of ['conflict', 'unknown'] as const) {
      const state = play([...upToPost, { kind }])
      expect(state).toMatchObject({ step: 'loading', attempt: 2, pause: true, doubt: null })
      const landed = play([loaded(committed(6, 2)), { kind: 'read', backlogs: [], nowMs: 60_000 }], state)
      expect(landed).toMatchObject({ step: 'marking', committed: null })
    }
  })

  it('halts before it commits a file whose schema the table has no more (R21)', () => {
    const base = committed(5, 1)
    const schemas = base.metadata.schemas.map((schema) => ({ ...schema, schemaId: 4 }))
    const other = { ...base, metadata: { ...base.metadata, schemas, currentSchemaId: 4 } }
    expect(play([loaded(other), { kind: 'read', backlogs, nowMs: 60_000 }])).toMatchObject({
      step: 'ended',
      outcome: { kind: 'halted' },
    })
  })

  it('gives up after its attempts, deleting nothing', () => {
    let state: RoundState = firstStep
    for (let i = 0; i < 3; i++) state = play([...upToPost, { kind: 'unknown' }], state)
    expect(state).toEqual({ step: 'ended', outcome: { kind: 'behind', attempts: 3 } })
  })

  it('halts on a refusal and ends the round on a failure, at every step that can meet one', () => {
    for (let steps = 0; steps < upToPost.length; steps++) {
      const state = play(upToPost.slice(0, steps))
      if (state.step !== 'building') {
        expect(play([{ kind: 'refused', why: 'no' }], state)).toMatchObject({
          outcome: { kind: 'halted', why: 'no' },
        })
      }
      expect(play([{ kind: 'failed', why: 'away' }], state)).toMatchObject({ outcome: { kind: 'failed' } })
    }
  })

  it('stands by its commit when the marks fail', () => {
    const state = play([...upToPost, { kind: 'applied' }, { kind: 'failed', why: 'away' }])
    expect(state).toMatchObject({ step: 'ended', outcome: { kind: 'committed' } })
  })

  it('makes a missing table, and begins a new one with an empty append on no snapshot (R8)', () => {
    const creating = play([loaded(null)])
    expect(creating.step).toBe('creating')
    const genesis = play([{ kind: 'created' }, loaded(fresh)], creating)
    expect(genesis).toMatchObject({ step: 'building', batch: { files: [], epochsTotal: 0 } })
    const posting = play([built(1)], genesis) as Extract<RoundState, { step: 'posting' }>
    expect(commitOf(posting.base, posting.batch, posting.append).requirements).toEqual([
      { type: 'assert-table-uuid', uuid: 'u' },
      { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null },
    ])
    expect(play([{ kind: 'applied' }], posting)).toMatchObject({ step: 'loading', pause: false })
  })

  it('looks twice before it halts on what a younger ledger or an older base says', () => {
    const refused: RoundEvent = { kind: 'refused', why: 'there is no such manifest list' }
    for (const [events, again] of [
      [[loaded(null, true)], loaded(null, true)],
      [[loaded(fresh, true)], loaded(fresh, true)],
      // Its manifests are gone: expired together with a head that others have replaced, or lost.
      [
        [
          loaded(committed(5, 1)),
          { kind: 'read', backlogs, nowMs: 60_000 },
          { kind: 'checked', missing: [] },
          refused,
        ],
        loaded(committed(5, 1)),
      ],
    ] as [RoundEvent[], RoundEvent][]) {
      const doubting = play(events)
      expect(doubting.step).toBe('loading')
      expect(play([again], doubting)).toMatchObject({ outcome: { kind: 'halted' } })
      expect(play([loaded(committed(6, 2))], doubting).step).toBe('reading')
    }
  })

  it('passes over a request whose file is missing at a second look, too', () => {
    const missing: RoundEvent = { kind: 'checked', missing: ['file:///w-2-ticks.parquet'] }
    const read: RoundEvent = { kind: 'read', backlogs, nowMs: 60_000 }
    const doubting = play([loaded(committed(5, 1)), read, missing])
    expect(doubting).toMatchObject({ step: 'loading', attempt: 2 })
    const certain = play([loaded(committed(5, 1)), read], doubting)
    expect(certain).toMatchObject({
      step: 'checking',
      batch: { files: [], epochs: new Map([['w', 2]]), map: { voids: new Map([['w', new Set([2])]]) } },
    })
    const outcome = play([{ kind: 'checked', missing: [] }, built(6), { kind: 'applied' }], certain)
    expect(play([{ kind: 'marked' }], outcome)).toMatchObject({
      outcome: { voided: [{ writer: 'w', epoch: 2, why: expect.stringContaining('is not there') }] },
    })
    // Another head may have it in the meantime.
    expect(play([loaded(committed(6, 1)), read], doubting)).toMatchObject({ batch: { voided: [] } })
  })

  it('halts when the missing file was in the table before (R10)', () => {
    const [backlog] = backlogs as [Backlog]
    const items = backlog.items.map((item) => ({ ...item, done: { ticks: '4' } }))
    const read: RoundEvent = { kind: 'read', backlogs: [{ ...backlog, items }], nowMs: 60_000 }
    const missing: RoundEvent = { kind: 'checked', missing: ['file:///w-2-ticks.parquet'] }
    const again: RoundEvent[] = [loaded(committed(5, 1)), read, missing]
    expect(play([...again, ...again, loaded(committed(5, 1))])).toMatchObject({ outcome: { kind: 'halted' } })
  })

  it('passes over a request that is too old, and does not post one that has grown too old meanwhile', () => {
    const at = (nowMs: number): RoundState =>
      play([loaded(committed(5, 1)), { kind: 'read', backlogs, nowMs }])
    expect(at(102_000)).toMatchObject({ batch: { voided: [], oldestMs: 2_000 } })
    expect(at(102_001)).toMatchObject({ batch: { files: [], voided: [{ writer: 'w', epoch: 2 }] } })
    expect(play([...upToPost, { kind: 'late' }])).toMatchObject({ step: 'loading', attempt: 2, pause: false })
  })

  it('passes over the one request that the catalog refuses, and halts when it refuses that, too', () => {
    const [backlog] = backlogs as [Backlog]
    const third = {
      kind: 'request',
      hash: 'h',
      request: requestOf('w', 3, 'ticks'),
      done: {},
      voids: [],
    } as const
    const both: RoundEvent = {
      kind: 'read',
      backlogs: [{ ...backlog, items: [...backlog.items, third] }],
      nowMs: 60_000,
    }
    const post: RoundEvent[] = [loaded(committed(5, 1)), both, { kind: 'checked', missing: [] }, built(6)]
    const refused: RoundEvent = { kind: 'refused', why: '400' }
    expect(play(post)).toMatchObject({ batch: { epochsTotal: 2 } })
    const alone = play([...post, refused, ...post])
    expect(alone).toMatchObject({ step: 'posting', batch: { epochsTotal: 1, epochs: new Map([['w', 2]]) } })
    const passing = play([refused, ...post], alone)
    expect(passing).toMatchObject({ batch: { files: [], voided: [{ writer: 'w', epoch: 2, why: '400' }] } })
    expect(play([refused], passing)).toMatchObject({ outcome: { kind: 'halted', why: '400' } })
  })

  it('halts at once on what the table alone says', () => {
    const removed = { ...committed(5, 1).metadata, properties: {} }
    expect(play([loaded({ ...fresh, metadata: removed })])).toMatchObject({ outcome: { kind: 'halted' } })
    const retyped = { ...metadata, schemas: [{ schemaId: 0, fields: [] }] }
    expect(play([loaded({ ...fresh, metadata: retyped })])).toMatchObject({ outcome: { kind: 'halted' } })
  })

  it('takes an event that does not answer its step for a bug', () => {
    expect(() => play([{ kind: 'applied' }])).toThrow('bug')
    expect(() => play([...upToPost, { kind: 'failed', why: '' }])).toThrow('bug')
  })
})

describe('commitOf', () => {
  it('asserts the table and the very snapshot whose map was read, and sets the new map beside the rows', () => {
    const { base, batch, append } = play(upToPost) as Extract<RoundState, { step: 'posting' }>
    const added: Append['updates'] = [{ action: 'set-snapshot-ref', ref: 'main', snapshotId: 6n }]
    const { requirements, updates } = commitOf(base, batch, { ...append, updates: added })
    expect(requirements).toEqual([
      { type: 'assert-table-uuid', uuid: 'u' },
      { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: 5n },
    ])
    expect(updates).toEqual([
      ...added,
      {
        action: 'set-properties',
        updates: { [mapProperty]: '{"v":1,"snapshot":"6","seq":6,"map":{"w":2},"void":{}}' },
      },
    ])
  })
})
