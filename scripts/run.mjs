// Sets the project up if need be, then runs a task on a Node that can run TypeScript.
// Plain JavaScript for any Node >= 20: this is the one file that runs before anything is installed.
//
//   node scripts/run.mjs start [arguments]      cryptoflow demo
//   node scripts/run.mjs cli COMMAND ...        cryptoflow COMMAND ...
//   node scripts/run.mjs test | test:long       checks and tests | tests that take longer
//   node scripts/run.mjs test:mutants [NAME]    whether planted bugs are noticed
//   node scripts/run.mjs test:interop           other people's readers on our tables
//   node scripts/run.mjs sim                    the whole system in memory, seed after seed
//   node scripts/run.mjs soak                   a collector for half an hour: does it grow?
//   node scripts/run.mjs bench                  benchmarks
//   node scripts/run.mjs wasm                   compiles what is in WebAssembly
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const codeCache = join(root, 'node_modules', '.cache', 'cryptoflow-code')
const [task = 'start', ...rest] = process.argv.slice(2)
const tasks = {
  start: { tools: false, script: 'apps/cli/src/main.ts', args: ['demo', ...rest] },
  cli: { tools: false, script: 'apps/cli/src/main.ts', args: rest },
  test: { tools: true, script: 'scripts/test.ts', args: rest },
  'test:long': { tools: true, script: 'scripts/test-long.ts', args: rest },
  'test:mutants': { tools: true, script: 'scripts/test-mutants.ts', args: rest },
  'test:interop': { tools: true, script: 'scripts/test-interop.ts', args: rest },
  sim: { tools: true, script: 'scripts/sim.ts', args: rest },
  soak: { tools: false, script: 'scripts/soak.ts', args: rest },
  bench: { tools: true, script: 'scripts/bench.ts', args: rest },
  wasm: { tools: false, script: 'scripts/wasm.ts', args: rest },
}
if (!Object.hasOwn(tasks, task)) fail(`no task "${task}"; there are ${Object.keys(tasks).join(', ')}`)
const { tools, script, args } = tasks[task]

const nodeAtHandIsGood = isGood(process.versions.node)
setUp()
run()

/** Node 24.11 and up runs our TypeScript as it is; odd lines in between are not tried. */
function isGood(version) {
  const [major, minor] = version.split('.').map(Number)
  return major >= 26 || (major === 24 && minor >= 11)
}

/** Installs what the lockfile says, once per change of it; without test and lint tools unless asked for. */
function setUp() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(root, file)))
  const key = hash.update(`${process.platform} ${process.arch} ${nodeAtHandIsGood}`).digest('hex')
  const stamp = join(root, 'node_modules', '.cryptoflow-setup.json')
  const done = existsSync(stamp) ? JSON.parse(readFileSync(stamp, 'utf8')) : {}
  // Tools once installed stay: a start after a change must not take them away from whoever develops.
  const withTools = tools || done.tools === true
  if (done.key === key && (done.tools || !tools)) return
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  process.stderr.write(
    `setting up, ${withTools ? 'run-time parts and test tools' : 'run-time parts only'} ...\n`,
  )
  const install = ['--yes', '--loglevel=error', packageManager, 'install', '--frozen-lockfile']
  install.push('--reporter=append-only', '--loglevel=warn')
  if (!withTools) install.push('--prod')
  if (nodeAtHandIsGood) install.push('--filter', '!@cryptoflow/runtime-node')
  // CI makes the package manager never ask; what it says is shown when it fails.
  const options = { cwd: root, env: { ...process.env, CI: 'true' }, encoding: 'utf8' }
  const result = spawnSync('npx', install, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  if (result.error) fail(`cannot run npx: ${result.error.message}`)
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}`)
    fail('the set-up failed; is the npm registry reachable? Run the command again to retry.')
  }
  rmSync(codeCache, { recursive: true, force: true })
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, JSON.stringify({ key, tools: withTools }))
}

function run() {
  const bins = [join(root, 'node_modules', '.bin'), join(root, 'tools', 'runtime', 'node_modules', '.bin')]
  // With compiled code at hand a command starts in a third of the time.
  const env = {
    NODE_COMPILE_CACHE: codeCache,
    ...process.env,
    DO_NOT_TRACK: '1',
    TURBO_TELEMETRY_DISABLED: '1',
  }
  env.PATH = [...bins, process.env.PATH].join(delimiter)
  const node = nodeAtHandIsGood ? process.execPath : join(bins[1], 'node')
  const child = spawn(node, [join(root, script), ...args], { env, stdio: 'inherit' })
  // The child decides what a signal means; a terminal sends it one already, other senders do not.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
  })
}

function fail(message) {
  process.stderr.write(`cryptoflow: ${message}\n`)
  process.exit(1)
}
