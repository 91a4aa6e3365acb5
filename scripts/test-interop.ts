// Other people's readers open our tables, and another's compiler makes our WebAssembly once more. What they need is installed from the configured package indexes into a cache
// folder of the user; an engine that cannot be installed is SKIPPED, and the closing table says why. PyIceberg must
// run, and one of Spark and DuckDB. The last line of stdout is `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runVitest } from './vitest-run.ts'

interface Engine {
  readonly key: 'pyiceberg' | 'duckdb' | 'spark' | 'clickhouse'
  readonly name: string
  /** Python packages. Pinned: what passes is known. */
  readonly packages: readonly string[]
  /** Maven artifacts, laid beside the packages. */
  readonly jars: readonly string[]
  /** Programs that must be there. */
  readonly programs: readonly string[]
}

const engines: readonly Engine[] = [
  {
    key: 'pyiceberg',
    name: 'PyIceberg 0.12.0',
    packages: ['pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0'],
    jars: [],
    programs: ['python3'],
  },
  {
    key: 'duckdb',
    name: 'DuckDB 1.5.5',
    packages: ['duckdb', 'duckdb-extension-iceberg', 'duckdb-extension-avro', 'duckdb-extension-httpfs'].map(
      (name) => `${name}==1.5.5`,
    ),
    jars: [],
    programs: ['python3'],
  },
  {
    key: 'spark',
    name: 'Spark 4.1.4, Iceberg 1.11.0',
    packages: ['pyspark==4.1.4'],
    jars: ['org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0', 'org.xerial:sqlite-jdbc:3.53.0.0'],
    programs: ['python3', 'java', 'mvn'],
  },
  {
    key: 'clickhouse',
    name: 'ClickHouse (chdb 4.4.0)',
    packages: ['chdb==4.4.0'],
    jars: [],
    programs: ['python3'],
  },
]

/** An index that has not delivered by then will not. */
const INSTALL_MS_MAX = 600_000

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryptoflow', 'interop')
const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-interop-'))
const pythons: Record<string, string> = {}
const lines: string[] = []
for (const engine of engines) {
  const installed = install(engine)
  if ('python' in installed) pythons[engine.key] = installed.python
  lines.push(`${engine.name.padEnd(30)}${'python' in installed ? 'ran' : `SKIPPED: ${installed.reason}`}`)
}

let { passed, failed } = { passed: 0, failed: 0 }
try {
  process.env.CRYPTOFLOW_INTEROP = join(folder, 'engines.json')
  writeFileSync(process.env.CRYPTOFLOW_INTEROP, JSON.stringify(pythons))
  ;({ passed, failed } = runVitest(['--project', 'interop', ...process.argv.slice(2)]))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (pythons.pyiceberg === undefined || (pythons.spark ?? pythons.duckdb) === undefined) {
  console.log('FAIL PyIceberg and one of Spark and DuckDB must run')
  failed += 1
}
checkCompiled()
for (const line of lines) console.log(line)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Whether the reader in WebAssembly is what its sources compile to. */
function checkCompiled(): void {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'wasm.ts'), '--check'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const isSkipped = status === 2
  lines.push(
    `${'AssemblyScript 0.28.20'.padEnd(30)}${isSkipped ? 'SKIPPED: it could not be installed' : 'ran'}`,
  )
  if (isSkipped) return
  if (status === 0) passed += 1
  else {
    console.log('FAIL reader-binary.ts is not what its sources compile to: npm run wasm')
    failed += 1
  }
}

/** The engine's Python, from the cache or installed now; else why not. */
function install(engine: Engine): { readonly python: string } | { readonly reason: string } {
  const missing = engine.programs.find((program) => run(program, ['--version']) !== null)
  if (missing !== undefined) return { reason: `there is no ${missing}` }
  const wanted = JSON.stringify([engine.packages, engine.jars])
  const home = join(cache, `${engine.key}-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`)
  const python = join(home, 'venv', 'bin', 'python')
  const stamp = join(home, 'installed')
  if (existsSync(stamp)) return { python }
  // What an interrupted run left is not built upon.
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  process.stderr.write(`installing ${engine.name} ...\n`)
  const steps: readonly [string, readonly string[]][] = [
    ['python3', ['-m', 'venv', join(home, 'venv')]],
    [python, ['-m', 'pip', 'install', '--quiet', ...engine.packages]],
    ...engine.jars.map((jar): [string, readonly string[]] => [
      'mvn',
      ['-q', '-B', 'dependency:copy', `-Dartifact=${jar}`, `-DoutputDirectory=${join(home, 'spark-jars')}`],
    ]),
  ]
  for (const [program, args] of steps) {
    const problem = run(program, args)
    if (problem !== null) return { reason: problem }
  }
  writeFileSync(stamp, wanted)
  return { python }
}

/** Null when it went well, else its last words. */
function run(program: string, args: readonly string[]): string | null {
  const result = spawnSync(program, args, { cwd: tmpdir(), encoding: 'utf8', timeout: INSTALL_MS_MAX })
  if (result.status === 0) return null
  const words = result.error?.message ?? `${result.stdout}${result.stderr}`
  return words.trim().split('\n').at(-1) || `${program} ended with ${result.status ?? result.signal}`
}
