// All checks of the project. The last line of stdout is `N passed, N failed`; exit status 1 when any failed.
// Each static check counts as one test, so a type error can never hide behind green tests.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

const checks: { name: string; command: string[] }[] = [
  {
    name: 'lint, types, unused code',
    command: ['turbo', 'run', 'lint', 'types', 'unused', '--output-logs=errors-only', '--continue'],
  },
  { name: 'layers', command: ['turbo', 'boundaries'] },
  { name: 'house rules', command: [process.execPath, 'scripts/house-rules.ts'] },
]

let passed = 0
let failed = 0
for (const { name, command } of checks) {
  const started = performance.now()
  const [program = '', ...args] = command
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
  const ok = result.status === 0
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds(started)} s)`)
  if (!ok) console.log(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`)
  if (ok) passed += 1
  else failed += 1
}

const tests = runVitest(process.argv.slice(2))
passed += tests.passed
failed += tests.failed
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function runVitest(args: string[]): { passed: number; failed: number } {
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

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1)
}
