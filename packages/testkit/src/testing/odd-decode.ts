import { type DecimalColumn, type EventBatch, EventKind, parseDecimal, Side } from '@cryptoflow/model'
import { LEVELS_MAX, TEXT_ID_BYTES_MAX } from '../event-kinds.ts'
import { rfcTimeUs } from '../times.ts'
import { Digits, type Fields, isFields, Refusal, symbolId } from './fake-decode.ts'
import type { OddFlaw } from './odd-flaw.ts'

/**
 * The wire format of the odd market: numbers without quotes, levels as objects, times as texts, ids as texts, lists
 * of trades of several symbols, newest first.
 */
export interface OddTask {
  readonly flaws: ReadonlySet<OddFlaw>
  readonly out: EventBatch
}

export function appendBook(task: OddTask, fields: Fields): void {
  const { flaws, out } = task
  if (fields.type !== 'snapshot' && fields.type !== 'update') throw new Refusal('malformed', 'no known type')
  out.reserveEvent()
  let count = 0
  for (const [levels, side] of [
    [fields.bids, Side.bid],
    [fields.asks, Side.ask],
  ] as const) {
    if (!Array.isArray(levels)) throw new Refusal('malformed', 'no list')
    count += levels.length
    if (count > LEVELS_MAX && !flaws.has('takes any number of levels'))
      throw new Refusal('too_many_levels', 'too many levels')
    out.reserveEntries(levels.length)
    for (const level of levels as unknown[]) appendEntry(task, level, side)
  }
  setEvent(task, fields.type === 'snapshot' ? EventKind.bookSnapshot : EventKind.bookDelta, fields, 'book')
  out.checksum[out.count] = checksumOf(task, fields.crc)
  if (flaws.has('gives ids where none are remembered')) out.textIds.set(out.count, 'id')
  out.endEvent()
}

/** Newest first on the wire, and stored oldest first. */
export function appendTrades(task: OddTask, trades: readonly Fields[]): void {
  const sorted = trades.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
  for (const trade of sorted) {
    appendTrade(task, trade)
    if (trade.forced === true) appendForced(task, trade)
  }
}

function appendTrade(task: OddTask, trade: Fields): void {
  const { flaws, out } = task
  out.reserveEvent()
  out.reserveEntries(1)
  if (typeof trade.buy !== 'boolean') throw new Refusal('malformed', 'no side')
  appendEntry(task, trade, trade.buy ? Side.buy : Side.sell)
  setEvent(task, trade.block === true ? EventKind.block : EventKind.trade, trade, 'trades')
  out.tradeType[out.count] = -1
  if (flaws.has('gives trades a range of ids')) {
    out.firstSeq[out.count] = 1
    out.lastSeq[out.count] = 2
  }
  setId(task, trade.id)
  out.endEvent()
}

/** Below 2^53 an id is a number, else a text. */
function setId(task: OddTask, value: unknown): void {
  const { flaws, out } = task
  const id = idOf(task, value)
  if (flaws.has('changes an id that was there') && out.count > 0) out.textIds.set(0, id)
  const isNumber = /^[1-9]\d{0,15}$/.test(id) && Number.isSafeInteger(Number(id))
  if (isNumber) {
    out.firstSeq[out.count] = Number(id)
    out.lastSeq[out.count] = Number(id)
  } else if (!flaws.has('forgets text ids')) out.textIds.set(out.count, id)
}

function appendForced(task: OddTask, trade: Fields): void {
  const { out } = task
  const row = out.entryCount - 1
  out.reserveEvent()
  out.details.set(out.count, {
    side: trade.buy === true ? 'buy' : 'sell',
    price: { mantissa: out.price.mantissa(row) ?? 0n, scale: out.price.scales[row] as number },
    priceKind: null,
    averagePrice: null,
    quantity: { mantissa: out.quantity.mantissa(row) ?? 0n, scale: out.quantity.scales[row] as number },
    filledQuantity: null,
    status: null,
    sampled: false,
  })
  setEvent(task, EventKind.liquidation, trade, 'trades/forced')
  setId(task, trade.id)
  out.endEvent()
}

export function appendInstrument(task: OddTask, fields: Fields, raw: string): void {
  const { flaws, out } = task
  out.reserveEvent()
  const symbol = String(fields.symbol).replace(/[a-z]/g, (letter) => letter.toUpperCase())
  const digits = wholeOf(fields.digits, 18)
  out.details.set(out.count, {
    instrument: symbol,
    base: symbol,
    quote: 'Q',
    settle: null,
    type: 'spot',
    status: null,
    tickSize: null,
    lotSize: null,
    contractSize: null,
    contractUnit: null,
    digits: { price: digits, quantity: flaws.has('gives an instrument the digits of its dreams') ? 0.5 : 8 },
    listedUs: Number.NaN,
    expiryUs: Number.NaN,
    raw,
  })
  setEvent(task, EventKind.instrument, { sym: symbol, at: null }, 'list')
  out.endEvent()
}

