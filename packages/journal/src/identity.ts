import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, ulid } from '@cryptoflow/runtime'
import { type Disk, damageError, nodeDisk, usageError, writeWhole } from './disk.ts'

/** Newest layout of a journal directory that this code reads; it writes no other. */
export const JOURNAL_FORMAT = 1

const idShape = /^[0-9A-HJKMNP-TV-Z]{26}$/

/**
 * Identity of the journal in a directory, null when there is none. It is the writer id of exactly-once R3: made
 * once with the journal, it lives and dies with its disk.
 *
 * Throws a CryptoFlowError when a newer version wrote it (`usage`) or it cannot be read (`disk`).
 */
export async function readIdentity(disk: Disk, directory: string): Promise<string | null> {
  const bytes = await disk.readWhole(identityPath(directory))
  if (bytes === null) return null
  const identity = parse(bytes)
  if (identity === null) throw damageError('reading the identity found no identity', { directory })
  if (identity.format > JOURNAL_FORMAT) {
    throw usageError(
      `opening the journal found format ${identity.format}, expected at most ${JOURNAL_FORMAT}: a newer version wrote it`,
      { directory, format: identity.format },
    )
  }
  if (!idShape.test(identity.id)) throw damageError('reading the identity found no ULID', { directory })
  return identity.id
}

/** The id of the journal in a directory of this machine, as `readIdentity` tells it. */
export function journalId(directory: string): Promise<string | null> {
  return readIdentity(nodeDisk, directory)
}

/** Whether a directory is a journal's, whoever wrote it. */
export function isJournal(directory: string): boolean {
  return existsSync(identityPath(directory))
}

/** Makes the identity of a new journal, durable when this returns. */
export async function makeIdentity(disk: Disk, directory: string, clock: Clock): Promise<string> {
  const id = ulid(clock.nowUs())
  const text = `${JSON.stringify({ format: JOURNAL_FORMAT, id })}\n`
  await writeWhole(disk, identityPath(directory), new TextEncoder().encode(text))
  return id
}

function identityPath(directory: string): string {
  return join(directory, 'identity.json')
}

/** Format and id as they stand there; a newer format may keep its id elsewhere, so only format 1 must have one. */
function parse(bytes: Uint8Array): { format: number; id: string } | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value !== 'object' || value === null || !('format' in value)) return null
    const { format } = value
    if (typeof format !== 'number' || !Number.isInteger(format) || format < 1) return null
    return { format, id: 'id' in value && typeof value.id === 'string' ? value.id : '' }
  } catch {
    return null
  }
}
