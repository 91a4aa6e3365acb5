import { openDuck } from '@cryptoflow/reader'
import { describe, expect, it } from 'vitest'
import { type ChangeVerdict, compareChanges } from './changes.ts'
import { emptyWorld } from './test-scene.ts'
import { type Row, type World, writeWorld } from './test-world.ts'

const US = 1_700_000_000_000_000

const common = (frame: number): Row => ({
  exchange: 'upbit',
  market: 'spot',
  symbol: 'KRW-BTC',
  instrument: null,
  event_ts: US + frame,
  event_ts_source: 'sent',
  sent_ts: US + frame,
  received_ts: US + frame + 1,
  writer: 'J1',
  frame,
  quantity_unit: 'base',
})

type Told = readonly [side: 'bid' | 'ask', price: string, quantity: string]

function tell(
  { rows }: World,
  frame: number,
  image: readonly Told[],
  changes: readonly Told[],
  begins = false,
): void {
  const level = ([side, price, quantity]: Told): Row => ({
    ...common(frame),
    side,
    price,
    price_scale: 0,
    quantity,
    quantity_scale: 0,
  })
  for (const [at, told] of image.entries()) {
    rows.spot_ob.push({
      ...level(told),
      source: 'ws',
      kind: 'partial',
      level: at,
      depth: 2,
      book_state: 'waiting',
    })
  }
  for (const [at, told] of changes.entries()) {
    const state = { is_snapshot: begins, level_index: at, book_state: begins ? 'waiting' : 'live' }
    rows.spot_delta.push({ ...level(told), ...state, source: 'derived' })
  }
}

const gap = (frame: number): Row => ({
  ...common(frame),
  source: 'derived',
  gap_id: `g${frame}`,
  state: 'closed',
  table_name: 'spot_ob',
  stream: 'orderbook',
  cause: 'disconnect',
})

/** Five books without a mistake, a hole before the fourth. */
function rightWorld(): World {
  const world = emptyWorld()
  const first: Told[] = [
    ['bid', '10', '1'],
    ['ask', '11', '1'],
  ]
  world.rows.gaps.push(gap(5), gap(20))
  tell(world, 5, first, first, true)
  tell(
    world,
    6,
    [
      ['bid', '9', '2'],
      ['ask', '11', '1'],
    ],
    [
      ['bid', '10', '0'],
      ['bid', '9', '2'],
    ],
  )
  tell(
    world,
    7,
    [
      ['bid', '9', '2'],
      ['ask', '11', '1'],
    ],
    [],
  )
  tell(world, 20, first, first, true)
  tell(
    world,
    21,
    [
      ['bid', '10', '3'],
      ['ask', '11', '1'],
    ],
    [['bid', '10', '3']],
  )
  return world
}

async function judged(change: (rows: World['rows']) => void): Promise<ChangeVerdict> {
  const world = rightWorld()
  change(world.rows)
  const written = await writeWorld(world)
  const duck = await openDuck({ ...written })
  try {
    return await compareChanges(duck, 5)
  } finally {
    duck.close()
    written.remove()
  }
}

const at = (frame: number) => (row: Row) => row.frame === frame

describe('derived changes', () => {
  it('pass when every image comes out of them', async () => {
    expect(await judged(() => {})).toEqual({ checked: 5, wrong: 0, examples: [] })
  })

  it('are not judged where none are stored', async () => {
    expect(await judged((rows) => rows.spot_delta.splice(0))).toMatchObject({ checked: 0, wrong: 0 })
  })

  it.each<[string, string, (rows: World['rows']) => void]>([
    ['a removed level that stays', '3 levels, expected 2', (rows) => drop(rows.spot_delta, 6, 0)],
    [
      'another quantity',
      'bid 10.000000000000000000 is',
      (rows) => set(rows.spot_delta, 21, { quantity: '4' }),
    ],
    [
      'a row that changes nothing',
      'does not change',
      (rows) => {
        rows.spot_delta.push({
          ...(rows.spot_delta.findLast(at(21)) as Row),
          side: 'ask',
          price: '11',
          quantity: '1',
        })
      },
    ],
    ['another scale', 'is written in another way', (rows) => set(rows.spot_delta, 21, { quantity_scale: 1 })],
    ['another time', 'differ in their times', (rows) => set(rows.spot_delta, 21, { sent_ts: US })],
    ['another unit', 'differ in their times', (rows) => set(rows.spot_delta, 21, { quantity_unit: 'quote' })],
    [
      'rows of a frame without a book',
      'is written in another way',
      (rows) => set(rows.spot_delta, 21, { frame: 22 }),
    ],
    [
      'a bridge over a hole',
      'goes on over a hole',
      (rows) => {
        for (const row of rows.spot_delta.filter(at(20))) row.is_snapshot = false
      },
    ],
    [
      'a book that begins anew for no reason',
      'begins anew without',
      (rows) => {
        rows.gaps = rows.gaps.filter(at(5))
      },
    ],
    ['half a snapshot', 'some of its rows', (rows) => set(rows.spot_delta, 20, { is_snapshot: false })],
  ])('fail with %s', async (_name, found, change) => {
    const { wrong, examples } = await judged(change)
    expect(wrong).toBeGreaterThan(0)
    expect(examples.map((example) => example.found).join('; ')).toContain(found)
  })

  it('may begin anew behind what nobody could read', async () => {
    const verdict = await judged((rows) => {
      rows.gaps = rows.gaps.filter(at(5))
      rows.dead_letter.push({
        ...common(19),
        symbol: '',
        source: 'ws',
        connection: 'upbit.spot.1',
        reason: 'malformed',
      })
    })
    expect(verdict).toMatchObject({ wrong: 0 })
  })
})

function set(rows: Row[], frame: number, change: Row): void {
  Object.assign(rows.find(at(frame)) as Row, change)
}

function drop(rows: Row[], frame: number, index: number): void {
  rows.splice(rows.indexOf(rows.filter(at(frame))[index] as Row), 1)
}
