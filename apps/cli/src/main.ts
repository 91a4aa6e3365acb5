import { exitCodeOf, explain } from '@cryptoflow/console'
import { CommanderError } from 'commander'
import { makeProgram } from './program.ts'

// Whoever reads may have heard enough: `cryptoflow journal cat | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await makeProgram().parseAsync()
} catch (error) {
  // The parser has told what it found; help and version are no mistakes.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  process.stderr.write(explain(error))
  // Threads and sockets of what failed may still be open; what they held is safe in the journal.
  process.exit(exitCodeOf(error))
}
