import type { EpochItem, EpochRequest, TableName, WriterEntry } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { type Backlog, defaultBatchBounds, firstUndecided, nextBatch } from './batch.ts'
import { type DecidedMap, emptyMap } from './map.ts'
import { requestOf } from './testing/requests.ts'

const entry = (writer: string): WriterEntry => ({ writer, name: 'host', state: 'open' })
const retired = (writer: string, lastEpoch: number): WriterEntry => ({
  writer,
  name: '',
  state: 'retired',
  lastEpoch,
})
const item = (writer: string, epoch: number, ...named: TableName[]): EpochItem => ({
  kind: 'request',
  hash: 'h',
  request: requestOf(writer, epoch, ...named),
  done: {},
  voids: [],
})
const mapOf = (decided: Record<string, number>): DecidedMap => ({
  decided: new Map(Object.entries(decided)),
  voids: new Map(),
})
const backlog = (writer: string, ...items: EpochItem[]): Backlog => ({ entry: entry(writer), items })
const bounds = defaultBatchBounds

describe('nextBatch', () => {
  it('takes every writer’s dense run and moves the map to its end', () => {
    const backlogs = [
      backlog('a', item('a', 3, 'ticks'), item('a', 4, 'ticks')),
      backlog('b', item('b', 1, 'ticks')),
    ]
    const batch = nextBatch('ticks', mapOf({ a: 2, c: 9 }), backlogs, bounds)!
    expect(batch.files.map(({ location }) => location).sort()).toEqual([
      'file:///a-3-ticks.parquet',
      'file:///a-4-ticks.parquet',
      'file:///b-1-ticks.parquet',
    ])
    expect(batch.epochs).toEqual(
      new Map([
        ['a', 4],
        ['b', 1],
      ]),
    )
    expect(batch.map.decided).toEqual(
      new Map([
        ['a', 4],
        ['c', 9],
        ['b', 1],
      ]),
    )
    expect(batch).toMatchObject({ epochsTotal: 3, rows: 3, bytes: 3, more: false })
  })

  it('never jumps over a hole, however the ledger lists its items (R4)', () => {
    expect(nextBatch('ticks', emptyMap, [backlog('a', item('a', 2, 'ticks'))], bounds)).toBeNull()
    const holed = backlog('a', item('a', 1, 'ticks'), item('a', 3, 'ticks'))
    expect(nextBatch('ticks', emptyMap, [holed], bounds)!.map.decided).toEqual(new Map([['a', 1]]))
    const strange = backlog('a', item('b', 1, 'ticks'))
    expect(nextBatch('ticks', emptyMap, [strange], bounds)).toBeNull()
  })

  it('goes over lost items up to a request that says that none of them names the table', () => {
    const named = (
      epoch: number,
      lastNamed: NonNullable<EpochRequest['lastNamed']>,
      ...tables: TableName[]
    ): EpochItem => {
      const found = item('a', epoch, ...tables)
      return found.kind === 'end' ? found : { ...found, request: { ...found.request, lastNamed } }
    }
    const decided = (at: number, ...items: EpochItem[]): number | undefined =>
      nextBatch('ticks', mapOf({ a: at }), [backlog('a', ...items)], bounds)?.epochs.get('a')
    const request = named(7, { ticks: 4, gaps: 6 }, 'ticks')
    expect([3, 4, 5, 6].map((at) => decided(at, request))).toEqual([undefined, 7, 7, 7])
    expect(decided(0, named(7, { gaps: 6 }, 'gaps'))).toBe(7)
    // Between two that are there, and behind one that says nothing.
    expect(decided(1, item('a', 2, 'ticks'), named(4, { ticks: 2 }, 'ticks'))).toBe(4)
    expect(decided(1, item('a', 2, 'ticks'), named(4, { ticks: 3 }, 'ticks'))).toBe(2)
    expect(decided(1, named(3, { ticks: 1 }, 'ticks'), item('a', 5, 'ticks'))).toBe(3)
    expect(decided(7, request)).toBeUndefined()
  })

  it('passes over epochs without files in order, as passengers or when enough of them wait', () => {
    const quiet = backlog('a', item('a', 1, 'gaps'), item('a', 2, 'gaps'))
    expect(nextBatch('ticks', emptyMap, [quiet], { ...bounds, emptyEpochs: 3 })).toBeNull()
    expect(nextBatch('ticks', emptyMap, [quiet], { ...bounds, emptyEpochs: 2 })).toMatchObject({
      files: [],
      epochs: new Map([['a', 2]]),
    })
    const riding = nextBatch('ticks', emptyMap, [quiet, backlog('b', item('b', 1, 'ticks'))], {
      ...bounds,
      emptyEpochs: 3,
    })
    expect(riding?.epochs).toEqual(
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    )
  })

  it('stays within its bounds and serves writers in turn, the oldest backlog first', () => {
    const a = [1, 2, 3, 4].map((epoch) => item('a', epoch, 'ticks'))
    const b = [2, 3, 4].map((epoch) => item('b', epoch, 'ticks'))
    const backlogs = [backlog('b', ...b), backlog('a', ...a)]
    const batch = nextBatch('ticks', mapOf({ b: 1 }), backlogs, { ...bounds, files: 3 })!
    expect(batch.epochs).toEqual(
      new Map([
        ['a', 2],
        ['b', 2],
      ]),
    )
    expect(batch.more).toBe(true)
    expect(nextBatch('ticks', mapOf({ b: 1 }), backlogs, { ...bounds, bytes: 2 })!.epochsTotal).toBe(2)
  })

  it('takes one epoch even when it alone is beyond the bounds', () => {
    const batch = nextBatch('ticks', emptyMap, [backlog('a', item('a', 1, 'ticks'))], { ...bounds, bytes: 0 })
    expect(batch?.epochsTotal).toBe(1)
  })

  it('keeps void entries, and drops a retired writer only once the table has decided its last epoch', () => {
    const map = {
      decided: new Map([
        ['old', 4],
        ['late', 1],
      ]),
      voids: new Map([
        ['old', new Set([2])],
        ['late', new Set([1])],
      ]),
    }
    const backlogs = [
      { entry: retired('old', 4), items: [] },
      { entry: retired('late', 2), items: [item('late', 2, 'ticks')] },
    ]
    const batch = nextBatch('ticks', map, backlogs, bounds)!
    expect(batch.map.decided).toEqual(new Map([['late', 2]]))
    expect(batch.map.voids).toEqual(new Map([['late', new Set([1])]]))
    expect(
      nextBatch('ticks', mapOf({ old: 4 }), [{ entry: retired('old', 4), items: [] }], bounds),
    ).toBeNull()
  })
})

