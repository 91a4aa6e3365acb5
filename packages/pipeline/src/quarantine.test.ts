import type { EpochWriterStatus, Fence } from '@cryptoflow/commit'
import type { ControlEntry } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { confirmIdentity, type IdentityParts } from './quarantine.ts'

const now = { boot: 'b2', host: 'h', disk: 'd' }
const before = { boot: 'b1', host: 'h', disk: 'd' }

interface Found {
  readonly isMoved?: boolean
  readonly journalTo?: number | null
  /** What the look at the ledger, and the sending of sealed requests, find. */
  readonly fenced?: Fence
  readonly fencedBySending?: Fence
  readonly trouble?: string
}

/** A journal of which 100 records were sealed, and everything that was done with it. */
function journal({ isMoved = false, journalTo = 120, fenced, fencedBySending, trouble }: Found) {
  const done: string[] = []
  const entries: ControlEntry[] = []
  const lastSealed = { epoch: 7, to: 100, image: 'i' }
  const state = { fenced: fenced ?? null, lastSealed, trouble: trouble ?? null } as EpochWriterStatus
  const parts: IdentityParts = {
    directory: '/raw',
    journalTo,
    log: {
      opening: { isNew: false, isMoved, before, now },
      append: async (entry) => void entries.push(entry),
      confirmHome: async () => void done.push('confirm'),
    },
    writer: {
      resume: async () => ({ lastSealed }),
      async settle() {
        done.push('settle')
        Object.assign(state, { fenced: fencedBySending ?? fenced ?? null })
        return []
      },
      state,
    },
  }
  return { parts, done, entries }
}

const fence: Fence = {
  epoch: 8,
  reason: 'slot 8 holds a request that this journal never sealed',
  settled: true,
}

describe('a journal at its start', () => {
  it('is used on where it was, and where its ledger knows of nobody else', async () => {
    const home = journal({})
    expect(await confirmIdentity(home.parts)).toBe(null)
    expect(home.done).toEqual(['confirm'])
    const moved = journal({ isMoved: true })
    expect(await confirmIdentity(moved.parts)).toEqual({ before, now })
    expect(moved.done).toEqual(['settle', 'confirm'])
  })

  it('is refused when somebody else used its id, and says what was found and what to do', async () => {
    for (const found of [{ fenced: fence }, { isMoved: true, fencedBySending: fence }]) {
      const { parts, done } = journal(found)
      await expect(confirmIdentity(parts)).rejects.toMatchObject({
        message: expect.stringContaining('rename the directory'),
        kind: 'ledger',
        reaction: 'stop',
        context: { found: fence.reason, directory: '/raw', recordsInTables: 100 },
      })
      expect(done).not.toContain('confirm')
    }
  })

  it('waits for its ledger after it was moved, and only then', async () => {
    const moved = journal({ isMoved: true, trouble: 'the ledger is away' })
    await expect(confirmIdentity(moved.parts)).rejects.toMatchObject({ kind: 'ledger', reaction: 'retry' })
    expect(moved.done).not.toContain('confirm')
    expect(await confirmIdentity(journal({ trouble: 'the ledger is away' }).parts)).toBe(null)
  })

  it('is fenced for good when it ends before what was sealed from it, whatever is appended later', async () => {
    const short = journal({ journalTo: 99 })
    await expect(confirmIdentity(short.parts)).rejects.toMatchObject({ kind: 'disk', reaction: 'stop' })
    const reason = 'the journal ends at record 99, and 100 was sealed'
    expect(short.entries).toEqual([{ kind: 'fenced', epoch: 8, reason }])
    expect(await confirmIdentity(journal({ journalTo: 100 }).parts)).toBe(null)
    expect(await confirmIdentity(journal({ journalTo: null }).parts)).toBe(null)
  })
})
