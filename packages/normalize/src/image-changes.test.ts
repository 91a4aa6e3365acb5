import { describe, expect, it } from 'vitest'
import { type Chance, chanceOf, FakeLane, type Level, type Row, type Step } from './lane-fixture.ts'

const connect: Step = { kind: 'connect', exchange: 'other', subscriptions: [['BTCUSDT', 'whole']] }

const image = (connection: number, ...levels: Level[]): Step => ({
  kind: 'frame',
  connection,
  messages: [{ kind: 'image', stream: 'whole', first: Number.NaN, levels }],
})

const deltas = (rows: readonly Row[]): Row[] => rows.filter(({ table }) => table === 'spot_delta')
const plain = (rows: readonly Row[]): string[] =>
  deltas(rows).map(
    ({ side, price, quantity, level_index, is_snapshot, book_state }) =>
      `${side} ${price} ${quantity} ${level_index}${is_snapshot === 1 ? ' snapshot' : ''} ${book_state}`,
  )

const FIRST: Level[] = [
  ['bid', '10', '1'],
  ['bid', '9', '2'],
  ['ask', '11', '3'],
]

describe('what changes from image to image', () => {
  it('is written level by level, and the first image whole', () => {
    const lane = new FakeLane()
    expect(plain(lane.play(connect, image(1, ...FIRST)))).toEqual([
      'bid 10 1 0 snapshot waiting',
      'bid 9 2 1 snapshot waiting',
      'ask 11 3 0 snapshot waiting',
    ])
    const rows = lane.play(
      image(1, ['bid', '10', '1.0'], ['bid', '8', '4'], ['ask', '10.5', '1'], ['ask', '11', '5']),
    )
    expect(plain(rows)).toEqual(['bid 9 0 0 live', 'bid 8 4 1 live', 'ask 10.5 1 0 live', 'ask 11 5 1 live'])
    expect(deltas(rows)[0]).toMatchObject({
      source: 'derived',
      frame: 3,
      first_seq: null,
      last_seq: null,
      prev_seq: null,
    })
    const [own] = rows.filter(({ table }) => table === 'spot_ob')
    for (const name of [
      'event_ts',
      'event_ts_source',
      'sent_ts',
      'received_ts',
      'frame',
      'writer',
    ] as const) {
      expect(deltas(rows)[0]?.[name]).toEqual(own?.[name])
    }
  })

  it('is nothing where an image says what the one before said, in other spellings too', () => {
    const lane = new FakeLane()
    lane.play(connect, image(1, ...FIRST))
    expect(
      plain(lane.play(image(1, ['ask', '11.0', '3.00'], ['bid', '9', '2'], ['bid', '10', '1']))),
    ).toEqual([])
  })

  it('empties a side, and begins anew when nothing can be written of a first book', () => {
    const lane = new FakeLane()
    lane.play(connect, image(1, ...FIRST))
    expect(plain(lane.play(image(1, ['ask', '11', '3'])))).toEqual(['bid 10 0 0 live', 'bid 9 0 1 live'])
    lane.play({ kind: 'disconnect', connection: 1 }, connect)
    expect(plain(lane.play(image(5)))).toEqual([])
    expect(plain(lane.play(image(5, ['bid', '7', '1'])))).toEqual(['bid 7 1 0 snapshot resync'])
  })

  it.each<[string, (lane: FakeLane) => number]>([
    ['a connection ended', (lane) => reconnected(lane, { kind: 'disconnect', connection: 1 })],
    ['the process was cut short', (lane) => reconnected(lane, { kind: 'start' })],
    ['the process stopped', (lane) => reconnected(lane, { kind: 'stop' }, { kind: 'start' })],
    ['something could not be read', (lane) => unread(lane)],
  ])('begins anew when %s', (_name, interrupt) => {
    const lane = new FakeLane()
    lane.play(connect, image(1, ...FIRST))
    const connection = interrupt(lane)
    expect(plain(lane.play(image(connection, ...FIRST)))).toEqual([
      'bid 10 1 0 snapshot resync',
      'bid 9 2 1 snapshot resync',
      'ask 11 3 0 snapshot resync',
    ])
    expect(plain(lane.play(image(connection, ...FIRST)))).toEqual([])
  })

  it('is not written, and gaps are of the table that is, where only one of the two is stored', () => {
    const lane = new FakeLane()
    const only = (table: 'spot_ob' | 'spot_delta'): Row[] =>
      lane.play(
        { kind: 'start', stored: { 'other spot': [table] } },
        connect,
        image(lane.number + 2, ...FIRST),
      )
    const images = only('spot_ob')
    expect(plain(images)).toEqual([])
    expect(images.find(({ table }) => table === 'gaps')?.table_name).toBe('spot_ob')
    const changes = only('spot_delta')
    expect(deltas(changes)).toHaveLength(3)
    expect(changes.some(({ table }) => table === 'spot_ob')).toBe(false)
    expect(changes.find(({ table }) => table === 'gaps')?.table_name).toBe('spot_delta')
  })

  it('gives every image when it is applied, over restarts from state images and holes', () => {
    const chance = chanceOf(20261121)
    const counts = { images: 0, snapshots: 0, empty: 0, restarts: 0 }
    for (let world = 0; world < 40; world++) playWorld(chance, counts)
    expect(counts.images).toBe(40 * 250)
    expect(counts.snapshots).toBeGreaterThan(300)
    expect(counts.empty).toBeGreaterThan(300)
    expect(counts.restarts).toBeGreaterThan(200)
  })
})

