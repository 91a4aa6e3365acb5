import { exitCodeOf, explain } from '@cryptoflow/console'
import { CommanderError } from 'commander'
import { makeProgram } from './program.ts'

/**
 * Runs one command, `['journal', 'ls']`. Answers the status to end with at once when it failed, which is told on stderr
 * by then; null when it came to its end, with what it found in `process.exitCode`.
 */
export async function runCommand(words: readonly string[]): Promise<number | null> {
  try {
    await makeProgram().parseAsync(words, { from: 'user' })
    return null
  } catch (error) {
    // The parser has told what it found; help and version are no mistakes.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(explain(error))
    return exitCodeOf(error)
  }
}
