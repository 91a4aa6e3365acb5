import { type ColumnSpec, type TableContract, type TableName, tables } from '@cryptoflow/model'

/**
 * What a perfect collector makes of the events of one key: log lines, rows, gaps, dead letters. Plain and slow, and
 * written without a look at the product.
 */

/** A row as a test writes it: timestamps in microseconds, decimals as text, blobs as hex. */
export type Row = Record<string, string | number | boolean | null>

export type Levels = [string, string][]

/** A line of the emission log. */
export interface Emission {
  n: number
  readonly symbol: string
  readonly stream: string
  readonly table: TableName
  readonly first: number | null
  readonly last: number | null
  copies: number
  connection: number | null
  fault: string | null
  wire: string | null
  values: Record<string, string | null> | null
  readonly [other: string]: unknown
}

/** A finished run: what the exchange emitted and what the tables hold. Tests break one thing in it. */
export interface World {
  log: Emission[]
  readonly rows: Record<TableName, Row[]>
}

export function emptyWorld(): World {
  const rows = Object.fromEntries(Object.keys(tables).map((name) => [name, [] as Row[]]))
  return { log: [], rows: rows as Record<TableName, Row[]> }
}

export type Fault = 'gap' | 'duplicate' | 'malformed' | 'disconnect' | 'outage'

/** What the sequence of a stream proves; `asked` is an answer by REST. */
type Rule = 'chain' | 'grows' | 'none' | 'asked'

export interface Told {
  readonly stream: string
  readonly table: TableName
  readonly rule: Rule
  readonly first?: number
  readonly last?: number
  readonly prev?: number
  readonly sentMs?: number
  readonly engineMs?: number
  readonly bids?: Levels
  readonly asks?: Levels
  readonly values?: Record<string, string | null>
  /** When it reaches the collector, microseconds. */
  readonly us: number
}

interface Heard {
  readonly seq: number | null
  readonly us: number
}

export class Scene {
  readonly world: World
  readonly market: string
  readonly symbol: string
  /** Of the exchange's connection that all streams of the key come over. */
  connection = 3
  /** Label of the book's updates. */
  bookState = 'waiting'
  frame: number
  private name: string | null = null
  private readonly heard = new Map<string, Heard>()
  private readonly interrupted = new Set<string>()

  constructor(world: World, market: string, symbol: string, firstFrame: number) {
    this.world = world
    this.market = market
    this.symbol = symbol
    this.frame = firstFrame
  }

  /** The connection ends and a new one begins. */
  interrupt(): void {
    this.connection += 1
    for (const stream of this.heard.keys()) this.interrupted.add(stream)
  }

  lastOf(stream: string): number {
    return this.heard.get(stream)?.seq ?? 0
  }

  /** The exchange says something. Answers whether a gap shows, null when nothing new arrives. */
  tell(told: Told, fault?: Fault, bookState = this.bookState): { readonly gap: boolean } | null {
    this.log(told, fault)
    if (fault === 'malformed') this.deadLetter(told)
    if (fault !== undefined && fault !== 'duplicate') return null
    this.frame += 1
    const before = this.heard.get(told.stream)
    if (told.rule === 'grows' && before !== undefined && (told.last as number) <= (before.seq as number))
      return null
    const gap = told.rule !== 'asked' && this.passes(told, before)
    this.store(told, bookState)
    if (told.rule !== 'asked') {
      this.heard.set(told.stream, { seq: told.last ?? null, us: told.us })
      this.interrupted.delete(told.stream)
    }
    return { gap }
  }

  /** What a table's row begins with, of a message received now. */
  common(us: number): Row {
    return {
      exchange: 'binance',
      market: this.market,
      symbol: this.symbol,
      instrument: this.name,
      event_ts: us,
      event_ts_source: 'received',
      received_ts: us,
      source: 'derived',
      writer: '01J',
      frame: this.frame,
    }
  }

  timed(told: Told): Row {
    const { sentMs, engineMs } = told
    const times: Row = sentMs === undefined ? {} : { sent_ts: sentMs * 1000 }
    if (engineMs !== undefined) return { ...times, event_ts: engineMs * 1000, event_ts_source: 'engine' }
    return sentMs === undefined ? times : { ...times, event_ts: sentMs * 1000, event_ts_source: 'sent' }
  }

  private log(told: Told, fault: Fault | undefined): void {
    const { log } = this.world
    const { stream, table } = told
    log.push({
      n: log.length + 1,
      exchange: 'binance',
      market: this.market,
      symbol: this.symbol,
      stream,
      table,
      first: told.first ?? null,
      last: told.last ?? null,
      prev: told.prev ?? null,
      is_snapshot: false,
      unit: this.market === 'inverse' ? 'contracts' : 'base',
      depth: null,
      is_answer: told.rule === 'asked',
      checksum: null,
      at_ms: Math.floor(told.us / 1000),
      sent_ms: told.sentMs ?? null,
      engine_ms: told.engineMs ?? null,
      copies: fault === undefined ? 1 : fault === 'duplicate' ? 2 : 0,
      connection: fault === 'disconnect' || fault === 'outage' ? null : this.connection,
      fault: fault ?? null,
      bids: told.bids ?? [],
      asks: told.asks ?? [],
      values: told.values ?? null,
      wire: fault === 'malformed' ? wireOf(this.symbol, told) : null,
    })
  }

