import { describe, expect, inject, it } from 'vitest'
import { WAIT_MINUTES } from './coverage.ts'
import { chanceOf, type FakeLane, type Row, START_US, type Step } from './lane-fixture.ts'
import { laneWorld, worldLane } from './lane-world.ts'
import { legLane, legWorld } from './leg-world.ts'
import { MINUTE_US } from './minutes.ts'
import type { NormalizerOptions } from './normalizer-options.ts'
import { type Played, plainCoverage, stretched, writtenCoverage } from './plain-coverage.ts'
import { expectSame } from './same-texts.ts'
import { streamLane, streamWorld } from './stream-world.ts'

/** What must hold of the rows of `coverage`, whatever the network does. */

const SEEDS = Array.from({ length: inject('isThorough') ? 12 : 4 }, (_, seed) => seed + 1)
/** How much slower the worlds are played: a minute has hundreds of records, tens, or less than one. */
const STRETCHES = [20, 300, 6_000]

const worlds: readonly (readonly [
  name: string,
  stepsOf: (seed: number, length: number) => Step[],
  laneOf: MakeLane,
])[] = [
  ['a world of all kinds', (seed, length) => laneWorld(seed, length).steps, worldLane],
  ['books that begin in their streams', (seed, length) => streamWorld(seed, length).steps, streamLane],
  ['two connections of one key', (seed, length) => legWorld(seed, length).steps, legLane],
]
type MakeLane = (more?: Partial<NormalizerOptions>) => FakeLane

describe.each(worlds)('the minutes of %s', (_, stepsOf, laneOf) => {
  it.each(SEEDS)('are each written once, as a plain second computation has them, seed %i', (seed) => {
    const causes = new Set<string>()
    for (const stretch of STRETCHES) {
      const records = recordsOf(stepsOf(seed, 400), stretch)
      const lane = laneOf()
      lane.play(...records)
      const written = writtenCoverage(lane.rows)
      const due = plainCoverage(records, lane.rows)
      expect(new Set(written.map(([name]) => name)).size).toBe(written.length)
      expectSame(written.map(textOf).sort(), [...due].map(textOf).sort())
      for (const row of lane.rows) if (row.table === 'coverage') causes.add(String(row.causes))
    }
    expect(causes.size).toBeGreaterThan(3)
  })

  it('are written in the same order from a state image taken after any record', () => {
    for (const stretch of STRETCHES) {
      const records = recordsOf(stepsOf(3, 120), stretch)
      const uncut = laneOf()
      uncut.play(...records)
      const before = laneOf()
      for (const [cut, record] of records.entries()) {
        before.play(record)
        if (cut % 5 !== 0) continue
        const resumed = resume([before], laneOf())
        expect(imageOf(resumed)).toBe(imageOf(before))
        resumed.play(...records.slice(cut + 1))
        expectSame(covered(resumed.rows), covered(uncut.rows.slice(before.rows.length)))
        expect(imageOf(resumed)).toBe(imageOf(uncut))
      }
    }
  })

  it.each(SEEDS)('are the same in 1, 4 and 7 lanes, cut and restarted at random records, seed %i', (seed) => {
    const chance = chanceOf(seed + 500)
    const records = recordsOf(stepsOf(seed, 250), STRETCHES[seed % STRETCHES.length] as number)
    const whole = laneOf()
    whole.play(...records)
    for (const most of [1, 4, 7]) {
      const rows: Row[] = []
      let lanes = [laneOf()]
      for (let at = 0; at < records.length; ) {
        const end = Math.min(records.length, at + 1 + chance(80))
        const total = 1 + chance(most)
        const salt = chance(100)
        const owns = (symbol: string, n: number): boolean => (symbol.length + salt) % total === n
        const former = lanes
        lanes = Array.from({ length: total }, (_, n) =>
          resume(former, laneOf({ owns: ({ symbol }) => owns(symbol, n) })),
        )
        for (const lane of lanes) lane.play(...records.slice(at, end))
        rows.push(...lanes.flatMap((lane) => lane.rows))
        at = end
      }
      expectSame(covered(rows).sort(), covered(whole.rows).sort())
    }
  })
})

it('worlds have minutes that had to be written before their streams were heard again', () => {
  const waits = SEEDS.map((seed) => {
    const lane = worldLane()
    lane.play(...recordsOf(laneWorld(seed, 400).steps, 6_000))
    return lane.rows
      .filter(({ table }) => table === 'coverage')
      .map((row) => (row.received_ts as number) - (row.minute as number))
  })
  expect(Math.max(...waits.flat())).toBeGreaterThan(WAIT_MINUTES * MINUTE_US)
})

/** A world, which ends with a stop, and the next start: it closes every minute. */
function recordsOf(steps: readonly Step[], stretch: number): Played[] {
  const records = stretched(steps, START_US, stretch)
  const { number, atUs } = records.at(-1) as Played
  return [...records, { kind: 'start', number: number + 1, atUs: atUs + 2 * MINUTE_US }]
}

function resume(from: readonly FakeLane[], lane: FakeLane): FakeLane {
  const [like] = from as [FakeLane]
  Object.assign(lane, { number: like.number, nowUs: like.nowUs })
  for (const each of from) lane.normalizer.restore(each.normalizer.image())
  return lane
}

function imageOf({ normalizer }: FakeLane): string {
  return new TextDecoder().decode(normalizer.image())
}

function covered(rows: readonly Row[]): string[] {
  return rows.filter(({ table }) => table === 'coverage').map((row) => JSON.stringify(row))
}

function textOf([name, text]: readonly [string, string]): string {
  return `${name}: ${text}`
}
