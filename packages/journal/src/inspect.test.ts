import { RecordKind } from '@cryptoflow/model'
import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { Disk } from './disk.ts'
import { catJournal, listJournal, type VerifyProgress, verifyJournal } from './inspect.ts'
import { openJournalReader } from './reader.ts'
import { collect, DIRECTORY, failureOf, listOf, openOn, readOn } from './testing/journals.ts'
import { memoryDisk } from './testing/memory-disk.ts'

const startUs = 2_000_000_000_000_000
const bytes = (text: string) => new TextEncoder().encode(text)

/** Two connections with three frames each, three segments of two records behind a start. */
async function build(compression: 'none' | 'zstd') {
  const disk = memoryDisk()
  const clock = manualClock(startUs)
  const journal = await openOn(disk, { clock, compression, segmentBytes: 200 })
  const append = (kind: RecordKind, connection: number, text: string) => {
    clock.advance(1)
    return journal.append(kind, connection, clock.nowUs(), bytes(text))
  }
  const one = append(RecordKind.connect, 0, 'open one')
  const two = append(RecordKind.connect, 0, 'open two')
  await journal.flush()
  for (let i = 0; i < 3; i++) {
    append(RecordKind.frame, one, `one ${i} ${'x'.repeat(80)}`)
    append(RecordKind.frame, two, `two ${i} ${'y'.repeat(80)}`)
    await journal.flush()
  }
  append(RecordKind.stop, 0, '')
  return { disk, journal, one, two }
}

async function cat(disk: ReturnType<typeof memoryDisk>, options: Parameters<typeof catJournal>[1]) {
  const numbers: number[] = []
  for await (const { number } of catJournal(DIRECTORY, { ...options, disk })) numbers.push(number)
  return numbers
}

describe('listJournal', () => {
  it.each(['none', 'zstd'] as const)('tells the same as the journal itself does: %s', async (compression) => {
    const { disk, journal } = await build(compression)
    await journal.flush()
    const own = (await journal.segments()).map(({ released: _, ...segment }) => segment)
    await journal.close()
    const listing = await listJournal(DIRECTORY, disk)
    expect(listing).toMatchObject({ id: journal.id, isLive: false, first: 1, last: 10, torn: null })
    expect(listing.segments).toEqual(own)
    expect(listing.segments.length).toBeGreaterThan(1)
    expect(listing.bytes).toBe(own.reduce((sum, segment) => sum + segment.bytes, 0))
    expect(listing.plainBytes).toBe(own.reduce((sum, segment) => sum + segment.plainBytes, 0))
  })

  it('counts only whole records of a segment that was cut', async () => {
    for (const compression of ['none', 'zstd'] as const) {
      const { disk, journal } = await build(compression)
      await journal.close()
      const [first] = (await listJournal(DIRECTORY, disk)).segments
      const path = `${DIRECTORY}/segments/${first?.segment}`
      disk.setContent(path, disk.content(path).slice(0, -1))
      const [cut] = (await listJournal(DIRECTORY, disk)).segments
      expect(cut?.last).toBeLessThan(first?.last ?? 0)
      expect(cut?.plainBytes).toBeLessThan(first?.plainBytes ?? 0)
    }
  })

  it('counts beside a writer only what a later write proves durable', async () => {
    for (const compression of ['none', 'zstd'] as const) {
      const { disk, journal } = await build(compression)
      const proven = journal.durableRecord - 2
      const segments = disk.files(`${DIRECTORY}/segments`).sort()
      const last = segments.at(-1) as string
      const inLast = Number(last.slice(-24, -4)) - 1
      // Half of the next write is on the disk already.
      const whole = disk.content(last)
      disk.setContent(last, new Uint8Array([...whole, ...whole.slice(64, 100)]))
      const listing = await listJournal(DIRECTORY, disk)
      expect(listing).toMatchObject({ isLive: true, last: Math.max(proven, inLast), torn: null })
      expect(listing.segments.at(-1)?.last).toBe(listing.last)
      const reader = await readOn(disk)
      expect((await collect(reader.blocks())).map(({ number }) => number)).toEqual(
        Array.from({ length: listing.last }, (_, i) => i + 1),
      )
      disk.setContent(last, whole)
    }
  })
})

