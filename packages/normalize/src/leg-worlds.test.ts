import { describe, expect, it } from 'vitest'
import { chanceOf, type FakeLane, type Row } from './lane-fixture.ts'
import { type LegEmission, type LegWorld, legLane, legWorld } from './leg-world.ts'
import { expectSame, texts } from './same-texts.ts'
import { LEG_LAG_US_MAX } from './waiting-hole.ts'

/** What must hold of streams that two connections carry, whatever either of them loses and however far it is behind. */

const SEEDS = Array.from({ length: 8 }, (_, seed) => seed + 1)
const STREAMS = ['trade', 'depth', 'chained'] as const

interface Run extends LegWorld {
  readonly lane: FakeLane
}

const runs = new Map<number, Run>()

function played(seed: number): Run {
  const known = runs.get(seed)
  if (known !== undefined) return known
  const world = legWorld(seed, 400)
  const lane = legLane()
  lane.play(...world.steps)
  const run = { ...world, lane }
  runs.set(seed, run)
  return run
}

const gapsOf = (rows: readonly Row[], stream: string): Row[] =>
  rows.filter((row) => row.table === 'gaps' && row.stream === stream && row.state === 'closed')

const isOverdue = ({ received_ts, to_ts }: Row): boolean =>
  Number(received_ts) - Number(to_ts) >= LEG_LAG_US_MAX

function storedOf(
  rows: readonly Row[],
  { symbol, stream }: Pick<LegEmission, 'symbol' | 'stream'>,
): number[] {
  const own = rows.filter((row) => row.symbol === symbol && row.source === 'ws')
  if (stream === 'trade')
    return own.filter(({ table }) => table === 'ticks').map(({ trade_id }) => Number(trade_id))
  const updates = own.filter(({ table }) => table === 'spot_delta')
  return [...new Set(updates.map(({ frame, last_seq }) => `${frame} ${last_seq}`))].map((name) =>
    Number(name.split(' ')[1]),
  )
}

