import {
  type BookRule,
  type Column,
  createRowBuffer,
  DecimalColumn,
  decimalText,
  EventBatch,
  EventKind,
  type ExchangeMarket,
  encodeAnswer,
  type JournalRecord,
  NameColumn,
  parseDecimal,
  RecordKind,
  type RowBuffer,
  Side,
  StringTable,
  type TableName,
  tables,
} from '@cryptoflow/model'
import {
  createNormalizer,
  type Normalizer,
  type NormalizerOptions,
  type SnapshotRequest,
} from './normalizer.ts'

/** For tests: a market of three streams, a script of records, and rows as plain objects. */

export type Level = readonly [side: 'bid' | 'ask', price: string, quantity: string]

export interface Message {
  readonly kind: 'trade' | 'delta' | 'quote' | 'snapshot'
  readonly symbol?: string
  readonly stream?: string
  readonly first: number
  readonly last?: number
  readonly prev?: number
  readonly engineUs?: number
  readonly sentUs?: number
  readonly levels?: readonly Level[]
}

/** What a script consists of; record numbers and times are given when it is played. */
export type Step = { readonly atUs?: number } & (
  | { readonly kind: 'connect'; readonly subscriptions: readonly (readonly [string, string])[] }
  | { readonly kind: 'disconnect'; readonly connection: number }
  | { readonly kind: 'start' | 'stop' | 'clock' }
  | { readonly kind: 'frame'; readonly connection: number; readonly messages: readonly Message[] }
  | { readonly kind: 'dead'; readonly connection: number }
  | {
      readonly kind: 'answer'
      readonly symbol?: string
      readonly stream?: string
      readonly resync: number
      /** Null: no snapshot could be read. */
      readonly snapshot: { readonly last: number; readonly levels: readonly Level[] } | null
    }
)

export type Row = { readonly table: TableName } & Readonly<Record<string, unknown>>

/** Binance spot's rule: ids inside and between deltas are dense. */
export const denseRule: BookRule = {
  joins: (snapshotSeq, first, last) =>
    last <= snapshotSeq ? 'stale' : first <= snapshotSeq + 1 ? 'next' : 'gap',
  follows: (last, first, nextLast) => (nextLast <= last ? 'stale' : first <= last + 1 ? 'next' : 'gap'),
}

/** The rule of exchanges that name the sequence before. */
export const chainedRule: BookRule = {
  joins: (snapshotSeq, first, last, prev) =>
    last < snapshotSeq ? 'stale' : first <= snapshotSeq || prev === snapshotSeq ? 'next' : 'gap',
  follows: (last, _first, nextLast, prev) => (prev === last ? 'next' : nextLast <= last ? 'stale' : 'gap'),
}

export const fakeMarket = {
  exchange: 'fake',
  market: 'spot',
  decoderVersion: 'fake-1',
  quantityUnit: 'base',
  session: undefined as never,
  streams: [
    { name: 'trade', table: 'ticks', follows: denseRule.follows, book: null },
    { name: 'depth', table: 'spot_delta', follows: denseRule.follows, book: denseRule },
    { name: 'chained', table: 'spot_delta', follows: chainedRule.follows, book: chainedRule },
    { name: 'plain', table: 'ticks', follows: null, book: null },
    { name: 'quote', table: null, follows: null, book: null },
  ],
  decodeFrame: () => ({ kind: 'heartbeat' }),
  decodeAnswer: () => ({ kind: 'heartbeat' }),
} as const satisfies ExchangeMarket

const STREAM_OF = { trade: 'trade', delta: 'depth', quote: 'quote', snapshot: 'depth' } as const

/** Time of the first record unless a script says otherwise. */
export const START_US = Date.UTC(2026, 10, 20) * 1000

/** A lane that plays scripts: one normalizer, rows collected in the order they were written. */
export class FakeLane {
  readonly names = new StringTable()
  readonly batch = new EventBatch(this.names)
  readonly rows: Row[] = []
  readonly wanted: SnapshotRequest[] = []
  readonly normalizer: Normalizer
  /** Number and time of the last record. */
  number = 0
  nowUs = START_US
  /** Of the last record; overwritten behind it, as a block's bytes are. */
  private payload = new Uint8Array(0)
  private readonly buffers: ReadonlyMap<TableName, RowBuffer>

  constructor(options: Partial<NormalizerOptions> = {}) {
    this.buffers = new Map(
      (Object.keys(tables) as TableName[]).map((table) => [
        table,
        createRowBuffer(tables[table], this.names) as RowBuffer,
      ]),
    )
    this.normalizer = createNormalizer({
      writer: 'J1',
      names: this.names,
      findMarket: () => fakeMarket,
      rowsFor: (table) => this.buffers.get(table) as never,
      wantSnapshot: (request) => this.wanted.push(request),
      ...options,
    })
  }

  /** Plays steps; each without a time comes 1 ms after the one before. Answers the rows they gave. */
  play(...steps: Step[]): Row[] {
    const before = this.rows.length
    for (const step of steps) {
      this.number += 1
      this.nowUs = step.atUs ?? this.nowUs + 1_000
      this.take(step)
      this.payload.fill(0)
      this.collect()
    }
    return this.rows.slice(before)
  }

