import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numFailedTestSuites: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/**
 * Runs vitest with its own report on the terminal, names what failed at its end, a line each that begins with FAIL, and
 * answers how many tests passed and failed.
 */
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
    const report = JSON.parse(readFileSync(output, 'utf8')) as Report
    for (const line of failures(report)) console.log(line)
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

function failures({ testResults }: Report): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name)
    const failed = assertionResults.filter((one) => one.status === 'failed')
    if (failed.length === 0) return status === 'failed' ? [line(file, message)] : []
    return failed.map(({ fullName, failureMessages }) =>
      line(`${file}: ${fullName}`, failureMessages[0] ?? ''),
    )
  })
}

function line(what: string, why: string): string {
  return `FAIL ${what}: ${why.split('\n', 1)[0]}`
}
