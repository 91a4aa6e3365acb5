import { describe, expect, it } from 'vitest'
import { chanceOf, type FakeLane, type Row } from './lane-fixture.ts'
import type { SnapshotRequest } from './normalizer-options.ts'
import { expectSame, texts } from './same-texts.ts'
import { bestOf, STREAM_MARKETS, type StreamEmission, streamLane, streamWorld } from './stream-world.ts'

/** What must hold of books that begin in their streams, whatever the network does. */

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1)

const isDeltaTable = (row: Row): boolean => String(row.table).endsWith('_delta')
const isImageTable = (row: Row): boolean => String(row.table).endsWith('_ob')
const placeOf = (each: Row | StreamEmission | SnapshotRequest): string => `${each.market} ${each.symbol}`

describe('a world of books that begin in their streams', () => {
  it.each(SEEDS)('stores each message that arrived once, and no other, seed %i', (seed) => {
    const { lane, emitted } = played(seed)
    const frames = new Map<string, Set<unknown>>()
    for (const row of lane.rows.filter((each) => isDeltaTable(each) || each.table === 'ticks')) {
      const name = `${placeOf(row)} ${row.event_ts}`
      frames.set(name, (frames.get(name) ?? new Set()).add(row.frame))
    }
    const expected = emitted.filter(({ delivered }) => delivered)
    const names = expected.map((each) => `${placeOf(each)} ${each.eventUs}`)
    expect([...frames.keys()].sort()).toEqual(names.sort())
    expect([...frames.values()].filter(({ size }) => size !== 1)).toEqual([])
    expect(lane.normalizer.counters.duplicates).toBeGreaterThan(0)
  })

  it.each(SEEDS)('shows by time what was missed, seed %i', (seed) => {
    const { lane, emitted } = played(seed)
    const gaps = lane.rows.filter(({ table }) => table === 'gaps')
    let missed = 0
    for (const each of emitted) {
      if (each.delivered || each.isSnapshot || isUnprovable(each)) continue
      const own = gaps.filter((gap) => placeOf(gap) === placeOf(each) && gap.stream === each.stream)
      if (!own.some((gap) => isInside(gap, each.atUs))) expect(each).toBe('inside a gap')
      missed += 1
    }
    expect(missed).toBeGreaterThan(10)
  })

  it.each(SEEDS)('shows in every image the true book of its moment, seed %i', (seed) => {
    const { lane, emitted } = played(seed)
    const truths = new Map(emitted.map((each) => [`${placeOf(each)} ${each.eventUs}`, each.book]))
    let compared = 0
    for (const [name, rows] of imagesOf(lane.rows)) {
      const truth = truths.get(name.split(' / ')[0] as string)
      // A checksum proves the best levels only.
      const depth = name.startsWith('spot') || name.endsWith('derived') ? 3 : 1_000
      const own = bestOf(new Map(rows.map((level, i) => [String(i), level])), depth)
      const best = bestOf(new Map((truth ?? []).map((level, i) => [String(i), level])), depth)
      expect(own).toEqual(best)
      compared += 1
    }
    expect(compared).toBeGreaterThan(50)
  })

  it('loses books and finds them again, in every market', () => {
    const total = { checksumsFailed: 0, checksumsChecked: 0, snapshots: 0, asked: 0 }
    let replaced = 0
    for (const seed of SEEDS) {
      const { lane } = played(seed)
      for (const name of Object.keys(total) as (keyof typeof total)[]) {
        total[name] += lane.normalizer.counters[name]
      }
      replaced += lane.replaced.length
      for (const market of STREAM_MARKETS) {
        const labels = new Set(
          lane.rows.filter((row) => isDeltaTable(row) && row.market === market).map((row) => row.book_state),
        )
        expect([...labels].sort()).toEqual(expect.arrayContaining(['live', 'resync', 'waiting']))
      }
    }
    expect(total.checksumsFailed).toBeGreaterThan(5)
    expect(total.checksumsChecked).toBeGreaterThan(500)
    expect(total.asked).toBeGreaterThan(50)
    expect(replaced).toBeGreaterThan(20)
  })

  it('never has two questions open for one book', () => {
    for (const seed of SEEDS) {
      const { steps } = streamWorld(seed, 300)
      const lane = streamLane()
      const open = new Set<string>()
      for (const step of steps) {
        const before = lane.wanted.length
        const snapshots = step.kind === 'frame' ? step.messages.filter(({ kind }) => kind === 'snapshot') : []
        const market = step.kind === 'frame' ? lane.normalizer.marketOf(step.connection)?.market : undefined
        for (const { symbol } of snapshots) open.delete(`${market} ${symbol}`)
        if (step.kind === 'disconnect' || step.kind === 'start') {
          const gone = step.kind === 'start' ? null : lane.normalizer.marketOf(step.connection)?.market
          for (const place of open) if (gone === null || place.startsWith(`${gone} `)) open.delete(place)
        }
        lane.play(step)
        // A hole cuts all books of the connection.
        if (lane.replaced.length > 0)
          for (const place of open) if (place.startsWith('inverse ')) open.delete(place)
        for (const request of lane.wanted.slice(before)) {
          expect(open.has(placeOf(request))).toBe(false)
          open.add(placeOf(request))
        }
      }
    }
  })

  it('gives the same rows from a state image taken after any record', () => {
    for (const seed of SEEDS.slice(0, 2)) {
      const { steps } = streamWorld(seed, 140)
      const uncut = streamLane()
      uncut.play(...steps)
      const end = text(uncut.normalizer.image())
      const before = streamLane()
      for (const [cut, step] of steps.entries()) {
        before.play(step)
        if (cut % 2 !== seed % 2) continue
        const resumed = resume([before], before)
        expect(text(resumed.normalizer.image())).toBe(text(before.normalizer.image()))
        expect(resumed.normalizer.outstanding()).toEqual(before.normalizer.outstanding())
        resumed.play(...steps.slice(cut + 1))
        expectSame(texts(resumed.rows), texts(uncut.rows.slice(before.rows.length)))
        expect(text(resumed.normalizer.image())).toBe(end)
        expect(resumed.wanted).toEqual(uncut.wanted.slice(before.wanted.length))
        expect(resumed.replaced).toEqual(uncut.replaced.slice(before.replaced.length))
      }
    }
  })

  it('gives the same rows in any number of lanes, also when that changes at random records', () => {
    for (const seed of SEEDS) {
      const chance = chanceOf(seed + 1_000)
      const { steps } = streamWorld(seed, 250)
      const whole = streamLane()
      whole.play(...steps)
      const rows: Row[] = []
      let lanes = [streamLane()]
      for (let at = 0; at < steps.length; ) {
        const end = Math.min(steps.length, at + 1 + chance(120))
        const total = 1 + chance(3)
        const salt = chance(100)
        const former = lanes
        lanes = Array.from({ length: total }, (_, n) =>
          resume(former, former[0] as FakeLane, (symbol) => (symbol.length + salt) % total === n),
        )
        for (const lane of lanes) lane.play(...steps.slice(at, end))
        rows.push(...lanes.flatMap((lane) => lane.rows))
        at = end
      }
      expectSame(texts(rows).sort(), texts(whole.rows).sort())
    }
  })
})

