import { resolve } from 'node:path'
import { isJournal } from '@cryptoflow/journal'
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
