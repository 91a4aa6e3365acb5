import {
  type Column,
  createRowBuffer,
  DecimalColumn,
  decimalText,
  EventBatch,
  type EventDetail,
  EventKind,
  encodeAnswer,
  type ImageOptions,
  type InterruptionCause,
  type JournalRecord,
  type Market,
  NameColumn,
  type Operators,
  parseDecimal,
  RecordKind,
  type RowBuffer,
  rowOf,
  Side,
  type StoredTables,
  StringTable,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { type FakeExchange, fakeMarket, fakeMarkets, otherMarkets } from './market-fixture.ts'
import { createNormalizer, type Normalizer } from './normalizer.ts'
import type { NormalizerOptions, SnapshotRequest } from './normalizer-options.ts'

/** For tests: a script of records, and rows as plain objects. */

export type Level = readonly [side: 'bid' | 'ask', price: string, quantity: string]

type MessageKind = Exclude<keyof typeof EventKind, 'bookDelta' | 'bookSnapshot' | 'bookImage'> | BookKind
type BookKind = 'delta' | 'snapshot' | 'image'

export interface Message {
  readonly kind: MessageKind
  readonly symbol?: string
  readonly stream?: string
  /** Of a quote or an image the only sequence; NaN: the message has none. */
  readonly first: number
  readonly last?: number
  readonly prev?: number
  readonly engineUs?: number
  readonly sentUs?: number
  readonly levels?: readonly Level[]
  readonly trades?: readonly [first: number, last: number]
  readonly tradeType?: string
  readonly textId?: string
  /** NaN where it is left out. */
  readonly checksum?: number
  readonly detail?: EventDetail
}

/** What a script consists of; record numbers and times are given when it is played. */
export type Step = { readonly atUs?: number; readonly exchange?: FakeExchange } & (
  | {
      readonly kind: 'connect'
      readonly market?: Market
      readonly subscriptions: readonly (readonly [
        symbol: string,
        stream: string,
        depth?: number | undefined,
      ])[]
    }
  | { readonly kind: 'disconnect'; readonly connection: number; readonly cause?: InterruptionCause }
  | {
      readonly kind: 'start'
      readonly stored?: StoredTables
      readonly operators?: Operators
      readonly images?: ImageOptions
    }
  | { readonly kind: 'stop' | 'clock' }
  | { readonly kind: 'images'; readonly made: boolean }
  | {
      readonly kind: 'frame'
      readonly connection: number
      readonly messages: readonly Message[]
      /** NaN where it is left out. */
      readonly connectionSeq?: number
    }
  | { readonly kind: 'dead'; readonly connection: number }
  | {
      readonly kind: 'answer'
      readonly market?: Market
      readonly symbol?: string
      readonly stream?: string
      readonly resync: number
      /** Of an audit: the record that asked. */
      readonly audit?: number
      readonly isFrame?: true
      /** Null: no snapshot could be read. */
      readonly snapshot: {
        readonly last: number
        readonly levels: readonly Level[]
        readonly engineUs?: number
      } | null
    }
  | {
      readonly kind: 'audit'
      readonly market?: Market
      readonly stream?: string
      readonly state?: 'asked' | 'failed'
      readonly symbol?: string
    }
  /** An answer to a question that no book asked. */
  | {
      readonly kind: 'told'
      readonly market?: Market
      readonly symbol?: string
      readonly stream: string
      readonly messages: readonly Message[]
    }
)

export type Row = { readonly table: TableName } & Readonly<Record<string, unknown>>

const STREAM_OF: Readonly<Record<MessageKind, string>> = {
  trade: 'trade',
  aggregate: 'aggregate',
  block: 'trade',
  delta: 'depth',
  snapshot: 'depth',
  image: 'image',
  quote: 'quote',
  funding: 'funding',
  liquidation: 'liquidation',
  openInterest: 'openInterest',
  instrument: 'instrument',
}

const KIND_OF = {
  ...EventKind,
  delta: EventKind.bookDelta,
  snapshot: EventKind.bookSnapshot,
  image: EventKind.bookImage,
} as const

/** Time of the first record unless a script says otherwise. */
export const START_US = Date.UTC(2026, 10, 20) * 1000

export type Chance = (below: number) => number

/** Enough chance for a test, the same from the same seed. */
export function chanceOf(seed: number): Chance {
  let state = seed * 2654435761
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) % below
  }
}

