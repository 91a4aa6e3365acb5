// All checks of the project. The last line of stdout is `N passed, N failed`; exit status 1 when any failed.
// Each static check counts as one test, so a type error can never hide behind green tests.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { runVitest } from './vitest-run.ts'

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

const args = process.argv.slice(2)
const projects = args.includes('--project') ? [] : ['unit', 'mocking', 'whole']
const tests = runVitest([...projects.flatMap((name) => ['--project', name]), ...args])
passed += tests.passed
failed += tests.failed
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1)
}
