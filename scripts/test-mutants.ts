// Plants known bugs, one at a time, in a copy of the project, and sees whether the tests notice.
// The last line of stdout is `N passed, N failed`: a bug that was noticed has passed. Arguments choose bugs by a part
// of their names.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mutant, mutants } from '../test/mutants/mutants.ts'

const root = join(import.meta.dirname, '..')
const wanted = process.argv.slice(2)
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
const copy = mkdtempSync(join(tmpdir(), 'cryptoflow-mutants-'))
process.on('SIGINT', () => process.exit(130))
process.on('exit', () => rmSync(copy, { recursive: true, force: true }))

copyProject()
let caught = 0
for (const mutant of chosen) {
  const started = performance.now()
  const witness = plant(mutant, () => firstFailure(mutant.tests))
  if (witness !== null) caught += 1
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(`${witness === null ? 'NOT NOTICED' : 'caught'}  ${mutant.name} (${seconds} s)`)
  if (witness !== null) console.log(`        by: ${witness}`)
}
if (chosen.length === 0) console.log(`no bug's name contains ${wanted.join(' or ')}`)
console.log(`${caught} passed, ${chosen.length - caught} failed`)
process.exitCode = chosen.length > 0 && caught === chosen.length ? 0 : 1

/** The files that git would keep, with packages installed of their own: those of the original lead back to it. */
function copyProject(): void {
  const files = must('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], root).split(
    '\0',
  )
  for (const file of files) if (file !== '') cpSync(join(root, file), join(copy, file))
  must('pnpm', ['install', '--prefer-offline', '--frozen-lockfile', '--reporter=silent'], copy)
}

function plant<T>({ file, from, to, name }: Mutant, work: () => T): T {
  const path = join(copy, file)
  const sound = readFileSync(path, 'utf8')
  const parts = sound.split(from)
  if (parts.length !== 2) throw new Error(`"${name}" cannot be planted: its text must stand in ${file} once`)
  writeFileSync(path, parts.join(to))
  try {
    return work()
  } finally {
    writeFileSync(path, sound)
  }
}

/** The first test that fails, null when all pass. Files that do not load do not count: nothing was tried. */
function firstFailure(tests: readonly string[]): string | null {
  const output = join(copy, 'results.json')
  rmSync(output, { force: true })
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs')
  const options = ['--bail=1', '--reporter=json', `--outputFile=${output}`]
  spawnSync(process.execPath, [vitest, 'run', ...options, ...tests], { cwd: copy, stdio: 'ignore' })
  const { testResults } = JSON.parse(readFileSync(output, 'utf8')) as Report
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  return failed === undefined ? null : failed.fullName.trim()
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

function must(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args[0]} failed: ${stderr}${error?.message ?? ''}`)
  return stdout
}