/** A lane that plays scripts: one normalizer, rows collected in the order they were written. */
export class FakeLane {
  readonly names = new StringTable()
  readonly batch = new EventBatch(this.names)
  readonly rows: Row[] = []
  readonly wanted: SnapshotRequest[] = []
  /** Connections that are to be replaced. */
  readonly replaced: number[] = []
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
      findMarket: (exchange, market) => (exchange === 'other' ? otherMarkets : fakeMarkets)[market],
      rowsFor: (table) => this.buffers.get(table) as never,
      wantSnapshot: (request) => this.wanted.push(request),
      wantReplace: (connection) => this.replaced.push(connection),
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
        const subscriptions = step.subscriptions.map(([symbol, stream, depth]) => ({
          symbol,
          stream,
          ...(depth === undefined ? {} : { depth }),
        }))
        normalizer.connect(this.record(RecordKind.connect, 0), {
          exchange: step.exchange ?? 'fake',
          market: step.market ?? 'spot',
          subscriptions,
        })
        break
      }
      case 'disconnect':
        normalizer.disconnect(this.record(RecordKind.disconnect, step.connection), {
          code: 1006,
          reason: '',
          ...(step.cause === undefined ? {} : { cause: step.cause }),
        })
        break
      case 'start':
        normalizer.start(this.record(RecordKind.start, 0), {
          lastRecord: 0,
          clean: false,
          version: '1',
          ...(step.stored === undefined ? {} : { stored: step.stored }),
          ...(step.operators === undefined ? {} : { operators: step.operators }),
          ...(step.images === undefined ? {} : { images: step.images }),
        })
        break
      case 'stop':
        normalizer.stop(this.record(RecordKind.stop, 0))
        break
      case 'clock':
        normalizer.clock(this.record(RecordKind.clock, 0))
        break
      case 'images':
        normalizer.images(this.record(RecordKind.images, 0), step)
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
          normalizer.marketOf(step.connection) ?? fakeMarket,
          batch,
          0,
          step.messages.length,
          step.connectionSeq,
        )
        break
      case 'answer':
        this.answer(step)
        break
      case 'audit': {
        const { exchange = 'fake', market = 'spot', stream = 'depth' } = step
        const { symbol = 'BTCUSDT', state = 'asked' } = step
        const about = { exchange, market, symbol, stream, state }
        normalizer.audit(this.record(RecordKind.audit, 0), about)
        break
      }
      case 'told':
        for (const message of step.messages) addMessage(batch, { stream: step.stream, ...message })
        this.tell({ ...step, resync: 0, symbol: step.symbol ?? '' })
    }
  }

  private answer(step: Extract<Step, { kind: 'answer' }>): void {
    const { symbol = 'BTCUSDT', stream = 'depth', snapshot } = step
    if (snapshot !== null) {
      addMessage(this.batch, { kind: 'snapshot', symbol, stream, first: Number.NaN, ...snapshot })
    }
    this.tell({ ...step, symbol, stream })
  }

  private tell(about: {
    readonly exchange?: FakeExchange
    readonly market?: Market
    readonly symbol: string
    readonly stream: string
    readonly resync: number
    readonly audit?: number
    readonly isFrame?: true
  }): void {
    const { exchange = 'fake', market = 'spot', symbol, stream, resync, audit, isFrame } = about
    const asked = audit === undefined ? {} : { audit }
    const heard = isFrame === undefined ? {} : { isFrame }
    const context = { exchange, market, symbol, stream, resync, status: 200, ...asked, ...heard }
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
  const { kind, first, detail } = message
  const i = batch.count
  const hasEntries = detail === undefined
  const levels = message.levels ?? (hasEntries ? [['bid', '100.0', '1.00']] : [])
  batch.reserveEvent()
  batch.reserveEntries(levels.length)
  batch.kind[i] = KIND_OF[kind]
  batch.symbol[i] = batch.names.idOf(message.symbol ?? 'BTCUSDT')
  batch.stream[i] = batch.names.idOf(message.stream ?? STREAM_OF[kind])
  batch.engineUs[i] = message.engineUs ?? Number.NaN
  batch.sentUs[i] = message.sentUs ?? Number.NaN
  batch.firstSeq[i] = kind === 'quote' || kind === 'image' ? Number.NaN : first
  batch.lastSeq[i] = message.last ?? first
  batch.prevSeq[i] = message.prev ?? Number.NaN
  const isTrade = kind === 'trade' || kind === 'aggregate' || kind === 'block'
  // What a decoder leaves unset may hold anything.
  batch.firstTradeId[i] = kind === 'aggregate' ? (message.trades?.[0] ?? Number.NaN) : 77
  batch.lastTradeId[i] = kind === 'aggregate' ? (message.trades?.[1] ?? Number.NaN) : 77
  const { tradeType } = message
  batch.tradeType[i] = isTrade ? (tradeType === undefined ? -1 : batch.names.idOf(tradeType)) : 0
  // Likewise of a stream without checksums.
  batch.checksum[i] = message.stream === 'linked' ? 99 : (message.checksum ?? Number.NaN)
  if (message.textId !== undefined) batch.textIds.set(i, message.textId)
  if (detail !== undefined) batch.details.set(i, detail)
  for (const [side, price, quantity] of levels) {
    const entry = batch.entryCount++
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
export function plainRow(table: TableName, buffer: RowBuffer, row: number, names: StringTable): Row {
  const values = Object.entries(buffer.columns as Record<string, Column>).map(([name, column]) => [
    name,
    plainValue(column, rowOf(buffer, name, row), names),
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
