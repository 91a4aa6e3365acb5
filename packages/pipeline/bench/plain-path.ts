import { openJournalReader, readRecords } from '@cryptoflow/journal'
import {
  type AnswerContext,
  type ConnectNote,
  decodeAnswerPayload,
  decodeNote,
  type JournalRecord,
  type Market,
  RecordKind,
} from '@cryptoflow/model'
import { PlainBook, type PlainLevel, type PlainStamp, plainDecimal } from './plain-book.ts'
import { us, type WireMessage } from './plain-rows.ts'
import { openPlainTables, type PlainRow } from './plain-tables.ts'

export interface PlainPathOptions {
  readonly directory: string
  /** Rows after which files are written. */
  readonly sealRows: number
  readonly derivedEveryUs: number
  readonly derivedLevels: number
  readonly checkpointEveryUs: number
}

interface Key {
  readonly exchange: string
  readonly market: Market
  readonly symbol: string
  readonly unit: string
  readonly book: PlainBook
}

interface Snapshot {
  readonly lastUpdateId: number
  readonly E?: number
  readonly T?: number
  readonly bids: readonly [string, string][]
  readonly asks: readonly [string, string][]
}

/**
 * The whole path as it is written first: journal records to JSON.parse, exact decimals as BigInt, a Map book with the
 * same images as ours, plain arrays, Arrow builders, parquet-wasm, and a commit that only names the files. What it
 * leaves out, it gains: gaps, dead letters, exactly-once, the state after it.
 */
export async function plainPath(journal: string, options: PlainPathOptions) {
  const reader = await openJournalReader(journal)
  const tables = openPlainTables(options.directory)
  const connections = new Map<number, { exchange: string; market: Market }>()
  const keys = new Map<string, Key>()
  const lastSeq = new Map<string, number>()
  let derivedCell = Number.NEGATIVE_INFINITY
  let checkpointCell = Number.NEGATIVE_INFINITY

  const keyOf = (exchange: string, market: Market, symbol: string): Key => {
    const text = `${exchange} ${market} ${symbol}`
    let key = keys.get(text)
    if (key === undefined) {
      const unit = market === 'inverse' ? 'contracts' : 'base'
      key = { exchange, market, symbol, unit, book: new PlainBook(market) }
      keys.set(text, key)
    }
    return key
  }
  const common = ({ exchange, market, symbol, unit }: Key, stamp: PlainStamp, source: string) => ({
    exchange,
    market,
    symbol,
    event_ts: stamp.eventUs,
    event_ts_source: stamp.source,
    sent_ts: stamp.sentUs,
    received_ts: stamp.receivedUs,
    source,
    writer: reader.id,
    frame: stamp.frame,
    quantity_unit: unit,
  })
  const image = (key: Key, kind: 'derived' | 'checkpoint', levels: number): void => {
    const { book } = key
    const stamp = book.stamp as PlainStamp
    const { bids, asks } = book.image(levels)
    const depth = Math.max(bids.levels.length, asks.levels.length)
    const table = key.market === 'spot' ? 'spot_ob' : 'futures_ob'
    for (const [side, { levels, knownDepth }] of [
      ['bid', bids],
      ['ask', asks],
    ] as const) {
      for (let level = 0; level < levels.length; level++) {
        const { price, quantity } = levels[level] as PlainLevel
        const own = { kind, side, level, price, quantity, depth }
        const known = { last_seq: book.lastSeq, known_depth: knownDepth, book_state: 'live' }
        tables.add(table, { ...common(key, stamp, 'derived'), ...own, ...known })
      }
    }
  }
  const checkpoint = (key: Key): void => {
    key.book.unsaved = false
    image(key, 'checkpoint', Number.POSITIVE_INFINITY)
  }
  const closeDerived = (): void => {
    for (const key of keys.values()) {
      if (!key.book.changed) continue
      key.book.changed = false
      image(key, 'derived', options.derivedLevels)
    }
  }
  const advance = (receivedUs: number): void => {
    const derived = Math.floor(receivedUs / options.derivedEveryUs)
    if (derived > derivedCell) {
      closeDerived()
      derivedCell = derived
    }
    const cell = Math.floor(receivedUs / options.checkpointEveryUs)
    if (cell > checkpointCell) {
      for (const key of keys.values()) if (key.book.unsaved) checkpoint(key)
      checkpointCell = cell
    }
  }
  const updates = (key: Key, row: PlainRow, bids: readonly PlainLevel[], asks: readonly PlainLevel[]) => {
    const table = key.market === 'spot' ? 'spot_delta' : 'futures_delta'
    for (let i = 0; i < bids.length; i++)
      tables.add(table, { ...row, side: 'bid', level_index: i, ...bids[i] })
    for (let i = 0; i < asks.length; i++)
      tables.add(table, { ...row, side: 'ask', level_index: i, ...asks[i] })
  }
  const frame = (record: JournalRecord): void => {
    const text = Buffer.from(record.payload.buffer, record.payload.byteOffset, record.payload.length)
    const { stream, data } = JSON.parse(text.toString('utf8')) as WireMessage
    const { exchange, market } = connections.get(record.connection) as { exchange: string; market: Market }
    const key = keyOf(exchange, market, data.s)
    const sequence = data.e === 'trade' ? data.t : data.e === 'aggTrade' ? data.a : data.u
    const name = `${market} ${stream}`
    if (sequence <= (lastSeq.get(name) ?? Number.NEGATIVE_INFINITY)) return
    lastSeq.set(name, sequence)
    const stamp = stampOf(data, record)
    const row = common(key, stamp, 'ws')
    if (data.e === 'trade' || data.e === 'aggTrade') tables.add('ticks', { ...row, ...tick(data) })
    else if (data.e === 'depthUpdate') {
      const { book } = key
      const bids = levelsOf(data.b)
      const asks = levelsOf(data.a)
      const state = book.isLive ? 'live' : 'waiting'
      const own = { first_seq: data.U, last_seq: data.u, prev_seq: data.pu ?? null }
      updates(key, { ...row, ...own, is_snapshot: false, book_state: state }, bids, asks)
      const diff = { firstSeq: data.U, lastSeq: data.u, prevSeq: data.pu, bids, asks, stamp }
      if (book.take(diff)) checkpoint(key)
    } else tables.add('bbo', { ...row, ...quote(data) })
  }
  const answer = (record: JournalRecord): void => {
    const { context, body } = decodeAnswerPayload(record.payload) as {
      context: AnswerContext
      body: Uint8Array
    }
    const key = keyOf(context.exchange, context.market, context.symbol)
    const data = JSON.parse(Buffer.from(body).toString('utf8')) as Snapshot
    const bids = levelsOf(data.bids)
    const asks = levelsOf(data.asks)
    const own = { first_seq: null, last_seq: data.lastUpdateId, prev_seq: null, is_snapshot: true }
    const row = common(key, stampOf(data, record), 'rest')
    updates(key, { ...row, ...own, book_state: 'waiting' }, bids, asks)
    if (key.book.load(data.lastUpdateId, bids, asks)) checkpoint(key)
  }

  for await (const block of reader.blocks(1)) {
    for (const record of readRecords(block)) {
      advance(record.receivedUs)
      if (record.kind === RecordKind.frame) frame(record)
      else if (record.kind === RecordKind.answer) answer(record)
      else if (record.kind === RecordKind.connect) {
        connections.set(record.number, decodeNote<ConnectNote>(record.payload))
      } else if (record.kind === RecordKind.stop) closeDerived()
    }
    if (tables.rowsWaiting() >= options.sealRows) await tables.seal()
  }
  await tables.seal()
  return tables.files()
}

