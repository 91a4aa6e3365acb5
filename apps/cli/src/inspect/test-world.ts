import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TableContract, type TableName, tables } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import { DuckDBInstance } from '@duckdb/node-api'
import type { TableFiles } from './duck.ts'
import { type VerifyReport, verifyRun } from './verify.ts'

/** A row as a test writes it: timestamps in microseconds, decimals as text, blobs as hex. */
export type Row = Record<string, string | number | boolean | null>

/** A line of the emission log. */
export interface Emission {
  readonly n: number
  readonly symbol: string
  readonly stream: string
  first: number
  last: number
  copies: number
  wire: string | null
  readonly [other: string]: unknown
}

/** A finished run: what the exchange emitted and what the tables hold. Tests break one thing in it. */
export interface World {
  readonly log: Emission[]
  readonly rows: Record<TableName, Row[]>
}

/** Where a world has been written. */
export interface WrittenWorld {
  readonly directory: string
  readonly warehouse: string
  readonly files: TableFiles
  readonly emissionLog: string
  remove(): void
}

const START_US = 1_700_000_000_000_000
const CELL_US = 100_000
const CELLS = 30
const SNAPSHOT_LEVELS = 25
const IMAGE_LEVELS = 20

type Fault = 'gap' | 'duplicate' | 'malformed'

/** What happens to the symbol's messages, by cell. */
const DEPTH_FAULTS = new Map<number, Fault>([
  [8, 'gap'],
  [14, 'duplicate'],
  [20, 'malformed'],
])
const TRADE_FAULTS = new Map<number, Fault>([
  [5, 'gap'],
  [6, 'gap'],
  [11, 'duplicate'],
  [16, 'malformed'],
])

/** A run without a mistake over two symbols: gaps, damaged texts, duplicates, and books that start again. */
export function perfectWorld(seed = 1): World {
  const world: World = {
    log: [],
    rows: { ticks: [], spot_delta: [], spot_ob: [], gaps: [], dead_letter: [] },
  }
  for (const symbol of ['BTCUSDT', '测试USDT']) addSymbol(world, symbol, seededChance(seed))
  return world
}

/** Prices in hundredths, quantities in thousandths, by side. */
type Book = Record<'bid' | 'ask', Map<number, number>>
type Levels = [string, string][]

function addSymbol(world: World, symbol: string, chance: Chance): void {
  const market = fullBook()
  const run = {
    book: null as Book | null,
    worst: { bid: 0, ask: 0 },
    depthSeq: 0,
    tradeId: 1000,
    lastHeard: { depth: 0, trade: 0 },
  }
  let frame = world.rows.ticks.length * 100
  let seq = 500
  for (let cell = 0; cell < CELLS; cell++) {
    const us = START_US + cell * CELL_US + 20_000
    for (let i = 0; i < 2; i++) {
      const first = seq + 1
      seq += 1 + chance.below(4)
      const bids = changed(market.bid, 9000, chance)
      const asks = changed(market.ask, 10_001, chance)
      const fault = i === 0 ? DEPTH_FAULTS.get(cell) : undefined
      const message = { symbol, stream: 'depth@100ms', first, last: seq, bids, asks, us: us + i * 10_000 }
      emit(world, message, fault)
      if (fault === 'malformed') deadLetter(world, message, ++frame)
      if (fault === 'gap' || fault === 'malformed') continue
      frame += 1
      const hole = run.lastHeard.depth < first - 1
      if (hole) {
        gap(world, 'spot_delta', message, run.lastHeard.depth, frame)
        run.book = null
      }
      run.lastHeard.depth = seq
      storeDelta(world, message, frame, run.book === null ? 'resync' : 'live', 'ws')
      if (run.book !== null) applyTo(run.book, bids, asks)
      if (run.book !== null && i === 1) image(world, message, run.book, run.worst, frame, 'derived')
    }
    if (run.book === null && cell % 3 === 2) {
      const [bids, asks] = [
        best(market.bid, 'bid', SNAPSHOT_LEVELS),
        best(market.ask, 'ask', SNAPSHOT_LEVELS),
      ]
      const message = { symbol, stream: 'snapshot', first: seq, last: seq, bids, asks, us: us + 50_000 }
      emit(world, message, undefined)
      storeDelta(world, message, ++frame, 'resync', 'rest')
      run.book = { bid: new Map(), ask: new Map() }
      applyTo(run.book, bids, asks)
      run.worst = { bid: worstOf(bids), ask: worstOf(asks) }
      image(world, message, run.book, run.worst, frame, 'checkpoint')
    }
    run.tradeId += 1
    const fault = TRADE_FAULTS.get(cell)
    const trade = { symbol, stream: 'trade', first: run.tradeId, last: run.tradeId, us: us + 30_000 }
    const price = `${90 + chance.below(20)}.${10 + chance.below(90)}`
    emit(world, { ...trade, price, quantity: '0.500', side: 'buy' }, fault)
    if (fault === 'malformed') deadLetter(world, trade, ++frame)
    if (fault === 'gap' || fault === 'malformed') continue
    frame += 1
    if (run.lastHeard.trade < run.tradeId - 1) gap(world, 'ticks', trade, run.lastHeard.trade, frame)
    run.lastHeard.trade = run.tradeId
    storeTrade(world, trade, price, frame)
  }
}

