import { describe, expect, it } from 'vitest'
import { bookLabel } from './book-transitions.ts'
import {
  type StreamBookState,
  streamBookInputs,
  streamBookStates,
  streamBookTransitions,
} from './stream-transitions.ts'

const moves = streamBookStates.flatMap((from) =>
  streamBookInputs.map((input) => ({ from, input, ...streamBookTransitions[from][input] })),
)

describe('the transition table of a book that begins in its stream', () => {
  it('answers every input in every state, and nothing else', () => {
    expect(Object.keys(streamBookTransitions).sort()).toEqual([...streamBookStates].sort())
    for (const state of streamBookStates) {
      expect(Object.keys(streamBookTransitions[state]).sort()).toEqual([...streamBookInputs].sort())
    }
    expect(moves).toHaveLength(36)
  })

  it('is live by a snapshot and by nothing else, in whatever state', () => {
    for (const { from, to, input, actions } of moves) {
      if (input === 'snapshot') expect({ to, actions }).toEqual({ to: 'live', actions: ['load'] })
      else if (to === 'live') expect(from).toBe('live')
      expect(actions.includes('load')).toBe(input === 'snapshot')
    }
  })

  it('applies deltas that follow to a live book, and no others', () => {
    for (const { from, input, actions } of moves) {
      expect(actions.includes('apply')).toBe(from === 'live' && input === 'deltaNext')
    }
  })

  it('discards a book exactly when it ends', () => {
    for (const { from, to, actions } of moves) {
      expect(actions.includes('discard')).toBe(from === 'live' && to !== 'live')
    }
  })

  it('asks whenever it comes into resync or a wrong snapshot came, and never for a cut', () => {
    for (const { from, to, input, actions } of moves) {
      const isDue = to === 'resync' && (from !== 'resync' || input === 'snapshotWrong' || input === 'overdue')
      expect(actions.includes('ask')).toBe(isDue)
      if (input === 'cut') expect(actions).not.toContain('ask')
    }
  })

  it('has one question open at most: between two stands a snapshot, a cut or a long time', () => {
    for (const { from, input, actions } of moves) {
      if (from === 'resync' && actions.includes('ask')) expect(['snapshotWrong', 'overdue']).toContain(input)
    }
    for (const { from, to, input } of moves) {
      if (from === 'resync' && to !== 'resync') expect(['snapshot', 'cut']).toContain(input)
    }
  })

  it('waits in no state for ever: a snapshot leads out of each, and a cut is never left by a delta', () => {
    for (const state of streamBookStates) expect(streamBookTransitions[state].snapshot.to).toBe('live')
    for (const input of ['deltaNext', 'deltaGap', 'damaged', 'crossed', 'mismatch'] as const) {
      expect(streamBookTransitions.cut[input]).toEqual({ to: 'cut', actions: [] })
    }
  })

  it('reaches waiting never again', () => {
    for (const { from, to } of moves) if (from !== 'waiting') expect(to).not.toBe('waiting')
  })

  it('gives rows the word of the state', () => {
    const words: Record<StreamBookState, string> = {
      waiting: 'waiting',
      live: 'live',
      resync: 'resync',
      cut: 'resync',
    }
    for (const state of streamBookStates) expect(bookLabel(state)).toBe(words[state])
  })
})
