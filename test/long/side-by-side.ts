import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Runs scripts at once, a process each, one for each core: their status and what they wrote. */
export function sideBySide(
  runs: readonly (readonly string[])[],
): Promise<readonly { readonly code: number | null; readonly output: string }[]> {
  return Promise.all(
    runs.map(
      (args) =>
        new Promise<{ code: number | null; output: string }>((resolve, reject) => {
          const child = spawn(process.execPath, [...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
          let output = ''
          for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (text) => {
              output += text
            })
          }
          child.on('error', reject)
          child.on('close', (code) => resolve({ code, output }))
        }),
    ),
  )
}
