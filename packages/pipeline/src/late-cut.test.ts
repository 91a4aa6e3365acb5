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

/** A collecting process without its threads and sockets, that tells how many records each cut had. */
async function pumping(name: string, bounds: { readonly sealEveryMs: number; readonly sealBytes?: number }) {
  const clock = manualClock()
  const directory = join(folder, name)
  const journal = await openJournal({ directory, clock, version: 'test', reserveBytes: 0 })
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
  const options = { clock, sealRows: 1e9, ...bounds }
  const parts = { options, journal, feed, lane, seal, board: openBoard() } as unknown as Parts
  const over = pump(parts, { want: () => {}, heard: () => {} })
  return {
    clock,
    sealed,
    /** Hears a frame, and waits until it is read. */
    async hear(bytes: number): Promise<void> {
      const record = journal.append(RecordKind.frame, 0, clock.nowUs(), new Uint8Array(bytes))
      await journal.flush()
      await settled(() => read === record)
    },
    async end(): Promise<void> {
      await journal.finish()
      await over
      await journal.close()
    },
  }
}

it('what waits is cut on time, also when no further block comes', async () => {
  const { clock, sealed, hear, end } = await pumping('time', { sealEveryMs: SEAL_EVERY_MS })
  await hear(3)
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
  await end()
})

it('what waits is cut when the records that it comes from are large, however few they are', async () => {
  const { sealed, hear, end } = await pumping('bytes', { sealEveryMs: 1e9, sealBytes: 10_000 })
  await hear(9_000)
  await settled(() => true)
  expect(sealed).toEqual([])
  await hear(2_000)
  await settled(() => sealed.length > 0)
  await hear(9_000)
  await settled(() => true)
  expect(sealed).toEqual([3])
  await end()
})

/** Lets everything run that can, until this is so; a test that waits in vain is ended by its time. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20 || !isSo(); turn++) await new Promise((resolve) => setImmediate(resolve))
}