  private passes(told: Told, before: Heard | undefined): boolean {
    const at = told.rule === 'chain' ? (told.first as number) : (told.last ?? null)
    if (before === undefined) {
      this.gap(told, { cause: 'start', at, missing: null, before: null })
      return true
    }
    const cut = this.interrupted.has(told.stream)
    const cause = cut ? 'disconnect' : 'sequence'
    if (told.rule !== 'chain') {
      if (cut) this.gap(told, { cause, at, missing: null, before })
      return cut
    }
    const seq = before.seq as number
    if (told.prev === undefined ? told.first === seq + 1 : told.prev === seq) return false
    const missing = told.prev === undefined ? (told.first as number) - seq - 1 : null
    this.gap(told, { cause, at, missing, before })
    return true
  }

  private gap(
    told: Told,
    of: { cause: string; at: number | null; missing: number | null; before: Heard | null },
  ): void {
    const row = {
      ...this.common(told.us),
      gap_id: `${this.market}-${this.symbol}-${told.stream}-${this.frame}`,
      table_name: told.table,
      stream: told.stream,
      from_seq: of.before?.seq ?? null,
      from_ts: of.before?.us ?? null,
      cause: of.cause,
    }
    this.world.rows.gaps.push({ ...row, state: 'open' })
    this.world.rows.gaps.push({ ...row, state: 'closed', to_seq: of.at, to_ts: told.us, missing: of.missing })
  }

  private deadLetter(told: Told): void {
    this.frame += 1
    this.world.rows.dead_letter.push({
      ...this.common(told.us),
      symbol: '',
      instrument: null,
      source: 'ws',
      connection: 'binance.spot.3',
      reason: 'malformed',
      detail: 'expected a value',
      decoder_version: '1',
      raw: Buffer.from(wireOf(this.symbol, told)).toString('hex'),
    })
  }

  private store(told: Told, bookState: string): void {
    if (told.table === 'instruments') this.name = `${this.symbol}-NAME`
    const head = {
      ...this.common(told.us),
      ...this.timed(told),
      source: told.rule === 'asked' ? 'rest' : 'ws',
    }
    const rows = this.world.rows[told.table]
    if (told.values !== undefined) {
      rows.push({ ...head, ...this.valuesRow(told) })
      return
    }
    for (const side of ['bid', 'ask'] as const) {
      for (const [index, level] of (told[`${side}s`] ?? []).entries()) {
        rows.push({ ...head, ...this.levelRow(told, side, index, level), book_state: bookState })
      }
    }
  }

  private valuesRow({ table, values = {}, last }: Told): Row {
    const { columns }: TableContract = tables[table]
    const row: Row = {}
    for (const [name, spec] of Object.entries(columns)) {
      const text = values[spec.of ?? name] ?? null
      if (text !== null) row[name] = cellOf(text, spec)
    }
    if ('quantity_unit' in columns) row.quantity_unit = this.unit
    if (table === 'bbo') row.last_seq = last ?? null
    return row
  }

  private levelRow(told: Told, side: 'bid' | 'ask', index: number, [price, quantity]: [string, string]): Row {
    const level = {
      side,
      price,
      price_scale: scaleOf(price),
      quantity,
      quantity_scale: scaleOf(quantity),
      quantity_unit: this.unit,
      last_seq: told.last ?? null,
    }
    if (told.table.endsWith('_ob')) {
      const depth = Math.max(told.bids?.length ?? 0, told.asks?.length ?? 0)
      return { ...level, kind: 'partial', level: index, depth }
    }
    const sequences = { first_seq: told.first ?? null, prev_seq: told.prev ?? null }
    return { ...level, ...sequences, is_snapshot: told.rule === 'asked', level_index: index }
  }

  get unit(): string {
    return this.market === 'inverse' ? 'contracts' : 'base'
  }
}

function wireOf(symbol: string, { stream, last }: Told): string {
  return `{"e":"${stream}","s":"${symbol}","t":${last},#`
}

function cellOf(text: string, { type }: ColumnSpec): string | number | boolean {
  switch (type) {
    case 'scale':
      return scaleOf(text)
    case 'int':
    case 'long':
    case 'timestamp':
      return Number(text)
    case 'boolean':
      return text === 'true'
    default:
      return text
  }
}

const scaleOf = (text: string): number => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0)
