import { describe, expect, it } from 'vitest'
import type { FakeLane, Row, Step } from './lane-fixture.ts'
import { chanceOf } from './lane-fixture.ts'
import { type Emission, laneWorld, WORLD_SYMBOLS, worldLane } from './lane-world.ts'
import { expectSame, texts } from './same-texts.ts'

/** What must hold of every kind of stream together, whatever the network does. */

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1)

/** The number that a row of a stream stands for; null when it is none of its messages. */
const ID_OF: Readonly<Record<string, (row: Row) => unknown>> = {
  trade: (row) => (row.table === 'ticks' && row.kind === 'trade' ? Number(row.trade_id) : null),
  aggregate: (row) => (row.table === 'ticks' && row.kind === 'aggregate' ? Number(row.trade_id) : null),
  depth: (row) => (String(row.table).endsWith('_delta') && row.source === 'ws' ? row.last_seq : null),
  image: (row) => (String(row.table).endsWith('_ob') && row.kind === 'partial' ? row.last_seq : null),
}

describe('a world of all kinds', () => {
  it.each(SEEDS)('stores each message of a numbered stream once or shows it as missing, seed %i', (seed) => {
    const { steps, emitted } = laneWorld(seed, 400)
    const lane = worldLane()
    lane.play(...steps)
    let missing = 0
    for (const [stream, idOf] of Object.entries(ID_OF)) {
      for (const { market, symbol } of keys()) {
        const own = lane.rows.filter((row) => row.market === market && row.symbol === symbol)
        const stored = idsOf(own, idOf)
        const mine = emitted.filter((each) => isOf(each, market, symbol, stream))
        const gaps = own.filter((row) => row.table === 'gaps' && row.stream === stream)
        for (const { id, first, delivered } of mine) {
          if (delivered) expect(stored.get(id)).toBe(1)
          else {
            expect(stored.has(id)).toBe(false)
            expect(gaps.some((gap) => isInside(gap, first, id, 'from_seq', 'to_seq'))).toBe(true)
            missing += 1
          }
        }
        expect(stored.size).toBe(mine.filter(({ delivered }) => delivered).length)
      }
    }
    expect(missing).toBeGreaterThan(5)
  })

  it.each(SEEDS)('shows by time what other streams missed, seed %i', (seed) => {
    const { steps, emitted } = laneWorld(seed, 400)
    const lane = worldLane()
    lane.play(...steps)
    const heard = (each: Emission): boolean =>
      !each.stream.startsWith('!') || emitted.some((other) => isSameStream(other, each) && other.delivered)
    let missing = 0
    for (const each of emitted) {
      if (each.delivered || !heard(each)) continue
      const gaps = lane.rows.filter(
        (row) => row.table === 'gaps' && isOf(each, row.market, row.symbol, String(row.stream)),
      )
      const isShown = gaps.some((gap) => isInside(gap, each.atUs + 1, each.atUs, 'from_ts', 'to_ts'))
      if (!isShown && !(each.stream in ID_OF)) expect(each).toBe('inside a gap')
      missing += 1
    }
    expect(missing).toBeGreaterThan(20)
    const sent = emitted.filter(({ delivered }) => delivered)
    const count = (table: string): number => lane.rows.filter((row) => row.table === table).length
    const countOf = (stream: string): number =>
      sent.filter((each) => each.stream.replace('!', '') === stream).length
    expect(count('bbo')).toBe(countOf('quote'))
    expect(count('liquidations')).toBe(countOf('liquidation'))
    const told = (stream: string): number =>
      steps.reduce((sum, step) => sum + (isTold(step, stream) ? step.messages.length : 0), 0)
    expect(count('open_interest')).toBe(told('openInterest'))
    expect(count('funding')).toBe(countOf('funding') + told('rates'))
  })

  it('writes gaps of carried streams only', () => {
    const { steps } = laneWorld(5, 600)
    const lane = worldLane()
    lane.play(...steps)
    const streams = new Set(lane.rows.filter(({ table }) => table === 'gaps').map(({ stream }) => stream))
    const own = ['trade', 'aggregate', 'depth', 'quote', 'image', 'funding', 'liquidation']
    expect([...streams].sort()).toEqual([...own, '!quote', '!funding', '!liquidation'].sort())
  })

  it('stores an instrument when it changed, and names each row as the last list did', () => {
    for (const seed of SEEDS.slice(0, 8)) {
      const { steps } = laneWorld(seed, 300)
      const lane = worldLane()
      const said = new Map<string, { name: string; raw: string }>()
      for (const step of steps) {
        const due: string[] = []
        const before = new Map(said)
        if (isTold(step, 'instrument')) {
          for (const { symbol = '', detail } of step.messages) {
            const { instrument: name, raw } = detail as { instrument: string; raw: string }
            const place = `${step.market} ${symbol}`
            if (said.get(place)?.raw !== raw) due.push(`${place} ${name} ${raw}`)
            said.set(place, { name, raw })
          }
        }
        const rows = lane.play(step)
        const stored = rows.filter(({ table }) => table === 'instruments')
        expect(stored.map((row) => `${row.market} ${row.symbol} ${row.instrument} ${row.raw}`)).toEqual(due)
        for (const row of rows) {
          const named = row.table === 'instruments' ? said : before
          expect(row.instrument).toBe(named.get(`${row.market} ${row.symbol}`)?.name ?? null)
        }
      }
      expect(said.size).toBe(6)
    }
  })

  it('gives the same rows from a state image taken after any record', () => {
    for (const seed of SEEDS.slice(0, 2)) {
      const { steps } = laneWorld(seed, 110)
      const uncut = worldLane()
      uncut.play(...steps)
      const end = text(uncut.normalizer.image())
      const before = worldLane()
      for (const [cut, step] of steps.entries()) {
        before.play(step)
        if (cut % 2 !== seed % 2) continue
        const resumed = resume([before], before)
        expect(text(resumed.normalizer.image())).toBe(text(before.normalizer.image()))
        expect(resumed.normalizer.outstanding()).toEqual(before.normalizer.outstanding())
        resumed.play(...steps.slice(cut + 1))
        expectSame(texts(resumed.rows), texts(uncut.rows.slice(before.rows.length)))
        expect(text(resumed.normalizer.image())).toBe(end)
        expect(resumed.normalizer.progress()).toEqual(uncut.normalizer.progress())
      }
    }
  })

  it('gives the same rows in any number of lanes, also when that changes at random records', () => {
    for (const seed of SEEDS) {
      const chance = chanceOf(seed + 1_000)
      const { steps } = laneWorld(seed, 250)
      const whole = worldLane()
      whole.play(...steps)
      const rows: Row[] = []
      let lanes = [worldLane()]
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

/** A lane that goes on from the images of others, with the keys that it owns. */
function resume(
  from: readonly FakeLane[],
  like: FakeLane,
  owns: (symbol: string) => boolean = () => true,
): FakeLane {
  const lane = worldLane({ owns: ({ symbol }) => owns(symbol) })
  lane.number = like.number
  lane.nowUs = like.nowUs
  for (const each of from) lane.normalizer.restore(each.normalizer.image())
  return lane
}

function keys(): { market: string; symbol: string }[] {
  return ['spot', 'linear'].flatMap((market) => WORLD_SYMBOLS.map((symbol) => ({ market, symbol })))
}

function isOf(each: Emission, market: unknown, symbol: unknown, stream: string): boolean {
  return each.market === market && each.symbol === symbol && each.stream === stream
}

function isSameStream(a: Emission, b: Emission): boolean {
  return isOf(a, b.market, b.symbol, b.stream)
}

/** How many messages of each number are stored; the rows of one message count once. */
function idsOf(rows: readonly Row[], idOf: (row: Row) => unknown): Map<unknown, number> {
  const frames = new Map<unknown, Set<unknown>>()
  for (const row of rows) {
    const id = idOf(row)
    if (id === null) continue
    const own = frames.get(id) ?? new Set()
    frames.set(id, own.add(row.frame))
  }
  return new Map(Array.from(frames, ([id, own]) => [id, own.size]))
}

/** Whether everything from `first` to `last` lies strictly between the borders; null is no border. */
function isInside(gap: Row, first: number, last: number, from: string, to: string): boolean {
  const low = (gap[from] as number | null) ?? Number.NEGATIVE_INFINITY
  const high = (gap[to] as number | null) ?? Number.POSITIVE_INFINITY
  return first > low && last < high
}

function isTold(step: Step, stream: string): step is Extract<Step, { kind: 'told' }> {
  return step.kind === 'told' && step.stream === stream
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
