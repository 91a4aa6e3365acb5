import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Row, START_US, type Step } from './lane-fixture.ts'

const CELL_US = 100_000

const delta = (seq: number, atUs: number, ...levels: Level[]): Step => ({
  kind: 'frame',
  connection: 1,
  atUs: START_US + atUs,
  messages: [{ kind: 'delta', first: seq, engineUs: START_US + atUs - 7, levels }],
})
const clock = (atUs: number): Step => ({ kind: 'clock', atUs: START_US + atUs })
const images = (rows: Row[], kind: string): unknown[][] =>
  rows
    .filter((row) => row.table === 'spot_ob' && row.kind === kind)
    .map((row) => [row.side, row.level, row.price, row.quantity])

/** A lane whose book went live in the first cell with two levels a side. */
function live(options: ConstructorParameters<typeof FakeLane>[0] = {}): FakeLane {
  const lane = new FakeLane(options)
  const levels: Level[] = [
    ['bid', '9', '1'],
    ['ask', '11', '1'],
    ['ask', '12', '1'],
  ]
  lane.play(
    { kind: 'connect', subscriptions: [['BTCUSDT', 'depth']] },
    { kind: 'answer', resync: 1, snapshot: { last: 1, levels } },
    delta(2, 10_000, ['bid', '8', '1']),
  )
  return lane
}

describe('derived images', () => {
  it('show the book after the last update of a cell, with its times and frame', () => {
    const lane = live()
    lane.play(delta(3, 40_000, ['bid', '9', '0']), delta(4, 99_999, ['bid', '9.5', '2']))
    const rows = lane.play(clock(CELL_US))
    expect(images(rows, 'derived')).toEqual([
      ['bid', 0, '9.5', '2'],
      ['bid', 1, '8', '1'],
      ['ask', 0, '11', '1'],
      ['ask', 1, '12', '1'],
    ])
    expect(rows[0]).toMatchObject({
      source: 'derived',
      event_ts: START_US + 99_999 - 7,
      event_ts_source: 'engine',
      received_ts: START_US + 99_999,
      frame: 5,
      last_seq: 4,
      depth: 2,
      known_depth: 1,
      book_state: 'live',
      quantity_unit: 'base',
    })
  })

  it('are not touched by the record that closes their cell', () => {
    const lane = live()
    lane.play(delta(3, 50_000, ['bid', '9.5', '2']))
    const rows = lane.play(delta(4, CELL_US, ['bid', '10', '3']))
    expect(images(rows, 'derived')[0]).toEqual(['bid', 0, '9.5', '2'])
    expect(images(lane.play(clock(2 * CELL_US)), 'derived')[0]).toEqual(['bid', 0, '10', '3'])
  })

  it('are made only for cells in which the book changed', () => {
    const lane = live()
    expect(images(lane.play(clock(CELL_US)), 'derived')).toHaveLength(4)
    expect(lane.play(clock(2 * CELL_US), clock(3 * CELL_US))).toEqual([])
  })

  it('hold at most the configured levels a side', () => {
    const lane = live({ images: { derivedLevels: 1 } })
    const rows = lane.play(clock(CELL_US))
    expect(images(rows, 'derived')).toEqual([
      ['bid', 0, '9', '1'],
      ['ask', 0, '11', '1'],
    ])
    expect(rows[0]?.depth).toBe(1)
  })

  it('are none when no level is asked for', () => {
    expect(live({ images: { derivedLevels: 0 } }).play(clock(CELL_US))).toEqual([])
  })

  it('are none for a book that was lost before the cell ended', () => {
    const lane = live()
    lane.play(delta(9, 50_000, ['bid', '9.5', '2']))
    expect(images(lane.play(clock(CELL_US)), 'derived')).toEqual([])
  })

  it('close with a stop and with a start', () => {
    const lane = live()
    expect(images(lane.play({ kind: 'stop', atUs: START_US + 20_000 }), 'derived')).toHaveLength(4)
    const other = live()
    expect(images(other.play({ kind: 'start', atUs: START_US + 20_000 }), 'derived')).toHaveLength(4)
  })

  it('of one key are the same whatever other keys the lane hears', () => {
    const alone = live()
    const crowded = live()
    const other: Step = {
      kind: 'frame',
      connection: 1,
      atUs: START_US + CELL_US,
      messages: [{ kind: 'delta', symbol: 'OTHER', first: 1 }],
    }
    const late = delta(3, 3 * CELL_US, ['bid', '8', '0'])
    const withoutFrame = (rows: Row[]): unknown[] =>
      rows.filter(({ symbol, table }) => symbol === 'BTCUSDT' && table === 'spot_ob')
    expect(withoutFrame(crowded.play(other))).toEqual(withoutFrame(alone.play(late)))
  })
})

