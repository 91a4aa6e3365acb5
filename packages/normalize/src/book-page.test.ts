import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bookInputs, bookStates, bookTransitions } from './book-transitions.ts'
import { streamBookInputs, streamBookStates, streamBookTransitions } from './stream-transitions.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/book.md'), 'utf8')

type Move = { readonly to: string; readonly actions: readonly string[] }
type Moves = Readonly<Record<string, Readonly<Record<string, Move>>>>

/** A table of moves as the page writes it. */
function tableOf(states: readonly string[], inputs: readonly string[], moves: Moves): string {
  const cell = (from: string, input: string): string => {
    const { to, actions } = (moves[from] as Moves[string])[input] as Move
    return (
      [to === from ? '' : `**${to}**`, actions.join(', ')].filter((part) => part !== '').join(': ') || '.'
    )
  }
  return [
    `| | ${states.join(' | ')} |`,
    `|---|${states.map(() => '---').join('|')}|`,
    ...inputs.map((input) => `| \`${input}\` | ${states.map((from) => cell(from, input)).join(' | ')} |`),
  ].join('\n')
}

describe('the specification of the book', () => {
  it('has the moves that the code makes', () => {
    expect(page).toContain(tableOf(bookStates, bookInputs, bookTransitions))
    expect(page).toContain(tableOf(streamBookStates, streamBookInputs, streamBookTransitions))
  })

  it('names tests that are there', () => {
    const named = [...page.matchAll(/`([a-z-]+\.test\.ts)`/g)].map(([, name]) => name as string)
    expect(named.length).toBeGreaterThan(10)
    for (const name of named) expect(existsSync(join(import.meta.dirname, name)), name).toBe(true)
  })
})