describe('a void epoch', () => {
  const old = (writer: string, epoch: number): EpochItem => item(writer, epoch, 'ticks')
  /** An epoch whose files bring the rows of others again. */
  const again = (epoch: number, ...replaced: number[]): EpochItem => {
    const request = { ...requestOf('a', epoch, 'ticks'), replaces: { ticks: replaced } }
    return { kind: 'request', hash: 'h', request, done: {}, voids: [] }
  }
  const isFirst: Parameters<typeof nextBatch>[4] = ({ request }) => (request.epoch === 1 ? 'why' : null)

  it('is passed over in order, is told, and waits for no other epoch to make a snapshot worth while', () => {
    const items = [old('a', 1), old('a', 2)]
    const batch = nextBatch('ticks', emptyMap, [backlog('a', ...items)], bounds, isFirst)!
    expect(batch.files.map(({ location }) => location)).toEqual(['file:///a-2-ticks.parquet'])
    expect(batch.map).toEqual({ decided: new Map([['a', 2]]), voids: new Map([['a', new Set([1])]]) })
    expect(batch.voided).toEqual([{ writer: 'a', epoch: 1, why: 'why' }])
    const alone = nextBatch(
      'ticks',
      emptyMap,
      [backlog('a', old('a', 1))],
      { ...bounds, emptyEpochs: 20 },
      isFirst,
    )
    expect(alone?.map.voids).toEqual(new Map([['a', new Set([1])]]))
  })

  it('is void no more when its rows come under a later epoch', () => {
    const map = { decided: new Map([['a', 2]]), voids: new Map([['a', new Set([1, 2])]]) }
    const one = nextBatch('ticks', map, [backlog('a', again(3, 1))], bounds)!
    expect(one.map.voids).toEqual(new Map([['a', new Set([2])]]))
    const all = nextBatch('ticks', map, [backlog('a', again(3, 1, 2))], bounds)!
    expect(all.map.voids).toEqual(new Map())
    expect(all.doubled).toBeNull()
  })

  it('stays void when the epoch that brings its rows is void itself', () => {
    const map = { decided: new Map([['a', 2]]), voids: new Map([['a', new Set([2])]]) }
    const batch = nextBatch('ticks', map, [backlog('a', again(3, 2))], bounds, () => 'why')!
    expect(batch.map.voids).toEqual(new Map([['a', new Set([2, 3])]]))
  })

  it('is the only thing whose rows may come again', () => {
    const held = nextBatch('ticks', mapOf({ a: 2 }), [backlog('a', again(3, 2))], bounds)
    expect(held?.doubled).toContain('brings the rows of epoch 2 again')
    const both = nextBatch('ticks', mapOf({ a: 1 }), [backlog('a', old('a', 2), again(3, 2))], bounds)
    expect(both?.doubled).toContain('brings the rows of epoch 2 again')
  })

  it('may be without files: there is nothing to bring again', () => {
    const batch = nextBatch('ticks', emptyMap, [backlog('a', item('a', 1, 'gaps'))], bounds, () => 'why')!
    expect(batch).toMatchObject({ voided: [], map: { voids: new Map() } })
  })
})

describe('firstUndecided', () => {
  it('reads open writers from the map on, and retired ones only below their last epoch', () => {
    expect(firstUndecided(mapOf({ a: 2 }), entry('a'))).toBe(3)
    expect(firstUndecided(emptyMap, entry('a'))).toBe(1)
    expect(firstUndecided(emptyMap, retired('a', 4))).toBeNull()
    expect(firstUndecided(mapOf({ a: 4 }), retired('a', 4))).toBeNull()
    expect(firstUndecided(mapOf({ a: 3 }), retired('a', 4))).toBe(4)
  })
})