function played(seed: number): { readonly lane: FakeLane; readonly emitted: readonly StreamEmission[] } {
  const { steps, emitted } = streamWorld(seed, 500)
  const lane = streamLane()
  lane.play(...steps)
  return { lane, emitted }
}

/** A lost spot delta that changed nothing of what later checksums cover shows nowhere. */
function isUnprovable({ market, stream }: StreamEmission): boolean {
  return market === 'spot' && stream === 'depth'
}

function isInside(gap: Row, atUs: number): boolean {
  const from = (gap.from_ts as number | null) ?? Number.NEGATIVE_INFINITY
  const to = (gap.to_ts as number | null) ?? Number.POSITIVE_INFINITY
  return atUs >= from && atUs < to
}

/** Levels by the place and event time of the image that shows them, its last record and its kind. */
function imagesOf(rows: readonly Row[]): Map<string, (readonly ['bid' | 'ask', string, string])[]> {
  const images = new Map<string, (readonly ['bid' | 'ask', string, string])[]>()
  for (const row of rows.filter(isImageTable)) {
    const name = `${placeOf(row)} ${row.event_ts} / ${row.frame} ${row.kind}`
    const levels = images.get(name) ?? []
    images.set(name, levels)
    levels.push([row.side as 'bid' | 'ask', String(row.price), String(row.quantity)])
  }
  return images
}

/** A lane that goes on from the images of others, with the keys that it owns. */
function resume(
  from: readonly FakeLane[],
  like: FakeLane,
  owns: (symbol: string) => boolean = () => true,
): FakeLane {
  const lane = streamLane({ owns: ({ symbol }) => owns(symbol) })
  lane.number = like.number
  lane.nowUs = like.nowUs
  for (const each of from) lane.normalizer.restore(each.normalizer.image())
  return lane
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
