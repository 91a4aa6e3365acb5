import { describe, expect, it } from 'vitest'
import { chanceOf, type FakeLane, type Row } from '../lane-fixture.ts'
import { worldLane } from '../lane-world.ts'
import { figuresOf, type PlainTrade, plainFigures } from './plain-bars.ts'
import { type TradeWorld, tradeWorld } from './trade-world.ts'

/** Bars over a bad network, against a plain second computation from everything that was emitted. */

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed + 1)

function laneOf(world: TradeWorld): FakeLane {
  const lane = worldLane()
  lane.play(...world.steps)
  return lane
}

function windowOf(row: Row): string {
  return [row.market, row.symbol, row.interval, row.window_start].join(' ')
}

function barsIn(rows: readonly Row[]): Row[] {
  return rows.filter(({ table }) => table === 'bars')
}

describe('bars of a world', () => {
  it.each(SEEDS)('that are complete have every trade that was made, late ones included, seed %i', (seed) => {
    const world = tradeWorld(seed, 1_000, 2_000)
    const complete = barsIn(laneOf(world).rows).filter((row) => row.complete === 1)
    for (const row of complete) {
      const [start, end] = [row.window_start as number, row.window_end as number]
      expect(figuresOf(row)).toEqual(plainFigures(world.emitted.get(String(row.symbol)) ?? [], start, end))
    }
    expect(complete.length).toBeGreaterThan(0)
  })

  it.each(SEEDS)('have in their last revision every trade that is stored, seed %i', (seed) => {
    const lane = laneOf(tradeWorld(seed, 500, 3_600_000))
    const ticks = lane.rows.filter(({ table, kind }) => table === 'ticks' && kind === 'trade')
    const last = new Map<string, Row>()
    for (const row of barsIn(lane.rows)) {
      // Revisions of a window are dense.
      expect(row.revision).toBe(((last.get(windowOf(row))?.revision as number | undefined) ?? -1) + 1)
      last.set(windowOf(row), row)
    }
    for (const row of last.values()) {
      const stored = ticks.filter(({ market, symbol }) => market === row.market && symbol === row.symbol)
      const trades = stored.map(
        (tick): PlainTrade => ({
          us: tick.event_ts as number,
          order: Number(tick.trade_id),
          price: tick.price as string,
          quantity: tick.quantity as string,
          side: tick.side as 'buy' | 'sell',
        }),
      )
      expect(figuresOf(row)).toEqual(
        plainFigures(trades, row.window_start as number, row.window_end as number),
      )
    }
    // The world ends with a stop, so that every trade is in a bar of each width that lies side by side.
    for (const tick of ticks) {
      const us = tick.event_ts as number
      const of = (text: string, sizeUs: number): string =>
        [tick.market, tick.symbol, text, Math.floor(us / sizeUs) * sizeUs].join(' ')
      expect([last.has(of('1s', 1e6)), last.has(of('1m', 6e7))]).toEqual([true, true])
    }
    expect(lane.normalizer.counters.droppedTrades).toBe(0)
  })

  it('are all complete but the first where nothing is wrong', () => {
    for (const seed of SEEDS.slice(0, 3)) {
      const world = tradeWorld(seed, 500, 0, false)
      const final = barsIn(laneOf(world).rows).filter((row) => row.is_final === 1)
      for (const [symbol, [first]] of world.emitted) {
        const own = final.filter((row) => row.symbol === symbol)
        expect(own.length).toBeGreaterThan(20)
        for (const row of own) {
          expect(row.complete).toBe((row.window_start as number) > (first as PlainTrade).us ? 1 : 0)
        }
      }
    }
  })

  it('are late, revised, final, complete and dropped often enough to tell', () => {
    const worlds = SEEDS.map((seed) => laneOf(tradeWorld(seed, 500, 2_000)))
    const sum = (of: (lane: FakeLane) => number): number =>
      worlds.reduce((total, lane) => total + of(lane), 0)
    expect(sum(({ normalizer }) => normalizer.counters.lateTrades)).toBeGreaterThan(50)
    expect(sum(({ normalizer }) => normalizer.counters.droppedTrades)).toBeGreaterThan(5)
    expect(sum(({ normalizer }) => normalizer.counters.barRevisions)).toBeGreaterThan(100)
    const bars = worlds.flatMap((lane) => barsIn(lane.rows))
    expect(bars.filter((row) => row.is_final === 1).length).toBeGreaterThan(200)
    expect(bars.filter((row) => row.complete === 1).length).toBeGreaterThan(100)
    // A final bar is the last of its window.
    for (const lane of worlds) {
      const final = new Set<string>()
      for (const row of barsIn(lane.rows)) {
        expect(final.has(windowOf(row))).toBe(false)
        if (row.is_final === 1) final.add(windowOf(row))
      }
    }
  })

  it.each(SEEDS.slice(0, 6))(
    'are the same in 1 and 4 lanes, cut and restarted at random records, seed %i',
    (seed) => {
      const chance = chanceOf(seed + 70)
      const { steps } = tradeWorld(seed, 300, 2_000)
      const whole = worldLane()
      whole.play(...steps)
      for (const most of [1, 4]) {
        const rows: Row[] = []
        let lanes = [worldLane()]
        for (let at = 0; at < steps.length; ) {
          const end = Math.min(steps.length, at + 1 + chance(60))
          const total = 1 + chance(most)
          const former = lanes
          lanes = Array.from({ length: total }, (_, n) =>
            resumed(former, worldLane({ owns: ({ symbol }) => symbol.length % total === n })),
          )
          for (const lane of lanes) lane.play(...steps.slice(at, end))
          rows.push(...lanes.flatMap((lane) => lane.rows))
          at = end
        }
        const sorted = (all: readonly Row[]): string[] =>
          barsIn(all)
            .map((row) => JSON.stringify(row))
            .sort()
        expect(sorted(rows)).toEqual(sorted(whole.rows))
      }
    },
  )
})

function resumed(from: readonly FakeLane[], lane: FakeLane): FakeLane {
  const [like] = from as [FakeLane]
  Object.assign(lane, { number: like.number, nowUs: like.nowUs })
  for (const each of from) lane.normalizer.restore(each.normalizer.image())
  return lane
}
