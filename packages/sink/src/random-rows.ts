import {
  BooleanColumn,
  BytesColumn,
  type Column,
  type ColumnSpec,
  createRowBuffer,
  type DecimalColumn,
  decimalText,
  LongColumn,
  NameColumn,
  type RowBuffer,
  reserveRows,
  StringTable,
  type TableContract,
  TextColumn,
} from '@cryptoflow/model'
import { numbers } from './examples.ts'

/** A decimal beside its exact mantissa and scale as written. */
export interface PlainDecimal {
  readonly mantissa: bigint
  readonly scale: number
}
export type PlainValue = string | number | boolean | Uint8Array | PlainDecimal | null
export type PlainRow = Readonly<Record<string, PlainValue>>

/** Rows with every kind of value that a table allows, nulls wherever they may be. */
export function randomRows(table: TableContract, count: number, seed: number): PlainRow[] {
  const next = numbers(seed)
  return Array.from({ length: count }, (_, i) => {
    const row: Record<string, PlainValue> = {}
    for (const [name, spec] of Object.entries(table.columns)) {
      if (spec.type === 'scale') continue
      const isNull = spec.nullable && (next() < 0.3 || i === 0)
      row[name] = isNull ? null : randomValue(spec.type, table.sort.includes(name), next)
    }
    return row
  })
}

/** Puts plain rows into a buffer; names get ids in order of first sight, as in production. */
export function bufferOf<T extends TableContract>(table: T, rows: readonly PlainRow[]): RowBuffer<T> {
  const buffer = createRowBuffer(table, new StringTable())
  reserveRows(buffer as unknown as RowBuffer, rows.length)
  const columns = buffer.columns as Record<string, Column>
  for (const row of rows) {
    for (const [name, column] of Object.entries(columns)) {
      setValue(column, buffer.count, row[name] ?? null, buffer.names)
    }
    buffer.count += 1
  }
  return buffer
}

/** A cell as text, the same for our rows and for what a reader says: nothing lost, nothing rounded. */
export function cellText(spec: ColumnSpec, row: PlainRow, name: string): string | null {
  const value = row[spec.of ?? name] ?? null
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value !== 'object') return typeof value === 'string' ? value.toWellFormed() : String(value)
  return spec.type === 'scale'
    ? String(value.scale)
    : decimalText(value.mantissa * 10n ** BigInt(18 - value.scale), 18)
}

/** The contract's order in the plainest way: every key as bytes or number, ties by arrival. */
export function plainlySorted(table: TableContract, rows: readonly PlainRow[]): PlainRow[] {
  return rows.toSorted((a, b) => {
    for (const name of table.sort) {
      const difference = comparePlain(a[name] ?? null, b[name] ?? null)
      if (difference !== 0) return difference
    }
    return 0
  })
}

function comparePlain(a: PlainValue, b: PlainValue): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1)
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  return (a as number) - (b as number)
}

const texts = [
  '',
  'BTCUSDT',
  'btc-usdt',
  '测试USDT',
  'ﬀ is U+FB00, below all of U+10000',
  '😀 is above U+FB00',
  '__proto__',
  'constructor',
  'a text that is much longer than sixteen code points',
  '\u0000 \n \u202e',
  '\u{10ffff}'.repeat(20),
]

function randomValue(type: ColumnSpec['type'], isSorted: boolean, next: () => number): PlainValue {
  const below = (limit: number) => Math.floor(next() * limit)
  switch (type) {
    case 'name':
      return texts[below(texts.length)] as string
    case 'text':
      return next() < 0.5 ? String(below(2 ** 40)) : (texts[below(texts.length)] as string)
    case 'boolean':
      return next() < 0.5
    case 'bytes':
      return Uint8Array.from({ length: below(40) }, () => below(256))
    case 'int':
      return next() < 0.1 ? [-(2 ** 31), 2 ** 31 - 1][below(2)]! : below(2_000) - 1_000
    case 'long':
    case 'timestamp':
      // Few values where rows are sorted by it, so that ties come up.
      if (isSorted) return below(5) * 1_000_003 - 2_000_000
      return next() < 0.1 ? [-(2 ** 53), 2 ** 53, 0, -1, 2 ** 32][below(5)]! : below(2 ** 53) - 2 ** 52
    case 'decimal':
      return randomDecimal(next)
    case 'scale':
      return null
  }
}

function randomDecimal(next: () => number): PlainDecimal {
  const scale = Math.floor(next() * 19)
  const sign = next() < 0.5 ? -1n : 1n
  if (next() < 0.1) return { mantissa: 0n, scale }
  if (next() < 0.7)
    return { mantissa: sign * BigInt(Math.floor(next() * 10 ** (1 + Math.floor(next() * 14)))), scale }
  let digits = ''
  while (digits.length < 20 + scale) digits += Math.floor(next() * 10)
  return { mantissa: sign * BigInt(digits), scale }
}

function setValue(column: Column, row: number, value: PlainValue, names: StringTable): void {
  if (column instanceof NameColumn) column.values[row] = value === null ? -1 : names.idOf(value as string)
  else if (column instanceof TextColumn) column.values[row] = value as string | null
  else if (column instanceof BytesColumn) column.values[row] = value as Uint8Array | null
  else if (column instanceof BooleanColumn) column.values[row] = value === null ? 2 : value === true ? 1 : 0
  else if (column instanceof LongColumn) column.values[row] = value === null ? Number.NaN : (value as number)
  else if (value === null) (column as DecimalColumn).setNull(row)
  else (column as DecimalColumn).set(row, (value as PlainDecimal).mantissa, (value as PlainDecimal).scale)
}
