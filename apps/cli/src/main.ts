import { runCommand } from './command-line.ts'

// Whoever reads may have heard enough: `cryptoflow journal cat | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const failed = await runCommand(process.argv.slice(2))
// Threads and sockets of what failed may still be open; what they held is safe in the journal.
if (failed !== null) process.exit(failed)
