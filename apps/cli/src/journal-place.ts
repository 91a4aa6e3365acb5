import { resolve } from 'node:path'
import { isJournal } from '@cryptoflow/journal'
import { journalHomes, warehouseAt } from '@cryptoflow/pipeline'
import { usage } from './text.ts'

/** The journal that a path means: the directory itself, or the one inside of a warehouse. */
export function journalAt(path: string): string {
  const inside = journalHomes(warehouseAt(path)).filter(isJournal)
  if (isJournal(resolve(path))) return resolve(path)
  const [only, ...others] = inside
  if (only !== undefined && others.length === 0) return only
  if (only !== undefined) {
    throw usage('opening a journal: the warehouse has several; name one of them', {
      found: inside.join(', '),
    })
  }
  throw usage('opening a journal: there is none; expected a warehouse that was collected into, or its raw/', {
    looked: `${resolve(path)}, ${warehouseAt(path).journalDirectory}`,
  })
}
