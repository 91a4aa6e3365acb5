import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import type { ControlEntry } from '@cryptoflow/model'
import { warehouseAt } from '@cryptoflow/pipeline'
import { usage } from './text.ts'

/** The journal that a path means: the directory itself, or the one inside of a warehouse. */
export function journalAt(path: string): string {
  const inside = warehouseAt(path).journalDirectory
  for (const directory of [resolve(path), inside]) if (isJournal(directory)) return directory
  throw usage('opening a journal: there is none; expected a warehouse that was collected into, or its raw/', {
    looked: `${resolve(path)}, ${inside}`,
  })
}

/** Whether a directory is a journal's. */
export function isJournal(directory: string): boolean {
  return existsSync(join(directory, 'identity.json'))
}

/** Hex digits of the checksum before a line's JSON, with the blank between. */
const LINE_HEAD = 9

/**
 * The last record whose rows are in the tables, by the journal's control log; 0 when none are. Only looks: a line that
 * is being written, or that is damaged, ends the reading, which makes the answer smaller and never larger.
 */
export function releasedTo(directory: string): number {
  const path = join(directory, 'control.log')
  if (!existsSync(path)) return 0
  const ends = new Map<number, number>()
  let released = 0
  let link = 0
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const json = line.slice(LINE_HEAD)
    link = crc32(json, link)
    if (Number.parseInt(line.slice(0, LINE_HEAD), 16) !== link) break
    const entry = JSON.parse(json) as ControlEntry
    if (entry.kind === 'seal') ends.set(entry.epoch, entry.to)
    if (entry.kind === 'released') released = Math.max(released, ends.get(entry.epoch) ?? 0)
  }
  return released
}