interface Message {
  readonly symbol: string
  readonly stream: string
  readonly first: number
  readonly last: number
  readonly us: number
  readonly bids?: Levels
  readonly asks?: Levels
  readonly price?: string
  readonly quantity?: string
  readonly side?: string
}

function wireOf({ symbol, stream, first }: Message): string {
  return `{"e":"${stream}","s":"${symbol}","t":${first},#`
}

function emit(world: World, message: Message, fault: Fault | undefined): void {
  const ms = message.us / 1000
  const copies = fault === undefined ? 1 : fault === 'duplicate' ? 2 : 0
  const { symbol, stream, first, last } = message
  world.log.push({
    n: world.log.length + 1,
    exchange: 'binance',
    market: 'spot',
    symbol,
    stream,
    first,
    last,
    event_ms: ms,
    trade_ms: stream === 'trade' ? ms - 1 : null,
    copies,
    connection: 3,
    fault: fault ?? null,
    bids: message.bids ?? [],
    asks: message.asks ?? [],
    price: message.price ?? null,
    quantity: message.quantity ?? null,
    side: message.side ?? null,
    wire: fault === 'malformed' ? wireOf(message) : null,
  })
}

function common(symbol: string, us: number, frame: number): Row {
  return {
    exchange: 'binance',
    market: 'spot',
    symbol,
    event_ts: us,
    event_ts_source: 'received',
    received_ts: us,
    source: 'derived',
    writer: '01J',
    frame,
  }
}

function storeTrade(world: World, { symbol, first, us }: Message, price: string, frame: number): void {
  world.rows.ticks.push({
    ...common(symbol, us, frame),
    event_ts: us - 1000,
    event_ts_source: 'engine',
    sent_ts: us,
    source: 'ws',
    trade_id: String(first),
    kind: 'trade',
    side: 'buy',
    price,
    price_scale: 2,
    quantity: '0.500',
    quantity_scale: 3,
    quantity_unit: 'base',
  })
}

function storeDelta(
  world: World,
  message: Message,
  frame: number,
  state: string,
  source: 'ws' | 'rest',
): void {
  const { symbol, us, first, last } = message
  const ofWs = { event_ts_source: 'sent', sent_ts: us, first_seq: first }
  for (const side of ['bid', 'ask'] as const) {
    for (const [level, [price, quantity]] of (message[`${side}s`] ?? []).entries()) {
      world.rows.spot_delta.push({
        ...common(symbol, us, frame),
        ...(source === 'ws' ? ofWs : {}),
        source,
        side,
        price,
        price_scale: 2,
        quantity,
        quantity_scale: 3,
        quantity_unit: 'base',
        last_seq: last,
        is_snapshot: source === 'rest',
        level_index: level,
        book_state: state,
      })
    }
  }
}

function gap(
  world: World,
  table: TableName,
  { symbol, stream, first, us }: Message,
  from: number,
  at: number,
) {
  const isStart = from === 0
  const row = {
    ...common(symbol, us, at),
    gap_id: `${symbol}-${stream}-${first}`,
    table_name: table,
    stream,
    from_seq: isStart ? null : from,
    from_ts: isStart ? null : us - CELL_US,
    cause: isStart ? 'start' : 'sequence',
  }
  world.rows.gaps.push({ ...row, state: 'open' })
  const missing = isStart ? null : first - from - 1
  world.rows.gaps.push({ ...row, state: 'closed', to_seq: first, to_ts: us, missing })
}

