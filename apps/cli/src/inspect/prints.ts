import { type ColumnSpec, type TableContract, type TableName, tables } from '@cryptoflow/model'

/**
 * Fingerprints of events that become one row, made from the table's contract: every column of its own is in them,
 * on both sides in the same order and type, so a column that the contract gains is compared from then on.
 *
 * The log has texts of the wire (`values`, a map from column to text), the table has typed columns. Beside each value
 * that is read from text stands whether it is there at all: what cannot be read is not taken for absent.
 */

/** Tables whose events become one row each. */
export const singleRowTables = [
  'ticks',
  'bbo',
  'liquidations',
  'funding',
  'open_interest',
  'instruments',
] as const satisfies readonly TableName[]

/** Tables of book updates, one row per level. */
export const deltaTables = ['spot_delta', 'futures_delta'] as const satisfies readonly TableName[]

/** Tables of book images, one row per level. */
export const imageTables = ['spot_ob', 'futures_ob'] as const satisfies readonly TableName[]

/** Columns that the heading or the key compares, not the values. */
const ELSEWHERE = new Set(['quantity_unit', 'last_seq'])

/** Long texts that no example shows. */
const NOT_SHOWN = new Set(['raw'])

const contractOf = (table: TableName): TableContract => tables[table]

/** What every table begins with: the key is compared as such, times and source in the heading. */
const COMMON = new Set([
  'exchange',
  'market',
  'symbol',
  'instrument',
  'event_ts',
  'event_ts_source',
  'sent_ts',
  'received_ts',
  'source',
  'writer',
  'frame',
])

/** Columns that a table has beside the common ones. */
function ownColumns(table: TableName): [string, ColumnSpec][] {
  return Object.entries(contractOf(table).columns).filter(([name]) => !COMMON.has(name))
}

/** Whether a table says in which unit its quantities are. */
export const hasUnit = (table: TableName): boolean => 'quantity_unit' in contractOf(table).columns

/** The fingerprint of an emitted event, from the columns `heading` and `values`. */
export function emittedPrint(table: TableName): string {
  const known = ownColumns(table).filter(([, { type }]) => type !== 'scale')
  const names = known.map(([name]) => `'${name}'`).join(', ')
  const strange = `len(list_filter(map_keys("values"), lambda name: name NOT IN (${names})))::INTEGER`
  const { others, scaled, plain } = compared(table)
  // Reading a number is a long expression: in a lambda it stands once.
  const numbers = (texts: readonly string[], read: string): string =>
    texts.length === 0 ? 'NULL' : `list_transform([${texts.map(textOf).join(', ')}], lambda t: hash(${read}))`
  const parts = [
    ...others.map(([name, spec]) => emittedValue(name, spec)),
    numbers(scaled, 't IS NULL, exact(t), CASE WHEN t IS NOT NULL THEN written_scale(t) END::INTEGER'),
    numbers(plain, 't IS NULL, exact(t)'),
  ]
  return `hash(heading, ${[...parts, strange].join(', ')})`
}

/** The fingerprint of a stored row; `heading` is an expression. */
export function storedPrint(table: TableName, heading: string): string {
  const { others, scaled, plain } = compared(table)
  const numbers = (prints: readonly string[]): string =>
    prints.length === 0 ? 'NULL' : `[${prints.join(', ')}]`
  const parts = [
    ...others.map(([name, spec]) => storedValue(`"${name}"`, spec)),
    numbers(scaled.map((name) => `hash("${name}" IS NULL, "${name}", "${name}_scale"::INTEGER)`)),
    numbers(plain.map((name) => `hash("${name}" IS NULL, "${name}")`)),
  ]
  return `hash(${heading}, ${[...parts, '0::INTEGER'].join(', ')})`
}

/** The values of an emitted event for people. */
export const emittedShown = (table: TableName): string => shown(table, textOf)

/** The values of a stored row for people. */
export const storedShown = (table: TableName): string => shown(table, (name) => `"${name}"`)

/** A table's columns as they are compared: numbers with their written scale, numbers without one, all others. */
function compared(table: TableName) {
  const columns = ownColumns(table).filter(([name]) => !ELSEWHERE.has(name))
  const decimals = columns.filter(([, { type }]) => type === 'decimal').map(([name]) => name)
  const scales = new Set(columns.filter(([, { type }]) => type === 'scale').map(([name]) => name))
  return {
    others: columns.filter(([, { type }]) => type !== 'decimal' && type !== 'scale'),
    scaled: decimals.filter((name) => scales.has(`${name}_scale`)),
    plain: decimals.filter((name) => !scales.has(`${name}_scale`)),
  }
}

const textOf = (name: string): string => `"values"['${name}']`

function shown(table: TableName, value: (name: string) => string): string {
  const parts = ownColumns(table)
    .filter(([name, { type }]) => type !== 'scale' && !ELSEWHERE.has(name) && !NOT_SHOWN.has(name))
    .map(([name]) => `'${name}=' || ${value(name)}`)
  return `concat_ws(' ', ${parts.join(', ')})`
}

function emittedValue(name: string, { type }: ColumnSpec): string {
  const text = textOf(name)
  switch (type) {
    case 'int':
    case 'long':
    case 'timestamp':
      return `${text} IS NULL, TRY_CAST(${text} AS BIGINT)`
    case 'boolean':
      return `${text} IS NULL, CASE ${text} WHEN 'true' THEN true WHEN 'false' THEN false END`
    case 'bytes':
      return `encode(${text})`
    default:
      return text
  }
}

function storedValue(name: string, { type }: ColumnSpec): string {
  switch (type) {
    case 'int':
    case 'long':
      return `${name} IS NULL, ${name}::BIGINT`
    case 'timestamp':
      return `${name} IS NULL, epoch_us(${name})`
    case 'boolean':
      return `${name} IS NULL, ${name}`
    default:
      return name
  }
}
