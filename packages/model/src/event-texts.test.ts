import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventTexts } from './event-texts.ts'

describe('texts of events', () => {
  it('are what a map of the same events holds, whatever is set and forgotten', () => {
    const step = fc.oneof(
      fc.record({ set: fc.nat(20), text: fc.string({ maxLength: 2 }) }),
      fc.record({ forgetFrom: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const texts = new EventTexts()
        const map = new Map<number, string>()
        for (const step of steps) {
          if ('set' in step) {
            texts.set(step.set, step.text)
            map.set(step.set, step.text)
          } else {
            texts.forgetFrom(step.forgetFrom)
            for (const event of map.keys()) if (event >= step.forgetFrom) map.delete(event)
          }
          expect([...texts]).toEqual([...map].sort(([a], [b]) => a - b))
          expect([...texts.keys()]).toEqual([...map.keys()].sort((a, b) => a - b))
          expect(texts.size).toBe(map.size)
          for (let event = 0; event <= 21; event++) expect(texts.get(event)).toBe(map.get(event))
        }
      }),
      { seed: 20261121, numRuns: 300 },
    )
  })
})
