import type { ColumnSpec, TableContract } from '@cryptoflow/model'
import type { Duck } from '@cryptoflow/reader'

/** Where the stored rows of a table first differ from the derived ones, in the order of records. */
export interface Difference {
  readonly exchange: string
  readonly market: string
  readonly symbol: string
  readonly frame: number
  /** Null: the whole row is on one side alone. */
  readonly column: string | null
  /** The value, or the whole row as text; null: null, or no such row. Exactly as written in the file. */
  readonly stored: string | null
  readonly derived: string | null
}

/** A row as texts, by column. */
type TextRow = Readonly<Record<string, string | null>>

/** Rows of one frame and key that are compared with each other. */
const ROWS_MAX = 500

/** The first row of `stored` or `derived`, views of a table with other content, that the other does not have. */
export async function firstDifference(duck: Duck, contract: TableContract): Promise<Difference | null> {
  await duck.run(`CREATE OR REPLACE TEMP TABLE only_stored AS FROM stored EXCEPT ALL FROM derived`)
  await duck.run(`CREATE OR REPLACE TEMP TABLE only_derived AS FROM derived EXCEPT ALL FROM stored`)
  const [first] = await duck.rawRows(
    `SELECT frame, exchange, market, symbol FROM (FROM only_stored UNION ALL FROM only_derived)
     ORDER BY ALL LIMIT 1`,
  )
  if (first === undefined) return null
  const columns = Object.entries(contract.columns).map(([name, { type }]) => asText(name, type))
  const rowsOf = (side: string): Promise<TextRow[]> =>
    duck.objects<TextRow>(`
      WITH first AS (SELECT frame, exchange, market, symbol
        FROM (FROM only_stored UNION ALL FROM only_derived) ORDER BY ALL LIMIT 1)
      SELECT ${columns.join(', ')} FROM ${side} SEMI JOIN first USING (frame, exchange, market, symbol)
      ORDER BY ALL LIMIT ${ROWS_MAX}`)
  const stored = await rowsOf('only_stored')
  const derived = await rowsOf('only_derived')
  const [frame, exchange, market, symbol] = first
  const key = { exchange: `${exchange}`, market: `${market}`, symbol: `${symbol}`, frame: Number(frame) }
  return { ...key, ...closest(stored, derived, Object.keys(contract.columns)) }
}

/** Of two rows that are most alike, the first column in which they differ. */
function closest(
  stored: readonly TextRow[],
  derived: readonly TextRow[],
  columns: readonly string[],
): Pick<Difference, 'column' | 'stored' | 'derived'> {
  const [one] = stored
  if (one === undefined) return { column: null, stored: null, derived: JSON.stringify(derived[0]) }
  const alike = (other: TextRow): number => columns.filter((name) => one[name] === other[name]).length
  const [other] = derived.toSorted((a, b) => alike(b) - alike(a))
  const column = columns.find((name) => one[name] !== other?.[name])
  if (other === undefined || column === undefined)
    return { column: null, stored: JSON.stringify(one), derived: null }
  return { column, stored: one[column] ?? null, derived: other[column] ?? null }
}

function asText(name: string, type: ColumnSpec['type']): string {
  return type === 'bytes' ? `hex("${name}") AS "${name}"` : `"${name}"::VARCHAR AS "${name}"`
}