/** Plays what interrupts a stream and opens the next connection; answers its number. */
function reconnected(lane: FakeLane, ...steps: Step[]): number {
  lane.play(...steps, connect)
  return lane.number
}

/** A frame of the first connection that nobody can read; answers its number. */
function unread(lane: FakeLane): number {
  lane.play({ kind: 'dead', connection: 1 })
  return 1
}

type Counts = Record<'images' | 'snapshots' | 'empty' | 'restarts', number>

/** One key: images that change a little, torn now and then; a second lane hears the same without restarts. */
function playWorld(chance: Chance, counts: Counts): void {
  let lane = new FakeLane()
  const whole = new FakeLane()
  const play = (...steps: Step[]): Row[] => {
    const [rows, same] = [lane.play(...steps), whole.play(...steps)]
    expect(rows).toEqual(same)
    return rows
  }
  play(connect)
  let connection = lane.number
  let levels: Level[] = []
  const book = new Map<string, number>()
  for (let step = 0; step < 250; step++) {
    const isTorn = chance(20) === 0
    const isUnread = chance(30) === 0
    // What a reader knows does not outlast a hole, and of a book without a level nothing is written.
    if (isTorn || isUnread) book.clear()
    if (isTorn) {
      play({ kind: 'disconnect', connection }, connect)
      connection = lane.number
    }
    if (isUnread) play({ kind: 'dead', connection })
    if (chance(25) === 0) {
      lane = restarted(lane)
      counts.restarts += 1
    }
    levels = changed(levels, chance)
    apply(book, deltas(play(image(connection, ...levels))), counts)
    const told = levels.map(
      ([side, price, quantity]) => [`${side} ${Number(price)}`, Number(quantity)] as const,
    )
    expect([...book].sort()).toEqual([...new Map(told)].filter(([, quantity]) => quantity > 0).sort())
    counts.images += 1
    if (levels.length === 0 || new Set(levels.map(([side]) => side)).size < 2) counts.empty += 1
  }
}

/** A new lane from the state image of another, which hears the records that follow. */
function restarted(lane: FakeLane): FakeLane {
  const next = new FakeLane()
  next.normalizer.restore(lane.normalizer.image())
  next.number = lane.number
  next.nowUs = lane.nowUs
  return next
}

/** Some levels other than before; at times none of a side, a price twice, a quantity of 0, another spelling. */
function changed(levels: readonly Level[], chance: Chance): Level[] {
  if (chance(12) === 0) return []
  const kept = levels.filter(([side]) => chance(6) > 0 && (side === 'bid' || chance(40) > 0))
  const more = Array.from({ length: chance(5) }, (): Level => {
    const side = chance(2) === 0 ? 'bid' : 'ask'
    const price = `${chance(20) + (side === 'bid' ? 0 : 20)}${['', '.0', '.50'][chance(3)]}`
    return [side, price, ['0', '1', '2.5', '90071992547409.93125', '3.00'][chance(5)] as string]
  })
  return [...kept, ...more]
}

/** As anybody would: a snapshot is the whole, 0 removes. A row that changes nothing is a fault. */
function apply(book: Map<string, number>, rows: readonly Row[], counts: Counts): void {
  const isSnapshot = rows[0]?.is_snapshot === 1
  if (isSnapshot) {
    book.clear()
    counts.snapshots += 1
  }
  for (const row of rows) {
    expect(row.is_snapshot).toBe(isSnapshot ? 1 : 0)
    const level = `${row.side} ${Number(row.price)}`
    const quantity = Number(row.quantity)
    expect(book.get(level) ?? 0).not.toBe(quantity)
    if (quantity === 0) book.delete(level)
    else book.set(level, quantity)
  }
}
