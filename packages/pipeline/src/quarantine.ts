import type { EpochWriter } from '@cryptoflow/commit'
import type { ControlLog, Home } from '@cryptoflow/journal'
import { CryptoFlowError } from '@cryptoflow/runtime'

/** Where a journal was used last and where it is used now, when these differ (K15). `before` is null when nobody noted it. */
export interface Moved {
  readonly before: Home | null
  readonly now: Home
}

export interface IdentityParts {
  readonly directory: string
  readonly log: Pick<ControlLog, 'opening' | 'append' | 'confirmHome'>
  readonly writer: Pick<EpochWriter, 'resume' | 'settle' | 'state'>
  /** Last record that the journal had before this process; null where nothing is appended to it (a replay). */
  readonly journalTo: number | null
}

/**
 * Whether a journal may still be written under its id: nobody else filled its slots in the ledger, and it holds all
 * that was sealed from it. After a move the ledger must have answered that before anything is received. What is
 * found against it is durable (FENCED), so that no later start overlooks it. Throws `ledger` or `disk`, `stop`;
 * `ledger`, `retry` where a moved journal's ledger cannot be asked.
 */
export async function confirmIdentity(parts: IdentityParts): Promise<Moved | null> {
  const { directory, log, writer, journalTo } = parts
  const { lastSealed } = await writer.resume()
  refuseFenced(parts)
  if (journalTo !== null && lastSealed !== null && journalTo < lastSealed.to) {
    const reason = `the journal ends at record ${journalTo}, and ${lastSealed.to} was sealed`
    await log.append({ kind: 'fenced', epoch: lastSealed.epoch + 1, reason })
    throw refusal('disk', directory, reason)
  }
  const { isMoved, before, now } = log.opening
  // Sealed requests that wait for their slot are what a copy may have sent already.
  if (isMoved) await writer.settle()
  refuseFenced(parts)
  const { trouble } = writer.state
  if (isMoved && trouble !== null) {
    throw new CryptoFlowError(
      'opening the journal: it was moved, and its ledger cannot be asked whether a copy of it was used meanwhile. ' +
        'Nothing is received before it answers',
      { kind: 'ledger', reaction: 'retry', context: { directory, before, now, found: trouble } },
    )
  }
  await log.confirmHome()
  return isMoved ? { before, now } : null
}

/** R12: stop intake under this id; nothing is overwritten or taken for done. */
export function refuseFenced({ directory, writer }: Pick<IdentityParts, 'directory' | 'writer'>): void {
  const { fenced, lastSealed } = writer.state
  if (fenced === null) return
  throw refusal('ledger', directory, fenced.reason, lastSealed?.to ?? 0)
}

function refusal(
  kind: 'disk' | 'ledger',
  directory: string,
  found: string,
  inTables: number | null = null,
): CryptoFlowError {
  const message =
    'using the journal: it may not be written any more under its id: a copy of it was used, it is an older copy, or ' +
    'the disk lost synced data. Nothing was overwritten, and all of it stays readable. To go on in this warehouse, ' +
    'rename the directory and start again: a journal with a new id begins there'
  const context = { found, directory, ...(inTables === null ? {} : { recordsInTables: inTables }) }
  return new CryptoFlowError(message, { kind, reaction: 'stop', context })
}
