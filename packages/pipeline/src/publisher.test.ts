import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import { openPublisher } from './publisher.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-publisher-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a publisher in the calling thread', () => {
  it('runs one round after the other, however many are asked for at once', async () => {
    const publisher = await openPublisher(
      {
        writer: 'journal-1',
        name: 'test',
        warehouseDirectory: folder,
        controlDirectory: join(folder, 'control'),
        board: openBoard().shared,
        drill: null,
      },
      0,
    )
    await publisher.resume(null)
    const rounds = await Promise.all([publisher.round(), publisher.round(), publisher.round()])
    expect(rounds.map(({ isSettled }) => isSettled)).toEqual([true, true, true])
    await publisher.close()
  })
})
