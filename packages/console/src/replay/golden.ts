import { readFileSync, writeFileSync } from 'node:fs'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { Contents, TableContent } from './contents.ts'

/**
 * A golden file: what a replay must come to, for tests.
 *
 *     {"tables": {"ticks": {"rows": 12, "content_hash": "12-9b..."}}}
 *
 * It holds rows and hash of every table that has rows; the hash of a table covers all columns of all rows.
 */
export function writeGolden(path: string, contents: Contents): void {
  writeFileSync(path, `${JSON.stringify({ tables: contents }, null, 2)}\n`)
}

/** Throws `usage` when there is no such file, or it is none. */
export function readGolden(path: string): Contents {
  let found: unknown
  try {
    found = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw notGolden(path, cause)
  }
  const tables = isRecord(found) ? found.tables : undefined
  if (!isRecord(tables) || !Object.values(tables).every(isContent)) throw notGolden(path)
  return tables as Contents
}

function isContent(value: unknown): value is TableContent {
  return isRecord(value) && typeof value.rows === 'number' && typeof value.content_hash === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function notGolden(path: string, cause?: unknown): CryptoFlowError {
  return new CryptoFlowError(
    'reading the golden file: there is none, or it is no golden file; expected one that --write-golden wrote',
    { kind: 'usage', reaction: 'stop', context: { path }, ...(cause === undefined ? {} : { cause }) },
  )
}
