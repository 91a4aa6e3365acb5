import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Other people's readers of Iceberg tables. */
export type EngineName = 'pyiceberg' | 'duckdb' | 'spark' | 'clickhouse'

/** A question of rows: how many fulfil all conditions, and the sums of these decimal columns over them. */
export interface Question {
  readonly sums: readonly string[]
  readonly where: readonly (readonly [
    column: string,
    operator: '=' | '>=' | '<',
    value: string | { readonly decimal: string },
  ])[]
  /** A snapshot's id; absent: the head. */
  readonly snapshot?: string
}

export interface Answer {
  readonly rows: number
  /** Decimals as text. */
  readonly sums: Readonly<Record<string, string>>
  /** Data files that were planned to be read, from the engines that tell. */
  readonly planned?: number
}

/** Where an engine finds a table. */
export interface Place {
  readonly warehouse: string
  /** Address of the catalog's REST service. */
  readonly rest: string
  readonly via: 'local' | 'rest'
  /** The catalog's name in its SQLite file. */
  readonly catalog: string
  readonly table: string
}

/** Longer than Spark takes to start on a busy machine. */
const ENGINE_MS_MAX = 200_000

/** Python of each engine that could be installed, as `scripts/test-interop.ts` left it. */
const pythons = JSON.parse(readFileSync(process.env.CRYPTOFLOW_INTEROP ?? '', 'utf8')) as Partial<
  Record<EngineName, string>
>

export function isInstalled(engine: EngineName): boolean {
  return pythons[engine] !== undefined
}

/** What the engine says to what it is asked, in a process of its own. */
export async function ask<T>(engine: EngineName, asked: object): Promise<T> {
  const script = join(import.meta.dirname, `${engine}_reader.py`)
  const child = spawn(pythons[engine]!, [script], { timeout: ENGINE_MS_MAX })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  child.stdin.end(JSON.stringify(asked))
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) throw new Error(`${engine} ended with ${code}: ${withoutFrames(stderr).slice(-3000)}`)
  return JSON.parse(stdout) as T
}

/** Java tells a hundred places in its own code below each error. */
function withoutFrames(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s+(at |\.\.\. \d+ more)/.test(line))
    .join('\n')
}
