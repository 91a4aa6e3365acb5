import { columns, grouped } from '@cryptoflow/console'
import type { TableFiles } from '@cryptoflow/reader'
import { runQuery } from './inspect/query.ts'

/** What is stored of one exchange, in rows. */
export interface ExchangeReport {
  readonly exchange: string
  readonly symbols: number
  readonly trades: number
  readonly book: number
  readonly images: number
  readonly other: number
  readonly gaps: number
}

const kinds = {
  trades: ['ticks'],
  book: ['spot_delta', 'futures_delta'],
  images: ['spot_ob', 'futures_ob'],
  other: ['bbo', 'liquidations', 'funding', 'open_interest', 'instruments'],
  gaps: ['gaps'],
} as const

const all = Object.entries(kinds).flatMap(([kind, tables]) =>
  tables.map((table) => `SELECT exchange, market, symbol, '${kind}' AS kind FROM ${table}`),
)
const counts = Object.keys(kinds).map((kind) => `count(*) FILTER (kind = '${kind}') AS ${kind}`)
const REPORT = `SELECT exchange, count(DISTINCT (market, symbol)) AS symbols, ${counts.join(', ')}
  FROM (${all.join(' UNION ALL ')}) GROUP BY exchange ORDER BY exchange`

/** How many exchanges a report has at most. */
const EXCHANGES_MAX = 100

export async function exchangeReport(files: TableFiles, warehouse: string): Promise<ExchangeReport[]> {
  const { rows } = await runQuery({ files, warehouse, sql: REPORT, limit: EXCHANGES_MAX })
  return rows.map(([exchange, ...numbers]) => {
    const [symbols, trades, book, images, other, gaps] = numbers.map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    return { exchange: String(exchange), symbols, trades, book, images, other, gaps }
  })
}

export function exchangesText(reports: readonly ExchangeReport[]): string {
  const head = ['exchange', 'symbols', 'trades', 'book levels', 'image levels', 'other rows', 'gaps']
  const rows = reports.map(({ exchange, ...numbers }) => [exchange, ...Object.values(numbers).map(grouped)])
  return columns([head, ...rows])
}
