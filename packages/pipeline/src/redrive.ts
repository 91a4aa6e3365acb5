import { type Journal, openJournal } from '@cryptoflow/journal'
import { assert, encodeRedrive, RecordKind } from '@cryptoflow/model'
import { imageDefaults } from '@cryptoflow/normalize'
import type { Clock } from '@cryptoflow/runtime'
import { openBoard } from './board.ts'
import { openLane } from './lane-host.ts'
import type { DeadLetter } from './letters.ts'
import { openPublisher, settle } from './publisher.ts'
import { sealer } from './sealer.ts'
import { VERSION } from './version.ts'
import { warehouseAt } from './warehouse.ts'

/** What was decided about a letter: which of its events become rows, and which are stored already. */
export interface Redriven {
  readonly letter: DeadLetter
  readonly store: readonly number[]
  readonly known: readonly number[]
  /** Our names of its symbols. */
  readonly instruments: Readonly<Record<string, string>>
}

export interface RedriveOptions {
  readonly warehouseDirectory: string
  readonly compression: 'zstd' | 'snappy'
  readonly clock: Clock
}

/**
 * A writer of its own, whose journal holds the dead letters that were read again and what was decided about each.
 *
 *     decide ──> record, durable ──> rows, SEAL ──> tables
 *
 * Who decides looks at the tables, so everything that was decided before must be in them: `openRedrive` brings there
 * what an earlier process left, and one process at a time may decide.
 */
export interface Redrive {
  readonly writer: string
  /** Decided letters become durable, then rows in the tables. Answers how many rows there are since the opening. */
  store(letters: readonly Redriven[]): Promise<number>
  close(): Promise<void>
}

/** Throws a CryptoFlowError: `usage` while another redrive of the warehouse runs, else as a collector's start does. */
export async function openRedrive(options: RedriveOptions): Promise<Redrive> {
  const { clock } = options
  const { redriveDirectory: directory } = warehouseAt(options.warehouseDirectory)
  const journal = await openJournal({
    directory,
    clock,
    version: VERSION,
    reserveBytes: 0,
    compression: 'zstd',
  })
  try {
    return await redriveFrom(journal, options)
  } catch (error) {
    await journal.close()
    throw error
  }
}

async function redriveFrom(
  journal: Journal,
  { warehouseDirectory, compression, clock }: RedriveOptions,
): Promise<Redrive> {
  const { id: writer, directory, startRecord } = journal
  const warehouse = warehouseAt(warehouseDirectory)
  const shared = { writer, warehouseDirectory: warehouse.directory, board: openBoard().shared, drill: null }
  const publisher = await openPublisher({ ...shared, name: 'redrive', controlDirectory: directory }, 0)
  const { last } = await publisher.resume(journal.recovered.lastRecord)
  const state = { imageDirectory: directory, image: last?.image ?? null }
  const lane = await openLane({ ...shared, ...state, images: imageDefaults, compression, isImport: false }, 0)
  const seal = sealer({ writer, lane, publisher, clock, onFailure: () => {} }, last)
  const feed = journal.feed((last?.to ?? 0) + 1)
  let rows = 0
  /** Reads what the journal holds up to a record into the tables. */
  const publish = async (to: number): Promise<void> => {
    while (feed.cursor <= to) {
      const block = await feed.next()
      assert(block !== null, 'the journal is open')
      rows = (await lane.accept(block)).rows
    }
    await seal.now()
    await seal.submitted()
    await settle(publisher)
  }
  await publish(startRecord)
  const before = rows
  return {
    writer,
    async store(letters) {
      let to = startRecord
      for (const one of letters) to = journal.append(RecordKind.redrive, 0, clock.nowUs(), payloadOf(one))
      await journal.flush()
      await publish(to)
      return rows - before
    },
    async close() {
      await feed.close()
      await Promise.allSettled([lane.close(), publisher.close()])
      await journal.close()
    },
  }
}

function payloadOf({ letter, ...decided }: Redriven): Uint8Array {
  const { raw, ...about } = letter
  return encodeRedrive({ ...about, ...decided }, raw)
}
