import {
  type DeadLetterReason,
  type DecimalColumn,
  type DecodeOutcome,
  type EventBatch,
  EventKind,
  parseDecimal,
  Side,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import { LEVELS_MAX } from '../event-kinds.ts'
import type { Flaw } from './flaw.ts'

/** The wire format of the fake market, read the plain way; each flaw breaks one promise. */

/** Thrown by what cannot read on; `attempt` catches it. */
export class Refusal {
  readonly outcome: DecodeOutcome

  constructor(reason: DeadLetterReason, detail: string) {
    this.outcome = { kind: 'malformed', reason, detail }
  }
}

/** A JSON number as its digits on the wire. */
export class Digits {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Fields = Readonly<Record<string, unknown>>
export interface Task {
  readonly flaws: ReadonlySet<Flaw>
  readonly out: EventBatch
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lossy = new TextDecoder()
const DEPTH_MAX = 64

/** The message as JSON whose numbers keep their digits; undefined when it is none. */
export function parse(bytes: Uint8Array, flaws: ReadonlySet<Flaw>): unknown {
  const keepDigits = (_key: string, value: unknown, { source }: { source: string }): unknown =>
    typeof value === 'number' ? new Digits(source) : value
  try {
    const text = flaws.has('takes broken UTF-8') ? lossy.decode(bytes) : decoder.decode(bytes)
    const whole = flaws.has('mends cut messages') && !text.endsWith('}') ? `${text}}` : text
    if (!flaws.has('nests without end') && depthOf(text) > DEPTH_MAX) return undefined
    return (JSON.parse as (text: string, reviver: typeof keepDigits) => unknown)(whole, keepDigits)
  } catch (error) {
    if (flaws.has('throws on no JSON')) throw error
    return undefined
  }
}

function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const character of text.replace(/"(?:[^"\\]|\\.)*"/g, '')) {
    if (character === '[' || character === '{') depth += 1
    if (character === ']' || character === '}') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits)
}

/** Appends what `append` does, or nothing and the refusal that it threw. */
export function attempt({ flaws, out }: Task, append: () => void): DecodeOutcome {
  const { count } = out
  try {
    append()
    return { kind: 'events' }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (!flaws.has('leaves half a message')) out.rollback(count)
    return error.outcome
  }
}

export function appendTrade(task: Task, fields: Fields, bytes: Uint8Array): void {
  const { flaws, out } = task
  out.reserveEvent()
  out.reserveEntries(1)
  const row = out.entryCount
  setDecimal(task, fields.px, out.price, row)
  setDecimal(task, fields.qty, out.quantity, row)
  out.entryCount += 1
  const side = fields.buy === true ? Side.buy : Side.sell
  if (typeof fields.buy !== 'boolean') throw new Refusal('malformed', 'buy is no flag')
  out.side[row] = flaws.has('swaps sides') ? Side.buy + Side.sell - side : side
  if (flaws.has('gives levels for trades')) out.side[row] = Side.bid
  setEvent(task, EventKind.trade, fields, 'trade', fields.sym)
  const id = wholeNumber(task, fields.id)
  out.firstSeq[out.count] = id
  out.lastSeq[out.count] = id
  out.tradeType[out.count] = wordId(task, fields.type)
  if (!flaws.has('forgets a field')) out.prevSeq[out.count] = Number.NaN
  if (flaws.has('writes into the message')) bytes[0] = 0
  if (flaws.has('changes what was before') && out.count > 0) out.lastSeq[0] = 1
  out.endEvent()
}

export function appendBook(task: Task, fields: Fields, kind: number, symbol: unknown): void {
  const { out } = task
  out.reserveEvent()
  appendLevels(task, fields.bids, Side.bid)
  appendLevels(task, fields.asks, Side.ask)
  const isDelta = kind === EventKind.bookDelta
  setEvent(task, kind, fields, 'book', symbol)
  out.firstSeq[out.count] = isDelta ? wholeNumber(task, fields.from) : Number.NaN
  out.lastSeq[out.count] = wholeNumber(task, fields.to)
  out.prevSeq[out.count] = isDelta ? wholeNumber(task, fields.prev) : Number.NaN
  out.endEvent()
}

function appendLevels(task: Task, levels: unknown, side: number): void {
  const { flaws, out } = task
  if (!Array.isArray(levels)) throw new Refusal('malformed', 'levels are no list')
  const count = out.entryCount - (out.entryStart[out.count] as number) + levels.length
  if (count > LEVELS_MAX && !flaws.has('takes any number of levels')) {
    throw new Refusal('too_many_levels', 'too many levels')
  }
  out.reserveEntries(levels.length)
  for (const level of levels as unknown[]) {
    const [price, quantity] = Array.isArray(level) ? (level as unknown[]) : []
    setDecimal(task, price, out.price, out.entryCount)
    setDecimal(task, quantity, out.quantity, out.entryCount)
    out.side[out.entryCount] = side
    out.entryCount += 1
  }
}