function deadLetter(world: World, message: Message, frame: number): void {
  world.rows.dead_letter.push({
    ...common('', message.us, frame),
    source: 'ws',
    connection: 'binance.spot.3',
    reason: 'malformed',
    detail: 'expected a value',
    decoder_version: '1',
    raw: Buffer.from(wireOf(message)).toString('hex'),
  })
}

function image(
  world: World,
  { symbol, last, us }: Message,
  book: Book,
  worst: Record<'bid' | 'ask', number>,
  frame: number,
  kind: 'derived' | 'checkpoint',
): void {
  const shown = kind === 'derived' ? IMAGE_LEVELS : Number.MAX_SAFE_INTEGER
  const sides = { bid: best(book.bid, 'bid', shown), ask: best(book.ask, 'ask', shown) }
  for (const side of ['bid', 'ask'] as const) {
    const isKnown = (ticks: number): boolean => (side === 'bid' ? ticks >= worst.bid : ticks <= worst.ask)
    for (const [level, [price, quantity]] of sides[side].entries()) {
      world.rows.spot_ob.push({
        ...common(symbol, us, frame),
        kind,
        side,
        level,
        price,
        price_scale: 2,
        quantity,
        quantity_scale: 3,
        quantity_unit: 'base',
        last_seq: last,
        depth: Math.max(sides.bid.length, sides.ask.length),
        known_depth: [...book[side].keys()].filter(isKnown).length,
        book_state: 'live',
      })
    }
  }
}

function fullBook(): Book {
  const side = (best: number, step: number): Map<number, number> =>
    new Map(Array.from({ length: 40 }, (_, i) => [best + i * step, 1000 + i]))
  return { bid: side(9999, -1), ask: side(10_001, 1) }
}

/** Changes up to four levels and answers them as they go over the wire. */
function changed(side: Map<number, number>, lowest: number, chance: Chance): Levels {
  const start = lowest === 9000 ? 9960 : lowest
  const levels = new Map<number, number>()
  for (let i = 0; i < 4; i++) levels.set(start + chance.below(40), chance.below(3) * 777)
  for (const [ticks, lots] of levels) setLevel(side, ticks, lots)
  return [...levels].map(([ticks, lots]) => [priceText(ticks), quantityText(lots)])
}

function setLevel(side: Map<number, number>, ticks: number, lots: number): void {
  if (lots === 0) side.delete(ticks)
  else side.set(ticks, lots)
}

function applyTo(book: Book, bids: Levels, asks: Levels): void {
  for (const [side, levels] of [
    [book.bid, bids],
    [book.ask, asks],
  ] as const) {
    for (const [p, q] of levels) setLevel(side, Math.round(Number(p) * 100), Math.round(Number(q) * 1000))
  }
}

function best(side: Map<number, number>, name: 'bid' | 'ask', count: number): Levels {
  const sorted = [...side].sort(([a], [b]) => (name === 'bid' ? b - a : a - b))
  return sorted.slice(0, count).map(([ticks, lots]) => [priceText(ticks), quantityText(lots)])
}

const worstOf = (levels: Levels): number => Math.round(Number(levels.at(-1)?.[0]) * 100)
const priceText = (ticks: number): string => (ticks / 100).toFixed(2)
const quantityText = (lots: number): string => (lots / 1000).toFixed(3)

/** Writes a world as Parquet files of the contract's types and an emission log, in a new directory. */
export async function writeWorld(world: World): Promise<WrittenWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-inspect-'))
  const warehouse = join(directory, 'warehouse')
  // A hive-like folder name must not become a column.
  mkdirSync(join(warehouse, 'exchange=other'), { recursive: true })
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
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
  connection.closeSync()
  instance.closeSync()
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
  const world = perfectWorld()
  change(world)
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
export const GREEN = { ok: true, lost: 0, doubled: 0, foreign: 0, gap_mismatch_count: 0, images_wrong: 0 }
