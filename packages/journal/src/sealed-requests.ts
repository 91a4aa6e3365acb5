import { join } from 'node:path'
import type { EpochRequest } from '@cryptoflow/model'
import { decodeLines } from './control-lines.ts'
import { type Disk, nodeDisk } from './disk.ts'

/**
 * The requests of a writer that are sealed and not released, as its control log tells somebody who looks beside it: their
 * files may be needed by nobody else yet. A seal that is being written counts as none. Throws a CryptoFlowError (`disk`)
 * for a damaged log: what it does not tell any more may be on its way.
 */
export async function readSealedRequests(
  directory: string,
  disk: Disk = nodeDisk,
): Promise<readonly EpochRequest[]> {
  const bytes = await disk.readWhole(join(directory, 'control.log'))
  if (bytes === null) return []
  const requests = new Map<number, EpochRequest>()
  for (const entry of decodeLines(bytes, directory).entries) {
    if (entry.kind === 'seal') requests.set(entry.epoch, entry.request)
    if (entry.kind === 'released') requests.delete(entry.epoch)
  }
  return [...requests.values()]
}
