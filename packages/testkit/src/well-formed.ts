import {
  type Decimal,
  type EventBatch,
  type EventDetail,
  EventKind,
  FRACTION_DIGITS_MAX,
  INTEGER_DIGITS_MAX,
  type StreamSpec,
  SYMBOL_BYTES_MAX,
} from '@cryptoflow/model'
import {
  type FieldType,
  fieldWords,
  type KindRule,
  kindRules,
  requiredFields,
  signedFields,
  TEXT_ID_BYTES_MAX,
  WORD_BYTES_MAX,
} from './event-kinds.ts'
import { isLeaf, isMap, textOf, treeOf } from './json-tree.ts'
import { columnText, hasChecksum, isDecimal, isPrint } from './plain-events.ts'
import type { Subject } from './reading.ts'

/** What is wrong with the events `from ...` of a batch; `text` is the message that they came from. */
export function eventsProblem(
  subject: Subject,
  batch: EventBatch,
  from: number,
  text: () => string,
): string | null {
  for (let event = from; event < batch.count; event++) {
    const problem = eventProblem(subject, batch, event, text)
    if (problem !== null) return `event ${event - from}: ${problem}`
  }
  for (const [what, byEvent] of [
    ['detail', batch.details],
    ['text id', batch.textIds],
  ] as const) {
    for (const event of byEvent.keys()) if (event >= batch.count) return `a ${what} is of no event`
  }
  return batch.entryStart[batch.count] === batch.entryCount ? null : 'entries stand behind the last event'
}

function eventProblem(subject: Subject, batch: EventBatch, event: number, text: () => string): string | null {
  const rule = kindRules.find(({ kind }) => kind === batch.kind[event])
  if (rule === undefined) return `its kind is ${batch.kind[event]}`
  const symbolProblem = nameProblem(batch, event)
  if (symbolProblem !== null) return symbolProblem
  const stream = batch.names.text(batch.stream[event] as number)
  const spec = subject.market.streams.find(({ name }) => name === stream)
  if (spec === undefined) return `its stream ${JSON.stringify(stream)} is not listed`
  if (!rule.tables.includes(spec.table)) return `its kind does not fit ${stream} of table ${spec.table}`
  return (
    numberProblem(batch, event, rule.kind) ??
    textIdProblem(batch.textIds.get(event), spec) ??
    (hasChecksum(subject.market, batch, event) ? checksumProblem(batch.checksum[event] as number) : null) ??
    entryProblem(batch, event, rule) ??
    detailProblem(batch.details.get(event), rule) ??
    rawProblem(subject, batch, event, text)
  )
}

function nameProblem(batch: EventBatch, event: number): string | null {
  const { names } = batch
  const symbol = batch.symbol[event] as number
  const stream = batch.stream[event] as number
  if (symbol < 0 || symbol >= names.count) return `its symbol is the id ${symbol} of ${names.count}`
  if (stream < 0 || stream >= names.count) return `its stream is the id ${stream} of ${names.count}`
  const symbolBytes = bytesIn(names.text(symbol))
  return symbolBytes === 0 || symbolBytes > SYMBOL_BYTES_MAX ? `its symbol has ${symbolBytes} bytes` : null
}

function numberProblem(batch: EventBatch, event: number, kind: number): string | null {
  for (const name of ['engineUs', 'sentUs'] as const) {
    if (!isTime(batch[name][event] as number)) return `its ${name} is ${batch[name][event]}`
  }
  for (const name of ['firstSeq', 'lastSeq', 'prevSeq'] as const) {
    if (!isWhole(batch[name][event] as number)) return `its ${name} is ${batch[name][event]}`
  }
  if (kind === EventKind.aggregate) {
    const ids = [batch.firstTradeId[event] as number, batch.lastTradeId[event] as number]
    if (!ids.every(isWhole)) return `its trades are ${ids.join(' to ')}`
  }
  if (!isPrint(kind)) return null
  if (!isIdRange(kind, batch.firstSeq[event] as number, batch.lastSeq[event] as number)) {
    return 'the sequences of a print are not its id'
  }
  const type = batch.tradeType[event] as number
  if (type < -1 || type >= batch.names.count) return `its trade type is the id ${type}`
  return type >= 0 && isLong(batch.names.text(type)) ? 'its trade type is as long as a message' : null
}

/** One id, or of an aggregate the first and the last that are in it. */
function isIdRange(kind: number, first: number, last: number): boolean {
  return Object.is(first, last) || (kind === EventKind.aggregate && first <= last)
}

function textIdProblem(id: string | undefined, { name, idWindow }: StreamSpec): string | null {
  if (id === undefined) return null
  if (idWindow === 0) return `it has a text id, and none of ${name} is remembered`
  if (typeof id !== 'string' || id === '' || !id.isWellFormed()) return 'its text id is no text'
  return bytesIn(id) > TEXT_ID_BYTES_MAX ? `its text id has ${bytesIn(id)} bytes` : null
}

