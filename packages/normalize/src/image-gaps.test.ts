import { describe, expect, it } from 'vitest'
import { type Chance, chanceOf, FakeLane, type Level, type Row, START_US, type Step } from './lane-fixture.ts'

const CELL_US = 100_000

const connect: Step = { kind: 'connect', subscriptions: [['BTCUSDT', 'depth']] }
const LEVELS: Level[] = [
  ['bid', '9', '1'],
  ['ask', '11', '1'],
]
const answer = (resync: number, last: number): Step => ({
  kind: 'answer',
  resync,
  snapshot: { last, levels: LEVELS },
})
const delta = (seq: number, atUs: number, connection = 1): Step => ({
  kind: 'frame',
  connection,
  atUs: START_US + atUs,
  messages: [{ kind: 'delta', first: seq, levels: [['bid', '8', `${seq}`]] }],
})
const clock = (atUs: number): Step => ({ kind: 'clock', atUs: START_US + atUs })
const made = (isMade: boolean, atUs: number): Step => ({
  kind: 'images',
  made: isMade,
  atUs: START_US + atUs,
})

const images = (rows: readonly Row[]): unknown[] =>
  rows.filter(({ table, level, side }) => table === 'spot_ob' && level === 0 && side === 'bid')
const gaps = (rows: readonly Row[]): Row[] =>
  rows.filter(({ table, stream }) => table === 'gaps' && stream === 'derived')

/** A lane with a live book at sequence 2, whose last update came 10 ms after the start. */
function live(): FakeLane {
  const lane = new FakeLane()
  lane.play(connect, answer(1, 1), delta(2, 10_000))
  return lane
}

describe('images that the disk has no room for', () => {
  it('are not made, while deltas are; a gap lies between the last image before and the first one after', () => {
    const lane = live()
    const low = lane.play(made(false, 50_000))
    expect(images(low)).toMatchObject([{ kind: 'derived', last_seq: 2 }])
    expect(gaps(low)).toMatchObject([
      {
        state: 'open',
        table_name: 'spot_ob',
        from_seq: 2,
        from_ts: START_US + 10_000,
        to_seq: null,
        to_ts: null,
        cause: 'disk_full',
        frame: 4,
      },
    ])
    const between = lane.play(delta(3, 60_000), clock(2 * CELL_US), delta(4, 90_000_000), clock(121_000_000))
    expect(images(between)).toEqual([])
    expect(between.filter(({ table }) => table === 'spot_delta')).toHaveLength(2)
    const eased = lane.play(made(true, 130_000_000))
    expect(images(eased)).toMatchObject([
      { kind: 'checkpoint', last_seq: 4, received_ts: START_US + 90_000_000 },
    ])
    expect(gaps(eased)).toMatchObject([
      { state: 'closed', gap_id: gaps(low)[0]?.gap_id, from_seq: 2, to_seq: 4, to_ts: START_US + 90_000_000 },
    ])
    const after = lane.play(delta(5, 130_000_000), clock(130_200_000))
    expect(images(after)).toMatchObject([{ kind: 'derived', last_seq: 5 }])
    expect(gaps(after)).toEqual([])
  })

  it('have their hole from the first one that is not made, of a book that came later', () => {
    const lane = new FakeLane()
    expect(gaps(lane.play(made(false, 0), connect, answer(1, 1)))).toEqual([])
    const rows = lane.play(delta(2, 10_000), clock(CELL_US))
    expect(images(rows)).toEqual([])
    expect(gaps(rows)).toMatchObject([{ state: 'open', from_seq: null, from_ts: START_US + 10_000 }])
  })

  it('come back with a new process, whole, and with the book where it was none', () => {
    const lane = live()
    lane.play(made(false, 50_000), { kind: 'start' }, connect)
    const rows = lane.play(delta(9, 200_000, 6), clock(2 * CELL_US))
    expect([images(rows), gaps(rows)]).toEqual([[], []])
    const joined = lane.play(answer(2, 9), delta(10, 300_000, 6))
    expect(images(joined)).toMatchObject([{ kind: 'checkpoint', last_seq: 10 }])
    expect(gaps(joined)).toMatchObject([{ state: 'closed', from_seq: 2, to_seq: 10 }])
  })

  it('have no gap where no table wants them', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['spot_delta'] } })
    lane.play({ ...connect }, answer(1, 1), delta(2, 10_000, 2))
    expect(gaps(lane.play(made(false, 50_000), delta(3, 60_000, 2), made(true, 70_000)))).toEqual([])
  })

  it('mark the minutes of the table where images are all that is stored', () => {
    const lane = new FakeLane()
    lane.play({ kind: 'start', stored: { 'fake spot': ['spot_ob'] } })
    lane.play({ ...connect }, answer(1, 1), delta(2, 10_000, 2))
    lane.play(made(false, 20_000_000), delta(3, 30_000_000, 2), made(true, 40_000_000))
    const rows = lane.play(delta(4, 60_500_000, 2), delta(5, 120_500_000, 2))
    const [first] = rows.filter(({ table }) => table === 'coverage')
    expect(first).toMatchObject({ table_name: 'spot_ob', gap_seconds: '30.000000' })
    expect(String(first?.causes)).toContain('disk_full')
  })

  it('give the same rows wherever a state image lies between', () => {
    const chance = chanceOf(20261121)
    let closed = 0
    for (let world = 0; world < 20; world++) closed += playWorld(chance)
    expect(closed).toBeGreaterThan(20)
  })
})

/** A lane that begins again from its image now and then, beside one that never does; answers how many gaps closed. */
function playWorld(chance: Chance): number {
  let lane = live()
  const whole = live()
  let atUs = 20_000
  let seq = 2
  let closed = 0
  for (let step = 0; step < 120; step++) {
    atUs += chance(3) === 0 ? 30_000_000 : 40_000
    const next = chance(4) === 0 ? made(chance(2) === 0, atUs) : delta(++seq, atUs)
    if (chance(8) === 0) {
      const again = new FakeLane()
      again.normalizer.restore(lane.normalizer.image())
      Object.assign(again, { number: lane.number, nowUs: lane.nowUs })
      lane = again
    }
    const rows = whole.play(next)
    expect(lane.play(next)).toEqual(rows)
    closed += gaps(rows).filter(({ state }) => state === 'closed').length
  }
  return closed
}
