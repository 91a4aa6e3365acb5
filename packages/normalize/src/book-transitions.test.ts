import { describe, expect, it } from 'vitest'
import {
  type BookInput,
  type BookState,
  bookInputs,
  bookLabel,
  bookStates,
  bookTransitions,
} from './book-transitions.ts'

const moves = bookStates.flatMap((from) =>
  bookInputs.map((input) => ({ from, input, ...bookTransitions[from][input] })),
)
const isLoaded = (state: BookState): boolean => state.endsWith('Loaded')
const hasBook = (state: BookState): boolean => isLoaded(state) || state === 'live'

describe('the transition table of a book', () => {
  it('answers every input in every state, and nothing else', () => {
    expect(Object.keys(bookTransitions).sort()).toEqual([...bookStates].sort())
    for (const state of bookStates) {
      expect(Object.keys(bookTransitions[state]).sort()).toEqual([...bookInputs].sort())
    }
    expect(moves).toHaveLength(45)
  })

  it('loads a book exactly when one begins and discards it exactly when it ends', () => {
    for (const { from, to, actions } of moves) {
      expect(actions.includes('load')).toBe(!hasBook(from) && hasBook(to))
      expect(actions.includes('discard')).toBe(hasBook(from) && !hasBook(to))
    }
  })

  it('becomes live by a delta only', () => {
    for (const { from, to, actions } of moves) {
      if (from !== 'live' && to === 'live') expect(actions).toSatisfy(appliesDelta)
    }
  })

  it('asks whenever a book is lost, and holds the delta that lost it', () => {
    for (const { from, to, actions } of moves) {
      if (hasBook(from) && !hasBook(to)) expect(actions).toEqual(['discard', 'hold', 'ask'])
    }
  })

  it('never asks while a book is loaded and stays', () => {
    for (const { to, actions } of moves) if (hasBook(to)) expect(actions).not.toContain('ask')
  })

  it('never loses a delta while it waits: next is held, and a gap forgets only what came before it', () => {
    for (const state of ['waiting', 'resync'] as const) {
      expect(bookTransitions[state].deltaNext.actions).toEqual(['hold'])
      expect(bookTransitions[state].deltaGap.actions).toEqual(['restart', 'hold'])
    }
  })

  it('reaches waiting never again once it was live', () => {
    const seen = new Set<BookState>(['live'])
    for (let round = 0; round < bookStates.length; round++) {
      for (const { from, to } of moves) if (seen.has(from)) seen.add(to)
    }
    expect([...seen].sort()).toEqual(['live', 'resync', 'resyncLoaded'])
  })

  it('gives rows the word of the state, loaded or not', () => {
    expect(bookStates.map(bookLabel)).toEqual(['waiting', 'waiting', 'live', 'resync', 'resync'])
  })

  it('ignores a second answer to one question', () => {
    const answers: BookInput[] = ['snapshotJoins', 'snapshotAhead', 'snapshotTooOld', 'snapshotMissing']
    for (const state of bookStates.filter(hasBook)) {
      for (const input of answers) expect(bookTransitions[state][input]).toEqual({ to: state, actions: [] })
    }
  })
})

function appliesDelta(actions: readonly string[]): boolean {
  return actions.includes('apply') || actions.includes('drain')
}
