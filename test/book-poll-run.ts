import { join } from 'node:path'
import { runJson } from './support.ts'

/** Rows of books that were asked for by REST, by what must be the same in all of one symbol. */
export interface PolledBooks {
  readonly exchange: string
  readonly market: string
  readonly symbol: string
  readonly source: string
  readonly book_state: string
  /** Of the deepest image. */
  readonly depth: number
}

/** The polled books in the warehouse of a run's folder. */
export function polledBooks(folder: string): Promise<PolledBooks[]> {
  const keys = 'exchange, market, symbol, source, book_state'
  const images = ['spot_ob', 'futures_ob'].map((table) => `SELECT * FROM ${table} WHERE kind = 'rest'`)
  return queried(
    folder,
    `SELECT ${keys}, max(depth)::int AS depth FROM (${images.join(' UNION ALL ')}) GROUP BY ALL ORDER BY ALL`,
  )
}

/** Rows of a query of the warehouse of a run's folder. */
export function queried<T>(folder: string, sql: string): Promise<T[]> {
  return runJson<T[]>('query', sql, '--warehouse', join(folder, 'warehouse'), '--format', 'json')
}
