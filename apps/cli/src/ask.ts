import { createInterface } from 'node:readline/promises'
import { usage } from './text.ts'

/** Asks a person. The answer is what was typed, trimmed; empty when the person only agreed. */
export type Ask = (question: string) => Promise<string>

/** Whether there is a person who can be asked. */
export function isAttended(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/**
 * Asks on the terminal; questions go to stderr, so that stdout carries results only. Throws `usage` when the person
 * leaves (Ctrl-C, Ctrl-D): silence is no answer.
 */
export async function withTerminal<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  let isClosed = false
  const closed = new Promise<never>((_, reject) =>
    terminal.once('close', () => {
      isClosed = true
      reject(usage('asking a person: the terminal was closed before the answer, nothing was done'))
    }),
  )
  closed.catch(() => {})
  try {
    return await work(async (question) => {
      const answer = isClosed ? closed : Promise.race([terminal.question(question), closed])
      return (await answer).trim()
    })
  } finally {
    terminal.close()
  }
}

/** Whether a person says yes; anything else is no. */
export async function agreed(ask: Ask, question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N] `))
}