function stampOf(data: { readonly E?: number; readonly T?: number }, record: JournalRecord): PlainStamp {
  const { receivedUs, number: frame } = record
  const sentUs = data.E === undefined ? null : us(data.E)
  if (data.T !== undefined) return { eventUs: us(data.T), source: 'engine', sentUs, receivedUs, frame }
  if (sentUs !== null) return { eventUs: sentUs, source: 'sent', sentUs, receivedUs, frame }
  return { eventUs: receivedUs, source: 'received', sentUs, receivedUs, frame }
}

function levelsOf(levels: readonly [string, string][]): PlainLevel[] {
  return levels.map(([price, quantity]) => ({ price: plainDecimal(price), quantity: plainDecimal(quantity) }))
}

function tick(data: WireMessage['data']): PlainRow {
  const isAggregate = data.e === 'aggTrade'
  return {
    trade_id: String(isAggregate ? data.a : data.t),
    kind: isAggregate ? 'aggregate' : 'trade',
    side: data.m ? 'sell' : 'buy',
    price: plainDecimal(data.p),
    quantity: plainDecimal(data.q),
    trade_count: isAggregate ? data.l - data.f + 1 : null,
    first_trade_id: isAggregate ? String(data.f) : null,
    last_trade_id: isAggregate ? String(data.l) : null,
    trade_type: data.X ?? null,
  }
}

function quote(data: WireMessage['data']): PlainRow {
  return {
    bid_price: plainDecimal(data.b),
    bid_quantity: plainDecimal(data.B),
    ask_price: plainDecimal(data.a),
    ask_quantity: plainDecimal(data.A),
    last_seq: data.u,
  }
}
