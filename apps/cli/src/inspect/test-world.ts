import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TableContract, type TableName, tables } from '@cryptoflow/model'
import type { TableFiles } from '@cryptoflow/reader'
import { DuckDBInstance } from '@duckdb/node-api'
import { addCoverage } from './test-coverage.ts'
import { addFuturesSymbol } from './test-futures.ts'
import { emptyWorld, type Row, type World } from './test-scene.ts'
import { addSpotSymbol } from './test-spot.ts'
import { type VerifyReport, verifyRun } from './verify.ts'

export type { Emission, Row, World } from './test-scene.ts'

/** Where a world has been written. */
export interface WrittenWorld {
  readonly directory: string
  readonly warehouse: string
  readonly files: TableFiles
  readonly emissionLog: string
  remove(): void
}

/** A run without a mistake over two spot symbols. */
export function perfectWorld(seed = 1): World {
  const world = emptyWorld()
  for (const symbol of ['BTCUSDT', '测试USDT']) addSpotSymbol(world, symbol, seed)
  return world
}

/** A run without a mistake over three markets, in which one symbol's text is known to two. */
export function wideWorld(seed = 1): World {
  const world = emptyWorld()
  addSpotSymbol(world, 'BTCUSDT', seed)
  addFuturesSymbol(world, 'linear', 'BTCUSDT', seed)
  addFuturesSymbol(world, 'inverse', 'BTCUSD_PERP', seed)
  return world
}

const writing = DuckDBInstance.create(':memory:', { threads: '1' }).then((instance) => instance.connect())

/** Writes a world as Parquet files of the contract's types and an emission log, in a new directory. */
export async function writeWorld(world: World): Promise<WrittenWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-inspect-'))
  const warehouse = join(directory, 'warehouse')
  // A hive-like folder name must not become a column.
  mkdirSync(join(warehouse, 'exchange=other'), { recursive: true })
  const connection = await writing
  const files = new Map<TableName, string[]>()
  for (const contract of Object.values<TableContract>(tables)) {
    const name = contract.name as TableName
    if (world.rows[name].length === 0) continue
    const lines = join(directory, `${name}.jsonl`)
    const path = join(warehouse, 'exchange=other', `[${name}].parquet`)
    writeFileSync(lines, world.rows[name].map((row) => `${JSON.stringify(row)}\n`).join(''))
    await connection.run(`COPY (${typedRows(contract, lines)}) TO '${path}' (FORMAT parquet)`)
    files.set(name, [path])
  }
  const emissionLog = join(directory, 'emissions.jsonl')
  writeFileSync(emissionLog, world.log.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  return { directory, warehouse, files, emissionLog, remove }
}

function typedRows(contract: TableContract, lines: string): string {
  const columns = Object.entries(contract.columns)
  const read = columns.map(([name, { type }]) => `"${name}": '${jsonType(type)}'`)
  const cast = columns.map(([name, { type }]) => {
    if (type === 'timestamp') return `make_timestamptz("${name}") AS "${name}"`
    return type === 'bytes' ? `unhex("${name}") AS "${name}"` : `"${name}"`
  })
  return `SELECT ${cast.join(', ')} FROM read_json('${lines}', format = 'newline_delimited',
    columns = {${read.join(', ')}})`
}

function jsonType(type: TableContract['columns'][string]['type']): string {
  switch (type) {
    case 'int':
    case 'scale':
      return 'INTEGER'
    case 'long':
    case 'timestamp':
      return 'BIGINT'
    case 'decimal':
      return 'DECIMAL(38,18)'
    case 'boolean':
      return 'BOOLEAN'
    default:
      return 'VARCHAR'
  }
}

/** The verdict on the perfect world after one change. */
export async function judged(change: (world: World) => void, restarted = false): Promise<VerifyReport> {
  return await verdictOn(perfectWorld(), change, restarted)
}

/** The verdict on the wide world after one change. */
export async function judgedWide(change: (world: World) => void, restarted = false): Promise<VerifyReport> {
  return await verdictOn(wideWorld(), change, restarted)
}

async function verdictOn(
  world: World,
  change: (world: World) => void,
  restarted: boolean,
): Promise<VerifyReport> {
  change(world)
  if (world.rows.coverage.length === 0) addCoverage(world)
  const written = await writeWorld(world)
  try {
    return await verifyRun({ ...written, restarted })
  } finally {
    written.remove()
  }
}

/** Takes the first row that fits out of its table. */
export function take(rows: Row[], fits: (row: Row) => boolean): Row {
  const [row] = rows.splice(rows.findIndex(fits), 1)
  return row as Row
}

/** When the first row that fits was received, microseconds. */
export const receivedAt = (rows: readonly Row[], fits: (row: Row) => boolean): number =>
  (rows.find(fits) as Row).received_ts as number

/** What is said to be wrong with gaps. */
export const problemsOf = ({ gap_mismatches }: VerifyReport): unknown[] =>
  gap_mismatches.map(({ problem }) => problem)

export const isTrade = (id: number) => (row: Row) => row.symbol === 'BTCUSDT' && row.trade_id === String(id)
export const isClosedHole = (row: Row): boolean =>
  row.symbol === 'BTCUSDT' &&
  row.state === 'closed' &&
  row.cause === 'sequence' &&
  row.stream === 'depth@100ms'
export const isImage = (row: Row): boolean => row.symbol === 'BTCUSDT' && row.kind === 'derived'

/** Rows of one message in the middle of the run, whose book is live. */
export function liveDelta(world: World): Row[] {
  const live = world.rows.spot_delta.filter((row) => row.symbol === 'BTCUSDT' && row.book_state === 'live')
  return live.filter((row) => row.last_seq === live[100]?.last_seq)
}

/** Nothing wrong anywhere. */
export const GREEN = {
  ok: true,
  lost: 0,
  doubled: 0,
  foreign: 0,
  gap_mismatch_count: 0,
  images_wrong: 0,
  changes_wrong: 0,
  names_wrong: 0,
  coverage_wrong: 0,
  bars_wrong: 0,
  bars_missing: 0,
}
