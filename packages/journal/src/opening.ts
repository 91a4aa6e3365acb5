import { join } from 'node:path'
import { encodeNote, RecordKind } from '@cryptoflow/model'
import { type Clock, CryptoFlowError } from '@cryptoflow/runtime'
import { reserveBallast } from './ballast.ts'
import { confirmNames, type Disk, damageError, ensureDirectory, fullError, isDiskFull } from './disk.ts'
import { makeIdentity, readIdentity } from './identity.ts'
import { Journal } from './journal.ts'
import { type JournalOptions, type JournalSettings, journalDefaults } from './journal-options.ts'
import { recover } from './recovery.ts'
import { dropCutSegments, listSegments, segmentsDirectory } from './segment-files.ts'

/**
 * Opens a journal for writing: locks its directory, makes or reads its identity, finds the end, cuts a torn tail,
 * reserves space for a full disk, and appends a start record, which is durable when this returns.
 *
 * A disk that is full already opens a journal that is full, if the owner has `onFull` and the reserve has room for the
 * start record: what is in it can be sealed and released. Throws a CryptoFlowError when another process holds it or a newer version wrote
 * it (`usage`), when its bytes are damaged or the disk fails (`disk`), and when there is no room (`disk`, `retry`).
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const settings: JournalSettings = { ...journalDefaults, ...options }
  const { directory, disk, clock } = settings
  await ensureDirectory(disk, segmentsDirectory(directory))
  await confirmNames(disk, directory)
  const unlock = disk.lock(join(directory, 'lock.db'))
  let journal: Journal | null = null
  try {
    const journalId = await identify(disk, directory, clock)
    const files = { disk, directory, journalId }
    const found = await recover(files, { repair: true, verifyFrom: settings.verifyFrom })
    await dropCutSegments(files)
    const reserve = await reserveBallast(directory, settings.reserveBytes, disk)
    journal = new Journal(settings, files, { recovered: found, reserve, unlock })
    const { version, stored, operators, images } = settings
    const told = {
      ...(stored === undefined ? {} : { stored }),
      ...(operators === undefined ? {} : { operators }),
      ...(images === undefined ? {} : { images }),
    }
    const note = { lastRecord: found.lastRecord, clean: found.clean, version, ...told }
    journal.append(RecordKind.start, 0, clock.nowUs(), encodeNote(note))
    await journal.flush()
    return journal
  } catch (error) {
    await journal?.close().catch(() => {})
    unlock()
    const isPlain = isDiskFull(error) && !(error instanceof CryptoFlowError)
    throw isPlain ? fullError('opening the journal found the disk full', { directory }, error) : error
  }
}

async function identify(disk: Disk, directory: string, clock: Clock): Promise<string> {
  const id = await readIdentity(disk, directory)
  if (id !== null) return id
  if ((await listSegments(disk, directory)).length > 0) {
    throw damageError('opening the journal found segments without an identity', { directory })
  }
  return makeIdentity(disk, directory, clock)
}
