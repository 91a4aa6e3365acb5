import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { damaged } from './damage.ts'
import { type FaultPlan, FaultSchedule, faultKinds } from './faults.ts'

const plan: FaultPlan = { everyMessages: 40, kinds: faultKinds, startAfterMessages: 100 }

function draw(seed: number, messages: number, drawn = plan): [at: number, kind: string][] {
  const schedule = new FaultSchedule(drawn, seededChance(seed))
  const faults: [number, string][] = []
  for (let at = 1; at <= messages; at++) {
    const kind = schedule.next()
    if (kind !== null) faults.push([at, kind])
  }
  return faults
}

describe('a fault schedule', () => {
  it('takes the kinds in turn', () => {
    const kinds = draw(1, 2_000).map(([, kind]) => kind)
    expect(kinds.length).toBeGreaterThan(30)
    kinds.forEach((kind, index) => {
      expect(kind).toBe(faultKinds[index % faultKinds.length])
    })
  })

  it('shows every kind within a handful of distances', () => {
    for (let seed = 0; seed < 50; seed++) {
      const kinds = new Set(draw(seed, 100 + 40 * 9).map(([, kind]) => kind))
      expect(kinds.size).toBe(faultKinds.length)
    }
  })

  it('keeps distances within half of the mean and leaves the start alone', () => {
    const places = draw(7, 5_000).map(([at]) => at)
    expect(places[0]).toBeGreaterThanOrEqual(100 + 20)
    const distances = places.slice(1).map((at, index) => at - (places[index] as number))
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(20)
    expect(Math.max(...distances)).toBeLessThanOrEqual(60)
    expect(new Set(distances).size).toBeGreaterThan(10)
  })

  it('depends on the seed alone', () => {
    expect(draw(3, 1_000)).toEqual(draw(3, 1_000))
    expect(draw(3, 1_000)).not.toEqual(draw(4, 1_000))
  })

  it('does nothing without kinds', () => {
    expect(draw(1, 1_000, { ...plan, kinds: [] })).toEqual([])
  })
})

describe('damaged', () => {
  const trade = '{"e":"trade","E":1,"s":"BTCUSDT","t":2,"p":"61837.63000000","q":"0.00150000","T":1,"m":true}'
  const wrapped = `{"stream":"btcusdt@trade","data":${trade}}`
  const emptyDiff = '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}'

  it('never leaves a message that could be read', () => {
    for (const text of [trade, wrapped, emptyDiff]) {
      for (let seed = 0; seed < 500; seed++) {
        const wire = damaged(text, seededChance(seed))
        expect(wire).not.toBe(text)
        expect(wire.length).toBeGreaterThan(0)
        expect(isReadable(wire)).toBe(false)
      }
    }
  })

  it('damages in all three ways', () => {
    const ways = new Set<string>()
    for (let seed = 0; seed < 100; seed++) {
      const wire = damaged(trade, seededChance(seed))
      ways.add(trade.startsWith(wire) ? 'cut' : isJson(wire) ? 'letters' : 'broken')
    }
    expect([...ways].sort()).toEqual(['broken', 'cut', 'letters'])
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isReadable(text: string): boolean {
  if (!isJson(text)) return false
  const message = JSON.parse(text)
  const { p, q } = message.data ?? message
  return [p, q].every((number) => /^\d+\.\d+$/.test(number ?? ''))
}