describe('verifyJournal', () => {
  it('reads every record and says how far it is', async () => {
    const { disk, journal } = await build('none')
    await journal.close()
    const steps: VerifyProgress[] = []
    const report = await verifyJournal(DIRECTORY, (step) => void steps.push(step), disk)
    expect(report).toMatchObject({ id: journal.id, records: 10, damage: null, torn: null })
    expect(report.plainBytes).toBe((await listJournal(DIRECTORY, disk)).plainBytes)
    expect(steps.map(({ segments }) => segments)).toEqual(steps.map((_, i) => i + 1))
    expect(steps.at(-1)).toMatchObject({ segmentsTotal: steps.length, records: 10 })
  })

  it('names the first damage and counts the good records before it, in any segment', async () => {
    for (const compression of ['none', 'zstd'] as const) {
      const { disk, journal } = await build(compression)
      await journal.close()
      const { segments } = await listJournal(DIRECTORY, disk)
      for (const { segment, first } of segments.slice(0, -1)) {
        const path = `${DIRECTORY}/segments/${segment}`
        const whole = disk.content(path)
        for (const offset of [3, 70, whole.length - 1]) {
          const harmed = whole.slice()
          harmed[offset]! ^= 4
          disk.setContent(path, harmed)
          const { damage, records, torn } = await verifyJournal(DIRECTORY, undefined, disk)
          expect(damage, `${segment} at ${offset}`).toMatchObject({ segment, record: records + 1 })
          expect(damage?.offset).toBeLessThanOrEqual(offset)
          expect(records).toBeGreaterThanOrEqual(first - 1)
          expect(torn).toBe(null)
        }
        disk.setContent(path, whole)
      }
      const second = segments[1]
      await disk.remove(`${DIRECTORY}/segments/${second?.segment}`)
      const { damage } = await verifyJournal(DIRECTORY, undefined, disk)
      expect(damage).toMatchObject({ record: second?.first, reason: expect.stringContaining('are missing') })
    }
  })

  it('refuses a directory without a journal', async () => {
    expect((await failureOf(verifyJournal(DIRECTORY, undefined, memoryDisk()))).kind).toBe('usage')
    expect((await failureOf(listJournal(DIRECTORY, memoryDisk()))).kind).toBe('usage')
  })
})

describe('catJournal', () => {
  it('gives the records of a range, of kinds and of a connection', async () => {
    const { disk, journal, one, two } = await build('zstd')
    await journal.close()
    expect(await cat(disk, {})).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(await cat(disk, { from: 4, to: 6 })).toEqual([4, 5, 6])
    expect(await cat(disk, { from: 0, to: 999, kinds: [RecordKind.connect, RecordKind.stop] })).toEqual([
      2, 3, 10,
    ])
    expect(await cat(disk, { connection: one })).toEqual([2, 4, 6, 8])
    expect(await cat(disk, { connection: two, kinds: [RecordKind.frame], from: 6 })).toEqual([7, 9])
    expect(await cat(disk, { from: 50 })).toEqual([])
  })

  it('gives records that may be kept', async () => {
    const { disk, journal } = await build('none')
    await journal.close()
    const kept = await listOf(catJournal(DIRECTORY, { kinds: [RecordKind.frame], disk }))
    expect(kept.map(({ payload }) => new TextDecoder().decode(payload).slice(0, 5))).toEqual([
      'one 0',
      'two 0',
      'one 1',
      'two 1',
      'one 2',
      'two 2',
    ])
  })
})

describe('a write that ends while it is read', () => {
  it('is no damage, though a later write proves it durable', async () => {
    for (const compression of ['none', 'zstd'] as const) {
      const disk = memoryDisk()
      const journal = await openOn(disk, { compression })
      const sizes: number[] = []
      const path = disk.files(`${DIRECTORY}/segments`)[0] as string
      for (let i = 0; i < 3; i++) {
        journal.append(RecordKind.frame, 0, startUs, bytes(`${i}`.repeat(100)))
        await journal.flush()
        sizes.push(disk.content(path).length)
      }
      const seen = ((sizes[0] as number) + (sizes[1] as number)) >> 1
      /** A disk whose file is half written until its end was met twice: by the record before, and by the half one. */
      const late = (): Disk => {
        let limit = seen
        let ends = 0
        return {
          ...disk,
          async open(name, mode) {
            const file = await disk.open(name, mode)
            const read = async (into: Uint8Array, position: number) => {
              const room = into.subarray(0, Math.max(0, limit - position))
              const count = await file.read(room, position)
              if (count === 0 && ++ends === 2) limit = Number.POSITIVE_INFINITY
              return count
            }
            return { ...file, read }
          },
        }
      }
      const reader = await openJournalReader(DIRECTORY, late())
      expect([reader.last, reader.torn]).toEqual([3, null])
      expect(await verifyJournal(DIRECTORY, undefined, late())).toMatchObject({ records: 4, damage: null })
      await journal.close()
    }
  })
})
