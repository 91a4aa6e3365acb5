import { manualClock, seededChance } from '@cryptoflow/runtime'
import { expect, test } from 'vitest'
import { openSampler, type Suppressed } from './sampling.ts'

/** The start of a minute. */
const MINUTE_START_US = 1_700_000_040_000_000

function sampled(firstPerMinute: number) {
  const clock = manualClock(MINUTE_START_US)
  const reports: Suppressed<string>[] = []
  const sampler = openSampler<string>(clock, { firstPerMinute }, (suppressed) => reports.push(suppressed))
  const storm = (level: string, message: string, lines: number): number => {
    let told = 0
    for (let i = 0; i < lines; i++) told += sampler.passes(level, message) ? 1 : 0
    return told
  }
  return { clock, reports, sampler, storm }
}

test('tells the first lines of each level and message in each minute', () => {
  const { clock, storm } = sampled(3)
  expect([storm('warn', 'a', 10), storm('warn', 'b', 2), storm('error', 'a', 10)]).toEqual([3, 2, 3])
  clock.advance(59_999)
  expect(storm('warn', 'a', 10)).toBe(0)
  clock.advance(1)
  expect(storm('warn', 'a', 10)).toBe(3)
})

test('begins each minute anew, also when nothing was left out', () => {
  const { clock, reports, storm } = sampled(3)
  expect(storm('warn', 'a', 3)).toBe(3)
  clock.advance(60_000)
  expect(storm('warn', 'a', 3)).toBe(3)
  expect(reports).toEqual([])
})

test('reports what it left out once, when the minute ends, also when nothing more is said', () => {
  const { clock, reports, storm } = sampled(3)
  clock.advance(10_000)
  storm('warn', 'a', 1000)
  storm('warn', 'b', 3)
  clock.advance(49_999)
  expect(reports).toEqual([])
  clock.advance(1)
  expect(reports).toEqual([{ level: 'warn', message: 'a', count: 997 }])
  clock.advance(600_000)
  expect(reports).toHaveLength(1)
})

test('reports at the first line of a later minute when no timer fired in time', () => {
  const { clock, reports, sampler, storm } = sampled(1)
  storm('warn', 'a', 5)
  sampler.flush()
  expect(reports).toEqual([{ level: 'warn', message: 'a', count: 4 }])
  storm('warn', 'a', 5)
  clock.advance(60_000)
  expect(reports.map(({ count }) => count)).toEqual([4, 4])
})

test('bounds what it remembers when messages never repeat', () => {
  const { clock, reports, sampler } = sampled(2)
  let told = 0
  for (let i = 0; i < 10_000; i++) told += sampler.passes('warn', `text ${i} of a stranger`) ? 1 : 0
  expect(told).toBe(256 + 2)
  clock.advance(60_000)
  expect(reports).toEqual([{ level: 'warn', message: '(other messages)', count: 10_000 - 258 }])
  expect(sampler.passes('warn', 'x'.repeat(1e6))).toBe(true)
  expect(sampler.passes('warn', `${'x'.repeat(1e6)}y`)).toBe(true)
  expect(sampler.passes('warn', `${'x'.repeat(1e6)}z`)).toBe(false)
})

test('told and left out are all lines, and no minute tells more than its share', () => {
  const chance = seededChance(5)
  const { clock, reports, sampler } = sampled(4)
  const toldIn = new Map<string, number>()
  let [lines, told] = [0, 0]
  for (let i = 0; i < 20_000; i++) {
    if (chance.hits(0.01)) clock.advance(chance.below(90_000))
    const message = `m${chance.below(5)}`
    lines += 1
    if (!sampler.passes('warn', message)) continue
    told += 1
    const key = `${Math.floor(clock.nowUs() / 60_000_000)} ${message}`
    toldIn.set(key, (toldIn.get(key) ?? 0) + 1)
  }
  sampler.flush()
  expect(told + reports.reduce((sum, { count }) => sum + count, 0)).toBe(lines)
  expect(Math.max(...toldIn.values())).toBe(4)
})
