// Compiles packages/exchanges/assembly into src/reader-binary.ts, with the compiler that tools/wasm pins and that nothing
// else needs. With --check nothing is written: the status is 1 when what is there is another. 2: the compiler could not be
// installed.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const tools = join(root, 'tools/wasm')
const sources = join(root, 'packages/exchanges/assembly')
const target = join(root, 'packages/exchanges/src/reader-binary.ts')

/** Behind the largest frame, where the source has its tables; pages as src/bytes.ts has them. */
const options = [
  ...['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd,relaxed-simd'],
  ...['--importMemory', '--initialMemory', '208', '--maximumMemory', '208', '--memoryBase', '8396800'],
  // Vectors go from file to file only.
  ...['--disableWarning', '112'],
]

/** Why a command failed; null: it did not. */
function run(command: string, args: readonly string[]): string | null {
  const { status, error } = spawnSync(command, args, {
    cwd: tools,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  return status === 0 ? null : (error?.message ?? `status ${status}`)
}

function install(): void {
  if (existsSync(join(tools, 'node_modules/assemblyscript'))) return
  process.stderr.write('installing the compiler of tools/wasm ...\n')
  const problem = run('npm', ['ci', '--loglevel=error'])
  if (problem === null) return
  process.stderr.write(`tools/wasm could not be installed; is the npm registry reachable? (${problem})\n`)
  process.exit(2)
}

function compiled(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-wasm-'))
  try {
    const out = join(directory, 'reader.wasm')
    const compiler = 'node_modules/assemblyscript/bin/asc.js'
    const problem = run(process.execPath, [
      compiler,
      join(sources, 'reader.ts'),
      ...options,
      '--outFile',
      out,
    ])
    if (problem !== null) throw new Error(`the compiler failed: ${problem}`)
    return readFileSync(out).toString('base64')
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function moduleOf(binary: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, name)))
  const lines = binary.match(/.{1,100}/g) ?? []
  return [
    '// Made by `npm run wasm` of assembly/; not to be edited.',
    '',
    '/** SHA-256 of the sources in the order of their names. */',
    `export const SOURCES = '${hash.digest('hex')}'`,
    '',
    '/** The module, base64. */',
    'export const READER =',
    ...lines.map((line, i) => `  '${line}'${i + 1 < lines.length ? ' +' : ''}`),
    '',
  ].join('\n')
}

install()
const made = moduleOf(compiled())
if (process.argv.includes('--check')) {
  const isSame = existsSync(target) && readFileSync(target, 'utf8') === made
  process.stdout.write(isSame ? 'reader-binary.ts is what its source compiles to\n' : 'run `npm run wasm`\n')
  process.exitCode = isSame ? 0 : 1
} else {
  writeFileSync(target, made)
  process.stdout.write(`${target}: ${Math.round((made.length * 3) / 4)} bytes\n`)
}