function setEvent(task: OddTask, kind: number, fields: Fields, stream: string): void {
  const { out } = task
  out.kind[out.count] = kind
  const id = symbolId({ flaws: new Set(), out }, fields.sym)
  if (String(fields.sym).startsWith('X_') || task.flaws.has('takes the names of other markets'))
    out.symbol[out.count] = id
  else throw new Refusal('bad_symbol', 'of no known form')
  const streamId = out.names.idOf(stream)
  if (streamId < 0) throw new Refusal('bad_symbol', 'too many names')
  out.stream[out.count] = streamId
  out.engineUs[out.count] = timeOf(task, fields.at)
  for (const column of [out.sentUs, out.firstSeq, out.lastSeq, out.prevSeq]) column[out.count] = Number.NaN
}

function appendEntry(task: OddTask, level: unknown, side: number): void {
  const { out } = task
  if (!isFields(level)) throw new Refusal('malformed', 'no object')
  // Thin books are filled up with nothing.
  const isPadding = level.price instanceof Digits && /^-?0(\.0+)?$/.test(level.price.text)
  if (isPadding && (side === Side.bid || side === Side.ask)) return
  setDecimal(task, level.price, out.price)
  setDecimal(task, level.qty, out.quantity)
  out.side[out.entryCount] = side
  out.entryCount += 1
}

function setDecimal({ flaws, out }: OddTask, value: unknown, column: DecimalColumn): void {
  if (!(value instanceof Digits)) throw new Refusal('malformed', 'no number')
  const float = Number(value.text)
  const text =
    flaws.has('reads bare numbers through floats') && Number.isFinite(float) ? String(float) : value.text
  const decimal = parseDecimal(flaws.has('shortens bare numbers') ? text.replace(/(\.\d+?)0+$/, '$1') : text)
  if (decimal === 'range') throw new Refusal('number_out_of_range', 'out of range')
  if (decimal === null || decimal.mantissa < 0n) throw new Refusal('malformed', 'no number')
  column.set(out.entryCount, decimal.mantissa, decimal.scale)
}

/** A whole number 0 ... `max`. */
function wholeOf(value: unknown, max: number): number {
  const text = value instanceof Digits ? value.text : ''
  if (!/^\d+$/.test(text)) throw new Refusal('malformed', 'no whole number')
  if (BigInt(text) > BigInt(max)) throw new Refusal('number_out_of_range', 'out of range')
  return Number(text)
}

function checksumOf({ flaws }: OddTask, value: unknown): number {
  if (!flaws.has('folds checksums')) return wholeOf(value, 2 ** 32 - 1)
  return wholeOf(value, Number.MAX_SAFE_INTEGER) >>> 0
}

/** The place of a frame on its connection; the frame is none of the exchange's without one. */
export function placeIn({ flaws }: Pick<OddTask, 'flaws'>, fields: Fields): number {
  if (!flaws.has('takes any place')) return wholeOf(fields.n, Number.MAX_SAFE_INTEGER)
  return fields.n instanceof Digits ? Math.trunc(Math.min(Number(fields.n.text), 2 ** 53 - 1)) : 0
}

function timeOf({ flaws }: OddTask, value: unknown): number {
  if (value === null) return Number.NaN
  const text = typeof value === 'string' ? value : ''
  const us = usOf(flaws, text)
  if (us === null && flaws.has('takes nonsense for an absent time')) return Number.NaN
  if (us === null) throw new Refusal('malformed', 'no time')
  if (us > Number.MAX_SAFE_INTEGER) throw new Refusal('absurd_time', 'out of range')
  return us < 0 ? Number.NaN : us
}

function usOf(flaws: ReadonlySet<OddFlaw>, text: string): number | null {
  if (flaws.has('reads times as the engine does'))
    return Number.isNaN(Date.parse(text)) ? null : Date.parse(text) * 1000
  if (flaws.has('knows no nanoseconds') && /\.\d{7}/.test(text)) return null
  const mended = text.replace(/-(3[01])T/, '-28T')
  const exact = rfcTimeUs(text) ?? (flaws.has('takes days that are none') ? rfcTimeUs(mended) : null)
  if (exact === null || !flaws.has('rounds times')) return exact
  return /\.\d{6}[5-9]/.test(text) ? exact + 1 : exact
}

function idOf({ flaws }: OddTask, value: unknown): string {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed())
    throw new Refusal('malformed', 'no id')
  const bytes = new TextEncoder().encode(value).length
  if (flaws.has('cuts ids')) return value.slice(0, TEXT_ID_BYTES_MAX / 4)
  if (bytes > TEXT_ID_BYTES_MAX && !flaws.has('takes long ids')) throw new Refusal('malformed', 'a long id')
  if (flaws.has('trims ids')) return value.trim() || '-'
  return flaws.has('reads ids through floats') && /^\d+$/.test(value) ? String(Number(value)) : value
}
