import { ticks } from '@cryptoflow/model'
import { expect, it, vi } from 'vitest'
import { bufferOf, randomRows } from './random-rows.ts'
import { resealFiles } from './reseal.ts'
import { sealRows } from './seal.ts'

let isLossy = false

// An encoder that loses the first row of every row group.
vi.mock('./file-writer.ts', async (original) => {
  const real = await original<typeof import('./file-writer.ts')>()
  const lossy: typeof real.openFileSequence = (...of) => {
    const sequence = real.openFileSequence(...of)
    return { ...sequence, add: (buffer, rows) => sequence.add(buffer, isLossy ? rows.subarray(1) : rows) }
  }
  return { ...real, openFileSequence: lossy }
})

it('makes no file, and leaves every source, when what was written is not what was to be written', () => {
  const options = { compression: 'zstd' } as const
  const sources = [11, 21].map(
    (count) => sealRows(bufferOf(ticks, randomRows(ticks, count, count)), options)[0]!.bytes,
  )
  isLossy = true
  const { files, refused } = resealFiles(ticks, sources, options)
  expect(files).toEqual([])
  expect([...refused]).toEqual([
    [0, 'wrote 32 rows, read 31'],
    [1, 'wrote 32 rows, read 31'],
  ])
})