  private take(step: Step): void {
    const { normalizer, batch } = this
    batch.clear()
    switch (step.kind) {
      case 'connect': {
        const subscriptions = step.subscriptions.map(([symbol, stream]) => ({ symbol, stream }))
        normalizer.connect(this.record(RecordKind.connect, 0), {
          exchange: 'fake',
          market: 'spot',
          subscriptions,
        })
        break
      }
      case 'disconnect':
        normalizer.disconnect(this.record(RecordKind.disconnect, step.connection), { code: 1006, reason: '' })
        break
      case 'start':
        normalizer.start(this.record(RecordKind.start, 0), { lastRecord: 0, clean: false, version: '1' })
        break
      case 'stop':
        normalizer.stop(this.record(RecordKind.stop, 0))
        break
      case 'clock':
        normalizer.clock(this.record(RecordKind.clock, 0))
        break
      case 'dead': {
        const record = this.record(RecordKind.frame, step.connection)
        normalizer.deadLetter(record, fakeMarket, 'malformed', 'no JSON', 'fake-1', record.payload)
        break
      }
      case 'frame':
        for (const message of step.messages) addMessage(batch, message)
        normalizer.events(
          this.record(RecordKind.frame, step.connection),
          fakeMarket,
          batch,
          0,
          step.messages.length,
        )
        break
      case 'answer':
        this.answer(step)
    }
  }

  private answer(step: Extract<Step, { kind: 'answer' }>): void {
    const context = {
      exchange: 'fake',
      market: 'spot',
      symbol: step.symbol ?? 'BTCUSDT',
      stream: step.stream ?? 'depth',
      resync: step.resync,
      status: 200,
    } as const
    const { snapshot } = step
    if (snapshot !== null) {
      const { last, levels } = snapshot
      const { symbol, stream } = context
      addMessage(this.batch, { kind: 'snapshot', symbol, stream, first: Number.NaN, last, levels })
    }
    const record = this.record(RecordKind.answer, 0)
    record.payload = encodeAnswer(context, new Uint8Array(0))
    this.normalizer.answer(record, context, this.batch)
  }

  private record(kind: RecordKind, connection: number): JournalRecord {
    this.payload = new TextEncoder().encode(`bytes of ${this.number}`)
    return { number: this.number, kind, connection, receivedUs: this.nowUs, payload: this.payload }
  }

  private collect(): void {
    for (const [table, buffer] of this.buffers) {
      for (let i = 0; i < buffer.count; i++) this.rows.push(plainRow(table, buffer, i, this.names))
      buffer.count = 0
    }
  }
}

function addMessage(batch: EventBatch, message: Message): void {
  const { kind, first } = message
  const i = batch.count
  const levels = message.levels ?? [['bid', '100.0', '1.00']]
  batch.reserveEvent()
  batch.reserveEntries(levels.length)
  batch.kind[i] = { ...EventKind, delta: EventKind.bookDelta, snapshot: EventKind.bookSnapshot }[kind]
  batch.symbol[i] = batch.names.idOf(message.symbol ?? 'BTCUSDT')
  batch.stream[i] = batch.names.idOf(message.stream ?? STREAM_OF[kind])
  batch.engineUs[i] = message.engineUs ?? Number.NaN
  batch.sentUs[i] = message.sentUs ?? Number.NaN
  batch.firstSeq[i] = first
  batch.lastSeq[i] = message.last ?? first
  batch.prevSeq[i] = message.prev ?? Number.NaN
  for (const [side, price, quantity] of levels) {
    const entry = batch.entryCount++
    const isTrade = kind === 'trade'
    batch.side[entry] = isTrade ? (side === 'bid' ? Side.buy : Side.sell) : Side[side]
    setDecimal(batch.price, entry, price)
    setDecimal(batch.quantity, entry, quantity)
  }
  batch.endEvent()
}

export function setDecimal(column: DecimalColumn, row: number, text: string): void {
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range') throw new Error(`no decimal: ${text}`)
  column.set(row, decimal.mantissa, decimal.scale)
}

/** A row as values by column name: text for names and decimals (as written), null for null. */
function plainRow(table: TableName, buffer: RowBuffer, row: number, names: StringTable): Row {
  const values = Object.entries(buffer.columns as Record<string, Column>).map(([name, column]) => [
    name,
    plainValue(column, row, names),
  ])
  return { table, ...Object.fromEntries(values) }
}

function plainValue(column: Column, row: number, names: StringTable): unknown {
  if (column instanceof DecimalColumn) {
    const mantissa = column.mantissa(row)
    return mantissa === null ? null : decimalText(mantissa, column.scales[row] as number)
  }
  const value = column.values[row]
  if (value === undefined) throw new Error('a column was not filled')
  if (column instanceof NameColumn) return value === -1 ? null : names.text(value as number)
  return typeof value === 'number' && Number.isNaN(value) ? null : value
}
