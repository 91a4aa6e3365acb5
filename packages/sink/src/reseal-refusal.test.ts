import { ticks } from '@cryptoflow/model'
import { expect, it, vi } from 'vitest'
import { bufferOf, randomRows } from './random-rows.ts'
import { resealFiles } from './reseal.ts'
import { sealRows } from './seal.ts'

// An encoder that loses the last row of every file.
vi.mock('./seal.ts', async (original) => {
  const real = await original<typeof import('./seal.ts')>()
  const lossy: typeof real.sealRows = (buffer, options) =>
    real.sealRows({ ...buffer, count: buffer.count - 1 }, options)
  return { ...real, sealRows: lossy }
})

it('makes no file, and leaves every source, when what was written is not what was to be written', () => {
  const options = { compression: 'zstd' } as const
  const sources = [11, 21].map(
    (count) => sealRows(bufferOf(ticks, randomRows(ticks, count, count)), options)[0]!.bytes,
  )
  const { files, refused } = resealFiles(ticks, sources, options)
  expect(files).toEqual([])
  expect([...refused]).toEqual([
    [0, 'wrote 30 rows, read 29'],
    [1, 'wrote 30 rows, read 29'],
  ])
})