describe('checkpoints', () => {
  it('hold the whole book when it becomes live and in every cell that changed it', () => {
    const lane = new FakeLane({ images: { derivedLevels: 1, checkpointEveryUs: 1_000_000 } })
    const levels: Level[] = Array.from({ length: 30 }, (_, i) => ['bid', `${30 - i}`, '1'] as const)
    lane.play(
      { kind: 'connect', subscriptions: [['BTCUSDT', 'depth']] },
      { kind: 'answer', resync: 1, snapshot: { last: 1, levels } },
    )
    expect(images(lane.play(delta(2, 10_000, ['bid', '40', '1'])), 'checkpoint')).toHaveLength(31)
    expect(images(lane.play(clock(1_000_000)), 'checkpoint')).toEqual([])
    lane.play(delta(3, 1_100_000, ['bid', '41', '1']))
    const rows = lane.play(clock(2_000_000))
    expect(images(rows, 'checkpoint')).toHaveLength(32)
    expect(rows.at(-1)).toMatchObject({
      kind: 'checkpoint',
      level: 31,
      depth: 32,
      known_depth: 32,
      last_seq: 3,
    })
    expect(images(lane.play(clock(3_000_000)), 'checkpoint')).toEqual([])
  })

  it('come after each resync', () => {
    const lane = live()
    lane.play(delta(5, 20_000, ['bid', '7', '1']))
    const rows = lane.play({
      kind: 'answer',
      resync: 2,
      snapshot: { last: 4, levels: [['ask', '10', '1']] },
    })
    expect(images(rows, 'checkpoint')).toEqual([
      ['bid', 0, '7', '1'],
      ['ask', 0, '10', '1'],
    ])
  })

  it('hold no more than the depth cap', () => {
    const lane = live({ images: { depthCap: 1 } })
    expect(images(lane.rows, 'checkpoint')).toEqual([
      ['bid', 0, '9', '1'],
      ['ask', 0, '11', '1'],
    ])
  })

  it('show numbers as written, beyond 2^53 too', () => {
    const lane = live()
    lane.play(delta(3, 20_000, ['bid', '9.0000', '12345678901234567890.000000000000000001']))
    expect(images(lane.play(clock(CELL_US)), 'derived')[0]).toEqual([
      'bid',
      0,
      '9.0000',
      '12345678901234567890.000000000000000001',
    ])
    const copy = new FakeLane()
    copy.normalizer.restore(lane.normalizer.image())
    expect(copy.normalizer.image()).toEqual(lane.normalizer.image())
  })
})

