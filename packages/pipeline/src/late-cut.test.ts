import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournal } from '@cryptoflow/journal'
import { type JournalBlock, RecordKind } from '@cryptoflow/model'
import { manualClock } from '@cryptoflow/runtime'
import { afterAll, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import { type Parts, pump } from './collecting.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-late-cut-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SEAL_EVERY_MS = 30_000

it('what waits is cut on time, also when no further block comes', async () => {
  const clock = manualClock()
  const journal = await openJournal({ directory: folder, clock, version: 'test', reserveBytes: 0 })
  const feed = journal.feed(1)
  const sealed: number[] = []
  let rowsWaiting = 0
  let read = 0
  const lane = {
    async accept({ first, last }: JournalBlock) {
      rowsWaiting += last - first + 1
      read = last
      return { rowsWaiting, lastRecord: last, lastReceivedUs: 0, wanted: [], measures: {} }
    },
    outstanding: async () => [],
  }
  const seal = {
    async now() {
      sealed.push(rowsWaiting)
      rowsWaiting = 0
    },
  }
  const options = { clock, sealRows: 1e9, sealEveryMs: SEAL_EVERY_MS }
  const parts = { options, journal, feed, lane, seal, board: openBoard() } as unknown as Parts
  const over = pump(parts, { want: () => {}, heard: () => {} })
  journal.append(RecordKind.frame, 0, clock.nowUs(), new Uint8Array(3))
  await journal.flush()
  await settled(() => read === 2)
  clock.advance(SEAL_EVERY_MS - 1)
  await settled(() => true)
  expect(sealed).toEqual([])
  clock.advance(1)
  await settled(() => sealed.length > 0)
  expect(sealed).toEqual([2])
  // Nothing waits: nothing is cut.
  clock.advance(2 * SEAL_EVERY_MS)
  await settled(() => true)
  expect(sealed).toEqual([2])
  await journal.finish()
  await over
  await journal.close()
})

/** Lets everything run that can, until this is so; a test that waits in vain is ended by its time. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20 || !isSo(); turn++) await new Promise((resolve) => setImmediate(resolve))
}
