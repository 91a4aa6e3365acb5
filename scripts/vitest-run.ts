import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Runs vitest with its own report on the terminal, and answers how many tests passed and failed. */
export function runVitest(args: string[]): { passed: number; failed: number } {
  const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-test-'))
  const output = join(directory, 'results.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const result = spawnSync(
    process.execPath,
    [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${output}`, ...args],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  try {
    const report = JSON.parse(readFileSync(output, 'utf8')) as {
      numPassedTests: number
      numFailedTests: number
      numFailedTestSuites: number
    }
    // A file that fails to load has no failed test; the exit status knows of it and of unhandled errors.
    const hidden =
      result.status !== 0 && report.numFailedTests === 0 ? Math.max(report.numFailedTestSuites, 1) : 0
    return { passed: report.numPassedTests, failed: report.numFailedTests + hidden }
  } catch {
    return { passed: 0, failed: 1 }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