describe('a world of two connections of one key', () => {
  it.each(SEEDS)('stores once what either of them brought, seed %i', (seed) => {
    const { lane, emitted } = played(seed)
    for (const stream of STREAMS) {
      const own = emitted.filter((each) => each.stream === stream)
      const delivered = own.filter(({ records }) => records.length > 0).map(({ seq }) => seq)
      const stored = storedOf(lane.rows, own[0] as LegEmission)
      expect(
        stored.sort((a, b) => a - b),
        stream,
      ).toEqual(delivered)
    }
  })

  it.each(SEEDS)('has a gap for what neither brought in time, and for nothing else, seed %i', (seed) => {
    const { lane, emitted } = played(seed)
    for (const stream of STREAMS) {
      const own = emitted.filter((each) => each.stream === stream)
      const gaps = gapsOf(lane.rows, stream).filter(({ from_seq }) => from_seq !== null)
      for (const gap of gaps) {
        const inside = own.filter(({ seq }) => seq > Number(gap.from_seq) && seq < Number(gap.to_seq))
        // What is overdue is so before the record that ends the time is heard.
        const until = Number(gap.frame) - (isOverdue(gap) ? 1 : 0)
        const missing = inside.filter(({ records: [first = Infinity] }) => first > until)
        // One that closes what was left open says so when nothing is missing.
        const isNeedless = missing.length === 0 && gap.cause !== 'shutdown'
        if (isNeedless) expect(gap).toBe('a hole')
        if (stream !== 'chained') expect(gap.missing ?? missing.length).toBe(missing.length)
      }
      const heard = own.findLast(({ records }) => records.length > 0)?.seq ?? 0
      for (const each of own) {
        if (each.records.length > 0 || each.seq > heard) continue
        const isInside = gapsOf(lane.rows, stream).some(
          ({ from_seq, to_seq }) => each.seq > Number(from_seq ?? -1) && each.seq < Number(to_seq),
        )
        if (!isInside) expect(each).toBe('inside a gap')
      }
    }
  })

  it('has holes of every end: passed by all, ended with a connection, overdue, filled', () => {
    const ends = { passed: 0, ended: 0, overdue: 0, filled: 0 }
    for (const seed of SEEDS) {
      const { lane, steps } = played(seed)
      for (const gap of gapsOf(lane.rows, 'trade')) {
        if (gap.cause !== 'sequence') continue
        const step = steps[Number(gap.frame) - 1] as (typeof steps)[number]
        if (isOverdue(gap)) ends.overdue += 1
        else if (step.kind === 'frame') ends.passed += 1
        else ends.ended += 1
      }
      ends.filled += lane.normalizer.counters.late
    }
    for (const [end, count] of Object.entries(ends)) expect(count, end).toBeGreaterThan(0)
  })

  it.each(SEEDS)('shows in every image the true book of its number, seed %i', (seed) => {
    const { lane, emitted } = played(seed)
    const truths = new Map(
      emitted.map(({ symbol, seq, stream, book }) => [`${stream} ${symbol} ${seq}`, book]),
    )
    const images = Map.groupBy(
      lane.rows.filter(({ table }) => table === 'spot_ob'),
      ({ symbol, kind, last_seq, frame }) => `${symbol} ${kind} ${last_seq} ${frame}`,
    )
    for (const [name, rows] of images) {
      const { symbol, last_seq } = rows[0] as Row
      const stream = symbol === 'BTCUSDT' ? 'depth' : 'chained'
      const truth = truths.get(`${stream} ${symbol} ${last_seq}`) ?? new Map<string, string>()
      const shown = rows.map(({ side, price, quantity }) => `${side} ${price} ${quantity}`)
      expect(shown.sort(), name).toEqual([...truth].map(([place, quantity]) => `${place} ${quantity}`).sort())
    }
    expect(images.size).toBeGreaterThan(30)
  })

  it('gives the same rows from a state image taken after any record', () => {
    for (const seed of SEEDS.slice(0, 2)) {
      const { steps } = legWorld(seed, 110)
      const uncut = legLane()
      uncut.play(...steps)
      const before = legLane()
      for (const [cut, step] of steps.entries()) {
        before.play(step)
        if (cut % 2 !== seed % 2) continue
        const resumed = legLane()
        resumed.number = before.number
        resumed.nowUs = before.nowUs
        resumed.normalizer.restore(before.normalizer.image())
        expect(text(resumed)).toBe(text(before))
        resumed.play(...steps.slice(cut + 1))
        expectSame(texts(resumed.rows), texts(uncut.rows.slice(before.rows.length)))
        expect(text(resumed)).toBe(text(uncut))
      }
    }
  })

  it.each(SEEDS)('gives the same rows in two lanes that are made anew at random records, seed %i', (seed) => {
    const chance = chanceOf(seed + 1_000)
    const { steps, lane: whole } = played(seed)
    const rows: Row[] = []
    let image: FakeLane[] = []
    for (let at = 0; at < steps.length; ) {
      const end = Math.min(steps.length, at + 1 + chance(90))
      const lanes = ['BTCUSDT', 'ETHUSDT'].map((own) =>
        legLane({ owns: ({ symbol }) => (symbol === 'ETHUSDT') === (own === 'ETHUSDT') }),
      )
      for (const lane of lanes) {
        const like = image[0]
        if (like !== undefined) Object.assign(lane, { number: like.number, nowUs: like.nowUs })
        for (const former of image) lane.normalizer.restore(former.normalizer.image())
        lane.play(...steps.slice(at, end))
        rows.push(...lane.rows)
      }
      image = lanes
      at = end
    }
    expectSame(texts(rows).sort(), texts(whole.rows).sort())
  })
})

function text({ normalizer }: FakeLane): string {
  return new TextDecoder().decode(normalizer.image())
}