export function appendRate(task: Task, fields: Fields): void {
  const { flaws, out } = task
  out.reserveEvent()
  const rate = typeof fields.rate === 'string' ? parseDecimal(fields.rate) : null
  if (rate === 'range') throw new Refusal('number_out_of_range', 'rate is out of range')
  const isAbsent = fields.rate === '' || flaws.has('takes what is no number for absent')
  if (rate === null && !isAbsent) throw new Refusal('malformed', 'rate is no decimal')
  const detail = {
    markPrice: null,
    indexPrice: null,
    estimatedSettlePrice: null,
    fundingRate: rate,
    predictedRate: null,
    fundingUs: timeUs(task, fields.next),
    intervalHours: hoursOf(task, fields.hours),
    kind: 'current' as const,
  }
  out.details.set(
    out.count,
    flaws.has('gives the wrong detail') ? ({ openInterest: rate, value: null } as never) : detail,
  )
  setEvent(task, EventKind.funding, fields, 'rates', fields.sym)
  for (const column of [out.firstSeq, out.lastSeq, out.prevSeq]) column[out.count] = Number.NaN
  out.endEvent()
}

let cached = { stream: '', id: -1 }
let remembered = 0

function setEvent(task: Task, kind: number, fields: Fields, stream: string, symbol: unknown): void {
  const { flaws, out } = task
  out.kind[out.count] = kind
  out.engineUs[out.count] = Number.NaN
  out.sentUs[out.count] = kind === EventKind.trade ? timeUs(task, fields.ts) : Number.NaN
  if (flaws.has('counts frames')) out.sentUs[out.count] = ++remembered
  out.symbol[out.count] = symbolId(task, symbol)
  if (!flaws.has('keeps ids of another table') || cached.stream !== stream) {
    cached = { stream, id: out.names.idOf(stream) }
  }
  if (cached.id < 0) throw new Refusal('bad_symbol', 'too many names')
  out.stream[out.count] = cached.id
}

export function symbolId({ flaws, out }: Task, symbol: unknown): number {
  if (typeof symbol !== 'string' || !symbol.isWellFormed()) throw new Refusal('bad_symbol', 'no symbol')
  const bytes = new TextEncoder().encode(symbol).length
  const isLong = bytes > SYMBOL_BYTES_MAX && !flaws.has('takes long names')
  if (bytes === 0 || isLong) throw new Refusal('bad_symbol', 'the symbol is empty or long')
  if (flaws.has('indexes objects by names')) {
    const index: Record<string, Record<string, number>> = {}
    const slot = index[symbol] ?? {}
    slot.seen = 1
  }
  const id = out.names.idOf(flaws.has('trims names') ? symbol.trim().normalize() : symbol)
  if (id < 0 && !flaws.has('trusts the table of names')) throw new Refusal('bad_symbol', 'too many names')
  return id
}

function wordId({ flaws, out }: Task, word: unknown): number {
  if (word === undefined) return -1
  const isShort = typeof word === 'string' && word.isWellFormed() && word.length <= SYMBOL_BYTES_MAX
  if (!isShort && !flaws.has('passes long words on')) throw new Refusal('bad_symbol', 'type is no word')
  const id = out.names.idOf(String(word))
  if (id < 0) throw new Refusal('bad_symbol', 'too many names')
  return id
}

function hoursOf(task: Task, value: unknown): number {
  if (value === undefined) return Number.NaN
  const hours = wholeNumber(task, value)
  if (hours < 2 ** 31 || task.flaws.has('takes any interval')) return hours
  throw new Refusal('number_out_of_range', 'out of range')
}

function setDecimal({ flaws }: Task, value: unknown, column: DecimalColumn, row: number): void {
  if (typeof value !== 'string') throw new Refusal('malformed', 'no decimal')
  const text =
    flaws.has('reads through floats') && Number.isFinite(Number(value)) ? String(Number(value)) : value
  const decimal = parseDecimal(flaws.has('reads numbers loosely') ? text.replace(/[+_ ,]/g, '') : text)
  if (decimal === 'range') throw new Refusal(rangeReason(flaws), 'out of range')
  const isNegative = decimal !== null && decimal.mantissa < 0n && !flaws.has('drops the sign')
  if (decimal === null || isNegative) throw new Refusal('malformed', 'no decimal')
  column.set(row, decimal.mantissa < 0n ? -decimal.mantissa : decimal.mantissa, decimal.scale)
}

function rangeReason(flaws: ReadonlySet<Flaw>): DeadLetterReason {
  return flaws.has('says nothing of the range') ? 'malformed' : 'number_out_of_range'
}

function wholeNumber({ flaws }: Task, value: unknown): number {
  const text = value instanceof Digits ? value.text : ''
  if (flaws.has('rounds ids') && Number.isInteger(Number(text)) && text !== '') {
    return Math.min(Math.abs(Number(text)), Number.MAX_SAFE_INTEGER)
  }
  if (!/^\d+$/.test(text)) throw new Refusal('malformed', 'no whole number')
  if (!Number.isSafeInteger(Number(text))) throw new Refusal('number_out_of_range', 'out of range')
  return Number(text)
}

function timeUs(task: Task, value: unknown): number {
  const us = wholeNumber(task, value) * 1000
  if (Number.isSafeInteger(us) || task.flaws.has('takes any time')) return us === 0 ? Number.NaN : us
  throw new Refusal('number_out_of_range', 'out of range')
}
