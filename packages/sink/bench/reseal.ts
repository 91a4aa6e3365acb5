/**
 * Rows per second of compaction: 20 data files of 10,000 book updates become one, which is read again and compared.
 * Beside it `sealRows` of the same rows, in the same process: what the reading and the comparing cost.
 *
 * Run: `node packages/sink/bench/reseal.ts`
 */
import { createRowBuffer, type RowBuffer, spotDelta } from '@cryptoflow/model'
import { bookUpdates } from '../src/examples.ts'
import { resealFiles, sealRows } from '../src/index.ts'
import { unsealRows } from '../src/unseal.ts'

const FILES = 20
const ROWS = 10_000
const ROUNDS = 7
const ZSTD = { compression: 'zstd' } as const

const sources = Array.from({ length: FILES }, () => sealRows(bookUpdates(ROWS), ZSTD)[0]!.bytes)
const whole: number[] = []
const reading: number[] = []
const sealing: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  const buffer = createRowBuffer(spotDelta, bookUpdates(1).names) as RowBuffer
  reading.push(
    timed(() => {
      for (const source of sources) unsealRows(source, buffer)
    }),
  )
  sealing.push(timed(() => sealRows(buffer, ZSTD)))
  whole.push(timed(() => resealFiles(spotDelta, sources, ZSTD)))
}
report('resealFiles: read, sort, encode, read again, compare', median(whole))
report('  of it: read the sources', median(reading))
report('sealRows of the same rows', median(sealing))
process.stdout.write(`resealFiles / sealRows: ${(median(whole) / median(sealing)).toFixed(1)}x\n`)

function report(name: string, ms: number): void {
  const rate = ((FILES * ROWS) / ms / 1000).toFixed(2)
  process.stdout.write(`${name.padEnd(54)} ${ms.toFixed(0).padStart(6)} ms  ${rate} M rows/s\n`)
}

function timed(work: () => void): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
