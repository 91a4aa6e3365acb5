// The suites that take longer than a developer waits. The last line of stdout is `N passed, N failed`.
import { runVitest } from './vitest-run.ts'

const { passed, failed } = runVitest(['--project', 'long', ...process.argv.slice(2)])
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