describe('a start record that says how images are made', () => {
  const shallow = { derivedEveryUs: 300_000, derivedLevels: 1, checkpointEveryUs: 600_000, depthCap: 1 }
  const start = (atUs: number, more: Partial<Extract<Step, { kind: 'start' }>> = {}): Step => ({
    kind: 'start',
    atUs: START_US + atUs,
    ...more,
  })
  const connect: Step = { kind: 'connect', subscriptions: [['BTCUSDT', 'depth']] }
  const update = (connection: number, seq: number, atUs: number): Step => ({
    ...(delta(seq, atUs, ['bid', `${seq}.0`, '1']) as Extract<Step, { kind: 'frame' }>),
    connection,
  })
  /** Told once, then otherwise, then not at all. */
  const steps: Step[] = [
    start(0, { images: shallow }),
    { ...connect, atUs: START_US + 1 },
    {
      kind: 'answer',
      resync: 1,
      snapshot: {
        last: 1,
        levels: [
          ['ask', '99', '1'],
          ['ask', '98', '1'],
        ],
      },
    },
    update(2, 2, 10_000),
    update(2, 3, 20_000),
    clock(299_999),
    clock(300_000),
    clock(600_000),
    start(650_000, { images: { ...shallow, derivedEveryUs: 100_000, derivedLevels: 2, depthCap: 5 } }),
    { ...connect, atUs: START_US + 650_001 },
    update(10, 4, 660_000),
    clock(700_000),
    start(750_000),
    { ...connect, atUs: START_US + 750_001 },
    update(14, 5, 760_000),
    clock(800_000),
    clock(60_000_000),
  ]

  it('counts from its record on, whatever whoever reads it wants', () => {
    const lane = new FakeLane({ images: { derivedLevels: 3, checkpointEveryUs: 60_000_000 } })
    const shown = steps.map((step) => {
      const rows = lane.play(step).filter(({ table }) => table === 'spot_ob')
      return rows.map(({ kind, side, price }) => `${kind} ${side} ${price}`)
    })
    // The book keeps one level a side until it begins anew.
    expect(shown.map((rows) => rows.join(', '))).toEqual([
      ...['', '', '', 'checkpoint bid 2.0, checkpoint ask 98', '', ''],
      'derived bid 3.0, derived ask 98',
      'checkpoint bid 3.0, checkpoint ask 98',
      ...['', '', ''],
      'derived bid 4.0, derived ask 98',
      '',
      // Cells of another width begin with the next record.
      'checkpoint bid 4.0, checkpoint ask 98',
      '',
      'derived bid 5.0, derived ask 98',
      'checkpoint bid 5.0, checkpoint ask 98',
    ])
  })

  it('is not asked where whoever reads it says so', () => {
    const lane = new FakeLane({ images: { derivedLevels: 3 }, isOwnImages: true })
    lane.play(...steps)
    expect(images(lane.rows, 'checkpoint').filter(([side]) => side === 'ask').length).toBeGreaterThan(2)
  })

  it('is in the state image, with the depth that each book keeps', () => {
    const uncut = new FakeLane()
    uncut.play(...steps)
    const before = new FakeLane()
    for (const [cut, step] of steps.entries()) {
      before.play(step)
      const resumed = new FakeLane()
      resumed.normalizer.restore(before.normalizer.image())
      expect(resumed.normalizer.image()).toEqual(before.normalizer.image())
      Object.assign(resumed, { number: before.number, nowUs: before.nowUs })
      resumed.play(...steps.slice(cut + 1))
      expect(resumed.rows).toEqual(uncut.rows.slice(before.rows.length))
    }
  })
})

describe('the state image', () => {
  it('is refused when its version is another', () => {
    const lane = live()
    const text = new TextDecoder().decode(lane.normalizer.image())
    const other = new TextEncoder().encode(text.replace(/"version":\d+/, '"version":1'))
    expect(() => new FakeLane().normalizer.restore(other)).toThrow('found version 1, expected ')
    expect(() => new FakeLane().normalizer.restore(new Uint8Array([123]))).toThrow()
  })

  it.each([5, 6])('of version %i is read: it is one without what came later', (version) => {
    const lane = live()
    const text = new TextDecoder().decode(lane.normalizer.image())
    const old = text.replace('"version":7', `"version":${version}`).replace('"cap":2000,', '')
    expect(old.length).toBe(text.length - '"cap":2000,'.length)
    const copy = new FakeLane()
    copy.normalizer.restore(new TextEncoder().encode(old))
    expect(copy.normalizer.image()).toEqual(lane.normalizer.image())
  })

  it('carries open connections and their markets', () => {
    const lane = live()
    const copy = new FakeLane()
    copy.normalizer.restore(lane.normalizer.image())
    expect(copy.normalizer.marketOf(1)?.exchange).toBe('fake')
    expect(copy.normalizer.marketOf(2)).toBeNull()
  })
})
