import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { exchangeMarkets } from '@cryptoflow/pipeline'
import { run } from './support.ts'

/** The folder of real captures; what is not there is said loudly. */
export const folder = process.env.CRYPTOFLOW_CAPTURES ?? ''
export const areHere = folder !== '' && existsSync(join(folder, 'expect.json'))
if (!areHere) console.warn('SKIPPED: real captures; CRYPTOFLOW_CAPTURES does not lead to an expect.json')

export const captureNames: readonly string[] = areHere
  ? readdirSync(folder).filter((name) => name.endsWith('.jsonl.zst') && !name.includes('.expected.'))
  : []

export type Counts = Readonly<Record<string, number>>
export type Decoded = Readonly<Record<string, { readonly messages: number; readonly rows: number }>>
export type Verdict = 'decoded' | 'ignored' | 'refused' | 'dead_letter'

/** What is expected of a book; absent or null: it cannot be computed. */
export interface ExpectedBook {
  readonly applied: number
  readonly crossed: number
  readonly gaps?: number | null
  readonly snapshots?: number
  /** Of books that begin with a snapshot by REST. */
  readonly bridges?: number
  readonly bbo_points?: number
  readonly bbo_equal?: number
  readonly crc_checked?: number
  readonly crc_ok?: number
  readonly levels_at_end?: readonly [bids: number, asks: number]
}

interface ExpectedSession {
  readonly conn: string
  readonly exchange: string
  readonly in_scope: boolean
  readonly book?: Readonly<Record<string, ExpectedBook | null>>
}

export interface ExpectedRecord {
  readonly i: number
  readonly exchange?: string
  readonly verdict: Verdict
  readonly rows?: Counts
}

export interface ExpectedFile {
  readonly file: string
  readonly messages: number
  readonly decoded_messages: number
  readonly decoded: Decoded
  readonly ignored: Counts
  readonly refused: Counts
  readonly sessions: readonly ExpectedSession[]
  readonly records?: readonly ExpectedRecord[]
}

/** What another program counted, for every capture. */
export function expectations(): readonly ExpectedFile[] {
  const text = readFileSync(join(folder, 'expect.json'), 'utf8')
  return (JSON.parse(text) as { readonly files: readonly ExpectedFile[] }).files
}

const known = new Set(exchangeMarkets.map(({ exchange }) => exchange))

/** Whether an adapter of the exchange is registered. */
export function isKnown(exchange: string | undefined): boolean {
  return exchange !== undefined && known.has(exchange)
}

/** Exchanges in a capture that are ours to read and that no adapter reads yet. */
export function unknownExchanges({ sessions }: ExpectedFile): readonly string[] {
  const ours = sessions.filter(({ in_scope, exchange }) => in_scope && !isKnown(exchange))
  return [...new Set(ours.map(({ exchange }) => exchange))]
}

/** A line of a capture, as its recorder stored it. */
export interface WireLine {
  readonly exchange: string
  readonly market: string
  readonly conn: string
  readonly url: string | null
  readonly raw: string
}

export function captureLines(name: string): readonly WireLine[] {
  const text = zstdDecompressSync(readFileSync(join(folder, name))).toString('utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as WireLine)
}

export function total(counts: Counts | undefined): number {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0)
}

/** Rows of a query over a warehouse, each as its line of CSV, sorted. */
export async function stored(warehouse: string, sql: string): Promise<string[]> {
  const args = ['--warehouse', warehouse, '--format', 'csv', '--limit', '1000000']
  const { code, stdout, stderr } = await run('query', sql, ...args)
  if (code !== 0) throw new Error(`the query ended with ${code}: ${stderr}`)
  return stdout.trim().split(/\r?\n/).slice(1).sort()
}
