import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TableName } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { replayJournal, tableFiles, warehouseAt } from '../src/index.ts'
import { type BenchJournal, writeJournal } from './bench-journal.ts'
import { type Bench, costLine, type Line, rateLine, type SkippedLine } from './line.ts'
import { medianCpuSeconds } from './measure.ts'
import { isTruthTable } from './our-rows.ts'
import { plainPath } from './plain-path.ts'
import { IMAGES, replayOptions, SEAL_ROWS } from './replay-options.ts'

/** Seconds of all captures at once that are journaled. */
const SECONDS = 240
/** Both sides run for seconds: fewer rounds than elsewhere keep the whole run within minutes. */
const ROUNDS = { rounds: 3, warmUp: 1, secondsMin: 0 }
const TARGET = { floor: 2, goal: 3 }
const PEAK_MB_MAX = 512

type Files = ReadonlyMap<TableName, readonly { readonly path: string; readonly rows: number }[]>

/**
 * Journal to committed Parquet: CPU of the whole process for a replay into an empty warehouse, against the plain
 * pipeline on the same records. `filesOf` gives the captures that are journaled first.
 */
export function wholePathBench(filesOf: () => Promise<readonly string[]>): Bench {
  return {
    name: 'whole path',
    async run() {
      const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-bench-'))
      try {
        const journal = await writeJournal(join(directory, 'journal'), await filesOf(), SECONDS)
        return [...(await overPlain(journal, directory)), ...peak(journal, directory)]
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    },
  }
}

async function overPlain(journal: BenchJournal, directory: string): Promise<Line[]> {
  let run = 0
  let warehouse = ''
  let plain: Files = new Map()
  const [ours, theirs] = await medianCpuSeconds(
    [
      async () => {
        run += 1
        warehouse = join(directory, `ours-${run}`)
        await replayJournal(journal.directory, replayOptions(warehouse))
      },
      async () => {
        plain = await plainPath(journal.directory, {
          ...IMAGES,
          directory: join(directory, `plain-${run}`),
          sealRows: SEAL_ROWS,
        })
      },
    ],
    ROUNDS,
  )
  const found = await warehouseFiles(warehouse)
  const difference = await fileDifference(found, plain)
  if (difference !== null) process.stderr.write(`whole path: ${difference}\n`)
  const rows = countRows(plain)
  const rates = {
    ours: difference === null ? rows / (ours as number) : 0,
    yardstick: rows / (theirs as number),
  }
  const name = `whole path, journal to commit (${journal.frames} frames, ${rows} rows)`
  return [rateLine(name, 'rows/CPU-s', rates, TARGET), ...byteLines(found, plain)]
}

async function warehouseFiles(directory: string): Promise<Files> {
  const files = await tableFiles(warehouseAt(directory), systemClock())
  const counted = await Promise.all(
    [...files].map(async ([table, paths]) => {
      const rows = await Promise.all(paths.map(async (path) => ({ path, rows: await rowsIn(path) })))
      return [table, rows] as const
    }),
  )
  return new Map(counted.filter(([, { length }]) => length > 0))
}

/** The libraries that read our files independently are the sink's. */
const sinkRequire = createRequire(new URL('../../sink/package.json', import.meta.url))

interface DuckDb {
  runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }>
}

let connection: Promise<DuckDb> | null = null

function duckDb(): Promise<DuckDb> {
  connection ??= (async () => {
    const { DuckDBInstance } = sinkRequire('@duckdb/node-api')
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
    return instance.connect()
  })()
  return connection
}

async function count(sql: string): Promise<number> {
  const result = await (await duckDb()).runAndReadAll(`select count(*) from (${sql})`)
  return Number(result.getRows()[0]?.[0])
}

function read(paths: readonly string[]): string {
  return `from read_parquet([${paths.map((path) => `'${path}'`).join(', ')}])`
}

const rowsIn = (path: string): Promise<number> => count(read([path]))

/** The first difference between two sets of files, read by DuckDB, as a sentence; null when all rows are equal. */
async function fileDifference(ours: Files, plain: Files): Promise<string | null> {
  for (const table of new Set([...ours.keys(), ...plain.keys()])) {
    // No yardstick tells what it missed.
    if (isTruthTable(table)) continue
    const [a, b] = [ours, plain].map((files) => (files.get(table) ?? []).map(({ path }) => path))
    if (a?.length === 0 || b?.length === 0) return `${table} has files on one side only`
    const [left, right] = [read(a as string[]), read(b as string[])]
    const here = await count(`(${left}) except all (${right})`)
    const there = await count(`(${right}) except all (${left})`)
    if (here + there > 0) return `${table}: ${here} rows only here, ${there} only in the plain way`
  }
  return null
}

function countRows(files: Files): number {
  let rows = 0
  for (const [table, list] of files) {
    if (!isTruthTable(table)) for (const file of list) rows += file.rows
  }
  return rows
}

function byteLines(ours: Files, plain: Files): Line[] {
  return [...ours]
    .filter(([table]) => !isTruthTable(table))
    .map(([table, files]) => {
      const costs = { ours: bytesPerRow(files), yardstick: bytesPerRow(plain.get(table) ?? []) }
      return costLine(`whole path, ${table}`, 'bytes/row', costs)
    })
}

function bytesPerRow(files: readonly { readonly path: string; readonly rows: number }[]): number {
  const bytes = files.reduce((sum, { path }) => sum + statSync(path).size, 0)
  return bytes / files.reduce((sum, { rows }) => sum + rows, 0)
}

/** The largest memory that a process ever held which did nothing but this replay. */
function peak(journal: BenchJournal, directory: string): (Line | SkippedLine)[] {
  const name = 'whole path, peak RSS of a replay'
  const script = join(import.meta.dirname, 'replay-process.ts')
  const child = spawnSync(process.execPath, [script, journal.directory, join(directory, 'alone')], {
    encoding: 'utf8',
  })
  if (child.status !== 0) return [{ name, skipped: `the replay failed: ${child.stderr.trim().slice(-200)}` }]
  const { peakMb } = JSON.parse(child.stdout) as { peakMb: number }
  return [costLine(name, 'MB', { ours: peakMb, yardstick: Number.NaN }, PEAK_MB_MAX)]
}
