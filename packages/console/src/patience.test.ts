import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { openPatience } from './patience.ts'

describe('progress of work that is mostly over at once', () => {
  it('is silent for two seconds, then tells the latest, and nothing once ended', () => {
    const clock = manualClock()
    const shown: string[] = []
    let ended = 0
    const line = {
      show: (text: string): void => {
        shown.push(text)
      },
      end: (): void => {
        ended += 1
      },
    }
    const progress = openPatience(clock, line)
    progress.show('one')
    clock.advance(1_999)
    expect(shown).toEqual([])
    progress.show('two')
    clock.advance(1)
    clock.advance(2_000)
    expect(shown).toEqual(['two, 2.0 s', 'two, 4.0 s'])
    progress.end()
    clock.advance(10_000)
    expect([shown.length, ended]).toEqual([2, 1])
  })
})
