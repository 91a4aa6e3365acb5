import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEpoch, type EpochEvent, type EpochState, epochTable } from './epoch.ts'

const states = Object.keys(epochTable) as EpochState[]
const events: EpochEvent[] = [
  'barrier',
  'cut-failed',
  'files-durable',
  'stored',
  'unknown',
  'taken',
  'vanished',
  'decided',
  'turn',
]

describe('applyEpoch', () => {
  it('goes from the barrier to the release, each record before the state that rests on it', () => {
    const path: [EpochEvent, EpochState, string[]][] = [
      ['barrier', 'cutting', ['cut']],
      ['files-durable', 'sealed', ['append-seal', 'put']],
      ['unknown', 'sealed', ['put']],
      ['stored', 'accepted', ['append-accepted']],
      ['vanished', 'sealed', ['put']],
      ['stored', 'accepted', ['append-accepted']],
      ['decided', 'committed', []],
      ['turn', 'released', ['append-released']],
    ]
    let state: EpochState = 'open'
    for (const [event, next, actions] of path) {
      const step = applyEpoch(state, event)
      expect(step).toEqual({ state: next, actions })
      state = step.state
    }
  })

  it('forgets a cut that fails before its seal, and never cuts a sealed epoch again', () => {
    expect(applyEpoch('cutting', 'cut-failed')).toEqual({ state: 'open', actions: ['forget'] })
    for (const state of ['sealed', 'accepted', 'committed', 'released', 'fenced'] as const) {
      for (const step of Object.values(epochTable[state])) {
        expect(step.actions).not.toContain('cut')
        expect(step.actions).not.toContain('append-seal')
      }
    }
  })

  it('fences a sealed epoch whose slot is taken, for ever', () => {
    expect(applyEpoch('sealed', 'taken')).toEqual({ state: 'fenced', actions: ['append-fenced'] })
    for (const event of events) expect(() => applyEpoch('fenced', event)).toThrow('bug')
  })

  it('takes an event that its state does not know for a bug', () => {
    for (const state of states) {
      for (const event of events) {
        if (epochTable[state][event] === undefined) expect(() => applyEpoch(state, event)).toThrow('bug')
      }
    }
  })

  it('releases only what was sealed, then accepted, then decided, in any sequence of events', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 60 }), (sequence) => {
        const seen: EpochState[] = ['open']
        for (const event of sequence) {
          const step = epochTable[seen.at(-1) as EpochState][event]
          if (step !== undefined) seen.push(step.state)
        }
        if (seen.at(-1) !== 'released') return
        const last = (state: EpochState): number => seen.lastIndexOf(state)
        expect(last('sealed')).toBeLessThan(last('accepted'))
        expect(last('accepted')).toBeLessThan(last('committed'))
        expect(last('sealed')).toBeGreaterThan(0)
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})