/** Of 32 bits, with a sign or without. */
function checksumProblem(checksum: number): string | null {
  const isChecksum = Number.isInteger(checksum) && checksum >= -(2 ** 31) && checksum < 2 ** 32
  return Number.isNaN(checksum) || isChecksum ? null : `its checksum is ${checksum}`
}

function isLong(word: string): boolean {
  return bytesIn(word) > WORD_BYTES_MAX
}

function bytesIn(text: string): number {
  return new TextEncoder().encode(text).length
}

/** Absent, or a whole number that a float64 holds exactly: some exchanges begin sequences at -1. */
function isWhole(value: number): boolean {
  return Number.isNaN(value) || Number.isSafeInteger(value)
}

function isTime(value: number): boolean {
  return isWhole(value) && !(value < 0)
}

function entryProblem(batch: EventBatch, event: number, rule: KindRule): string | null {
  const from = batch.entryStart[event] as number
  const to = batch.entryStart[event + 1] as number
  const count = to - from
  if (count < rule.entriesMin || count > rule.entriesMax) return `it has ${count} entries`
  for (let row = from; row < to; row++) {
    if (!rule.sides.includes(batch.side[row] as number))
      return `the side of entry ${row - from} is ${batch.side[row]}`
    for (const name of ['price', 'quantity'] as const) {
      const mantissa = batch[name].mantissa(row)
      const scale = batch[name].scales[row] as number
      if (mantissa === null || mantissa < 0n || !isInRange({ mantissa, scale })) {
        return `the ${name} of entry ${row - from} is ${columnText(batch[name], row)}`
      }
    }
  }
  return null
}

function isInRange({ mantissa, scale }: Decimal): boolean {
  const size = mantissa < 0n ? -mantissa : mantissa
  return scale >= 0 && scale <= FRACTION_DIGITS_MAX && size < 10n ** BigInt(INTEGER_DIGITS_MAX + scale)
}

function detailProblem(detail: EventDetail | undefined, rule: KindRule): string | null {
  if (rule.detail === null) return detail === undefined ? null : 'it has a detail'
  if (detail === undefined) return 'it has no detail'
  const fields = detail as unknown as Readonly<Record<string, unknown>>
  const strange = Object.keys(fields).find((key) => !Object.hasOwn(rule.detail ?? {}, key))
  if (strange !== undefined) return `its detail has ${strange}`
  for (const [key, type] of Object.entries(rule.detail)) {
    const value = fields[key]
    if (!isOfType(value, type)) return `${key} of its detail is no ${type}`
    if (!signedFields.has(key) && isDecimal(value) && value.mantissa < 0n) return `its ${key} is negative`
    if (key !== 'raw' && typeof value === 'string' && isLong(value))
      return `its ${key} is ${value.length} long`
    if (value === null && requiredFields.has(key)) return `its detail is without ${key}`
    if (fieldWords[key]?.includes(value) === false) return `${key} of its detail is ${JSON.stringify(value)}`
  }
  return null
}

/** The raw object is stored byte for byte, so it must stand in the message, and be that of its symbol. */
function rawProblem({ cases }: Subject, batch: EventBatch, event: number, text: () => string): string | null {
  const { raw } = (batch.details.get(event) ?? {}) as { raw?: string }
  if (raw === undefined) return null
  if (!text().includes(raw)) return 'its raw is not in the message'
  const tree = treeOf(new TextEncoder().encode(raw))
  if (tree === null || !isMap(tree)) return 'its raw is no JSON object'
  const symbol = batch.names.text(batch.symbol[event] as number)
  const listed = cases.spelledInLists ?? String
  const isOwn = tree.members.some(({ value }) => {
    const text = isLeaf(value) ? textOf(value) : null
    return text !== null && (text === symbol || listed(text) === listed(symbol))
  })
  return isOwn ? null : 'its raw is that of another symbol'
}

/** The largest number of a column of type `int`. */
const INT_MAX = 2_147_483_647

function isOfType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case 'digits':
      return value === undefined || isDigits(value)
    case 'decimal':
      return value === null || (isDecimal(value) && isInRange(value))
    case 'time':
      return typeof value === 'number' && isTime(value)
    case 'int':
      return typeof value === 'number' && isTime(value) && !(value > INT_MAX)
    case 'flag':
      return typeof value === 'boolean'
    default:
      return value === null || (typeof value === 'string' && value.isWellFormed())
  }
}

function isDigits(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false
  const { price, quantity } = value as { price?: unknown; quantity?: unknown }
  return [price, quantity].every(
    (digits) => Number.isInteger(digits) && Number(digits) >= 0 && Number(digits) <= FRACTION_DIGITS_MAX,
  )
}
