import type { JournalBlock, JournalRecord } from '@cryptoflow/model'
import { type Chance, CryptoFlowError, manualClock } from '@cryptoflow/runtime'
import { readRecords } from '../block.ts'
import type { BlockFeed } from '../feed.ts'
import type { Journal } from '../journal.ts'
import type { JournalOptions } from '../journal-options.ts'
import { openJournal } from '../opening.ts'
import { type JournalReader, openJournalReader } from '../reader.ts'
import type { MemoryDisk } from './memory-disk.ts'

export const DIRECTORY = '/journal'

/** A journal on a disk in memory; its clock stands still, so writes begin when asked for. No reserve; a full disk is borne. */
export function openOn(disk: MemoryDisk, options: Partial<JournalOptions> = {}): Promise<Journal> {
  const clock = manualClock()
  const onFull = () => {}
  return openJournal({
    directory: DIRECTORY,
    clock,
    version: 'test',
    disk,
    reserveBytes: 0,
    onFull,
    ...options,
  })
}

export function readOn(disk: MemoryDisk): Promise<JournalReader> {
  return openJournalReader(DIRECTORY, disk)
}

/** A copy that stays. */
export function copyOf(record: JournalRecord): JournalRecord {
  return { ...record, payload: new Uint8Array(record.payload) }
}

export function recordsOf(block: JournalBlock): JournalRecord[] {
  return Array.from(readRecords(block), copyOf)
}

export async function collect(blocks: AsyncIterable<JournalBlock>): Promise<JournalRecord[]> {
  const records: JournalRecord[] = []
  for await (const block of blocks) records.push(...recordsOf(block))
  return records
}

/** Everything an iteration gives. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** All a feed gives up to a record. */
export async function drain(feed: BlockFeed, last: number): Promise<JournalRecord[]> {
  const records: JournalRecord[] = []
  while (feed.cursor <= last) {
    const block = await feed.next()
    if (block === null) break
    records.push(...recordsOf(block))
  }
  return records
}

/** Bytes of any value, mark bytes among them, of 0 to `max` bytes. */
export function randomPayload(chance: Chance, max: number): Uint8Array {
  const isBinary = chance.hits(0.3)
  return Uint8Array.from({ length: chance.below(max + 1) }, () =>
    isBinary && chance.hits(0.5) ? 0xff : chance.below(256),
  )
}

/** The CryptoFlowError that a promise ends in. */
export async function failureOf(promise: Promise<unknown>): Promise<CryptoFlowError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CryptoFlowError) return error
    throw error
  }
  throw new Error('expected a CryptoFlowError, found none')
}
