import type { StringTable } from '@cryptoflow/model'
import type { BookLabel } from './row-types.ts'
import type { TimeSource } from './stamps.ts'

const WORDS = [
  'engine',
  'sent',
  'received',
  'ws',
  'rest',
  'derived',
  'bid',
  'ask',
  'buy',
  'sell',
  'long',
  'short',
  'trade',
  'aggregate',
  'block',
  'waiting',
  'live',
  'stale',
  'resync',
  'checkpoint',
  'partial',
  'open',
  'closed',
] as const
type Word = (typeof WORDS)[number]

/** Whom a row comes from. */
export type RowSource = 'ws' | 'rest' | 'derived'

/** Ids of the words that rows say, and of the journal that they come from. */
export type RowIds = Readonly<Record<Word | 'writer', number>>

/** `names` must be the table that batches and row buffers use. */
export function rowIds(names: StringTable, writer: string): RowIds {
  const ids = Object.fromEntries(WORDS.map((word) => [word, nameId(names, word)])) as Record<Word, number>
  return { ...ids, writer: nameId(names, writer) }
}

/** Written out: an index by a word that changes from row to row is looked up anew each time. */
export function sourceId(ids: RowIds, source: RowSource): number {
  return source === 'ws' ? ids.ws : source === 'rest' ? ids.rest : ids.derived
}

/** Likewise. */
export function timeSourceId(ids: RowIds, source: TimeSource): number {
  return source === 'engine' ? ids.engine : source === 'sent' ? ids.sent : ids.received
}

/** Likewise. */
export function labelId(ids: RowIds, label: BookLabel): number {
  if (label === 'live') return ids.live
  if (label === 'waiting') return ids.waiting
  return label === 'stale' ? ids.stale : ids.resync
}

/**
 * The id of a word that must go into a row.
 *
 * Names from the wire can fill the table; a word that finds no place is then stored as the empty text rather than
 * stopping the process. The empty text itself is interned when the normalizer is made.
 */
export function nameId(names: StringTable, text: string): number {
  const id = names.idOf(text)
  return id >= 0 ? id : names.idOf('')
}
