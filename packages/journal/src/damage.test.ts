import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import { type Chance, CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { verifyJournal } from './inspect.ts'
import { collect, DIRECTORY, openOn, randomPayload, readOn, recordsOf } from './testing/journals.ts'
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts'

const DAMAGES = 1000
const startUs = 2_000_000_000_000_000

interface Written {
  readonly disk: MemoryDisk
  readonly records: JournalRecord[]
  /** The end of each write: what lies before it is whole, whatever happens behind. */
  readonly ends: readonly { readonly path: string; readonly size: number; readonly record: number }[]
}

/** A journal of one or two lives, compressed or not or both. */
async function write(chance: Chance): Promise<Written> {
  const disk = memoryDisk()
  const ends: { path: string; size: number; record: number }[] = []
  for (let lives = 1 + chance.below(2); lives > 0; lives--) {
    const compression = chance.hits(0.5) ? 'zstd' : 'none'
    const segmentBytes = chance.hits(0.4) ? 500 : 1e9
    const journal = await openOn(disk, { compression, segmentBytes })
    const note = () => {
      const path = disk.files(`${DIRECTORY}/segments`).sort().at(-1) as string
      ends.push({ path, size: disk.content(path).length, record: journal.durableRecord })
    }
    note()
    for (let group = chance.below(5); group > 0; group--) {
      for (let i = chance.below(4); i >= 0; i--) {
        journal.append(RecordKind.frame, 0, startUs, randomPayload(chance, 150))
      }
      await journal.flush()
      note()
    }
    await journal.close()
  }
  return { disk, records: await collect((await readOn(disk)).blocks()), ends }
}

/** Cuts the tail, flips a bit or zeroes a stretch; the file and the first byte that is not what it was. */
function harm(
  disk: MemoryDisk,
  chance: Chance,
): { path: string; offset: number; way: 'cut' | 'flip' | 'zeros' } | null {
  const paths = disk.files(`${DIRECTORY}/segments`).sort()
  const way = chance.below(3)
  const path = (way === 0 ? paths.at(-1) : paths[chance.below(paths.length)]) as string
  const bytes = disk.content(path)
  const harmed = bytes.slice()
  const offset = way === 0 ? 64 + chance.below(bytes.length - 63) : chance.below(bytes.length)
  if (way === 1) harmed[offset]! ^= 1 << chance.below(8)
  if (way === 2) harmed.fill(0, offset, Math.min(bytes.length, offset + 1 + chance.below(200)))
  disk.setContent(path, way === 0 ? bytes.slice(0, offset) : harmed)
  const at = bytes.findIndex((byte, i) => harmed[i] !== byte)
  if (way !== 0) return at === -1 ? null : { path, offset: at, way: way === 1 ? 'flip' : 'zeros' }
  return offset === bytes.length ? null : { path, offset, way: 'cut' }
}

async function read(disk: MemoryDisk) {
  const records: JournalRecord[] = []
  try {
    const reader = await readOn(disk)
    for await (const block of reader.blocks()) records.push(...recordsOf(block))
    return { records, error: null, torn: reader.torn }
  } catch (error) {
    if (error instanceof CryptoFlowError) return { records, error, torn: null }
    throw error
  }
}

describe('a thousand seeded damages', () => {
  it('never yield a wrong record, are named, and cost no record before them', async () => {
    const seen = { tail: 0, damage: 0, none: 0, border: 0 }
    for (let seed = 1; seed <= DAMAGES; seed++) {
      const chance = seededChance(seed)
      const { disk, records, ends } = await write(chance)
      const place = harm(disk, chance)
      const verified = await verifyJournal(DIRECTORY, undefined, disk)
      const named = verified.damage ?? verified.torn
      if (place === null) {
        seen.none += 1
        expect({ ...verified, named }, `seed ${seed}`).toMatchObject({ records: records.length, named: null })
        continue
      }
      const label = `seed ${seed}, ${place.path} at ${place.offset}`
      if (named === null) {
        // A file that ends on a border is a shorter journal; that it was sealed further is for its owner to see.
        seen.border += 1
        expect(place.way, label).toBe('cut')
        expect((await read(disk)).records, label).toEqual(records.slice(0, verified.records))
        continue
      }
      // The damage is named where it is, or where its record or block begins.
      expect(named.segment, label).toBe(place.path.slice(-24))
      expect(named.offset, label).toBeLessThanOrEqual(place.offset)
      expect(named.record, label).toBe(verified.records + 1)
      const before = ends.filter(
        ({ path, size }) => path < place.path || (path === place.path && size <= place.offset),
      )
      expect(verified.records, label).toBeGreaterThanOrEqual(before.at(-1)?.record ?? 0)
      const found = await read(disk)
      expect(found.records, label).toEqual(records.slice(0, found.records.length))
      if (verified.torn !== null) {
        seen.tail += 1
        // Unless what proves it was cut off or zeroed as well, only the last write is ever taken for a torn tail.
        const proven = place.way === 'flip' ? (ends.at(-2)?.record ?? 0) : 0
        expect(verified.records, label).toBeGreaterThanOrEqual(proven)
        expect(found, label).toMatchObject({ error: null, torn: verified.torn })
        expect(found.records.length, label).toBe(verified.records)
        await goesOn(disk, records.slice(0, verified.records), label)
      } else {
        seen.damage += 1
        expect(found.error, label).toMatchObject({ kind: 'disk' })
        expect(found.error?.context, label).toMatchObject({ record: named.record, segment: named.segment })
      }
    }
    expect(seen.border).toBeLessThan(30)
    expect(seen.tail).toBeGreaterThan(200)
    expect(seen.damage).toBeGreaterThan(200)
  }, 120_000)
})

/** A journal with a torn tail opens, and what is written from then on reads on from what was kept. */
async function goesOn(disk: MemoryDisk, kept: JournalRecord[], label: string): Promise<void> {
  const journal = await openOn(disk, { compression: 'zstd' })
  expect(journal.recovered.lastRecord, label).toBe(kept.length)
  await journal.close()
  const records = await collect((await readOn(disk)).blocks())
  expect(records.slice(0, -1), label).toEqual(kept)
}
