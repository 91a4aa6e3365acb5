import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { viewOf } from './bytes.ts'
import { encodeHeader, putRecord, RECORD_HEADER_BYTES } from './segment.ts'
import {
  collect,
  DIRECTORY,
  drain,
  failureOf,
  openOn,
  randomPayload,
  readOn,
  recordsOf,
} from './testing/journals.ts'
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts'
import { compressRecords, decodeBlockHeader, sealBlock, walkBlocks } from './zstd-block.ts'

const startUs = 2_000_000_000_000_000
const segmentOf = (first: number) => `${DIRECTORY}/segments/${String(first).padStart(20, '0')}.seg`

/** Appends records of one life and answers them. */
async function live(
  disk: MemoryDisk,
  compression: 'none' | 'zstd',
  payloads: Uint8Array[][],
  segmentBytes = 1e9,
) {
  const journal = await openOn(disk, { compression, segmentBytes })
  for (const group of payloads) {
    for (const payload of group) journal.append(RecordKind.frame, 0, startUs, payload)
    await journal.flush()
  }
  const records = await drain(journal.feed(journal.startRecord), journal.lastRecord)
  await journal.close()
  return records
}

const groups = fc.array(
  fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ maxLength: 50 }).map((text) => new TextEncoder().encode(text.repeat(20))),
    ),
    { minLength: 1, maxLength: 5 },
  ),
  { minLength: 1, maxLength: 6 },
)

describe('a compressed journal', () => {
  it('gives back any records byte for byte, from memory, from the disk and in any range', async () => {
    await fc.assert(
      fc.asyncProperty(groups, fc.nat(), fc.nat(), fc.boolean(), async (payloads, a, b, isSmall) => {
        const disk = memoryDisk()
        const records = await live(disk, 'zstd', payloads, isSmall ? 400 : 1e9)
        const reader = await readOn(disk)
        expect(reader.last).toBe(records.length)
        expect(await collect(reader.blocks())).toEqual(records)
        const [from, to] = [1 + (a % records.length), 1 + (b % records.length)].sort((x, y) => x - y) as [
          number,
          number,
        ]
        expect(await collect(reader.blocks(from, to))).toEqual(records.slice(from - 1, to))
        const again = await openOn(disk, { compression: 'zstd' })
        const fed = await drain(again.feed(from), again.lastRecord)
        expect(fed.slice(0, -1)).toEqual(records.slice(from - 1))
        await again.close()
      }),
      { numRuns: 60, seed: 20261121 },
    )
  })

  it('takes a tenth of the disk for messages that repeat, and counts what it wrote', async () => {
    const frame = new TextEncoder().encode('{"e":"trade","s":"ABC","p":"1234.50","q":"0.001"}'.repeat(4))
    const sizes = await Promise.all(
      (['none', 'zstd'] as const).map(async (compression) => {
        const disk = memoryDisk()
        const journal = await openOn(disk, { compression })
        for (let i = 0; i < 1000; i++) journal.append(RecordKind.frame, 0, startUs + i, frame)
        await journal.close()
        const onDisk = disk.content(segmentOf(1)).length
        expect(journal.counters.bytes).toBe(onDisk - 64)
        return onDisk
      }),
    )
    expect((sizes[1] as number) * 10).toBeLessThan(sizes[0] as number)
  })

  it('reads on in a journal that was written uncompressed, compressed and uncompressed again', async () => {
    const disk = memoryDisk()
    const chance = seededChance(1)
    const records: JournalRecord[] = []
    for (const compression of ['none', 'zstd', 'none', 'zstd'] as const) {
      const payloads = Array.from({ length: 5 }, () => [
        randomPayload(chance, 300),
        randomPayload(chance, 300),
      ])
      records.push(...(await live(disk, compression, payloads, 700)))
    }
    const formats = disk
      .files(`${DIRECTORY}/segments`)
      .sort()
      .map((path) => disk.content(path)[8])
    expect(new Set(formats)).toEqual(new Set([1, 2]))
    expect(await collect((await readOn(disk)).blocks())).toEqual(records)
    const journal = await openOn(disk, { verifyFrom: 1 })
    expect(await drain(journal.feed(1), records.length)).toEqual(records)
    await journal.close()
  })

  it('takes a record of many megabytes, compressed beside the event loop', async () => {
    const disk = memoryDisk()
    const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >> 7)
    const records = await live(disk, 'zstd', [[large, new Uint8Array(5)], [large]])
    expect(await collect((await readOn(disk)).blocks())).toEqual(records)
  })

  it('refuses a segment of a newer format by name and changes nothing', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    await journal.close()
    const header = encodeHeader(journal.id, 1, 3 as 2)
    disk.setContent(segmentOf(1), header)
    for (const attempt of [openOn(disk), readOn(disk)]) {
      const failure = await failureOf(attempt)
      expect(failure).toMatchObject({
        kind: 'usage',
        context: { format: 3, segment: segmentOf(1).slice(-24) },
      })
      expect(failure.message).toContain('newer version')
    }
    expect(disk.content(segmentOf(1))).toEqual(header)
  })

  it('reads segments that were written before there was compression', async () => {
    const disk = memoryDisk()
    const records = await live(disk, 'none', [[new Uint8Array(3)]])
    expect(disk.content(segmentOf(1))[8]).toBe(1)
    const journal = await openOn(disk, { compression: 'zstd' })
    expect(journal.recovered.lastRecord).toBe(records.length)
    await journal.close()
  })
})

describe('walkBlocks', () => {
  const link = 77
  const blockOfRecords = async (
    numbers: number[],
    named: { first: number; last: number },
    before: number,
  ) => {
    const one = (number: number) => {
      const bytes = new Uint8Array(RECORD_HEADER_BYTES + 5)
      putRecord(bytes, viewOf(bytes), 0, number, RecordKind.frame, 0, startUs, new Uint8Array(5).fill(before))
      return bytes
    }
    const records = new Uint8Array(Buffer.concat(numbers.map(one)))
    const group = { ...named, durable: 0, segmentLink: link, link: before }
    return sealBlock(records, await compressRecords(records), group)
  }
  const walk = (pieces: Uint8Array[]) => {
    const place = { offset: 64, link, next: 1, proven: 0 }
    const options = { segmentLink: link, upTo: 99, plainBytes: 1e6 }
    const { stop, reason } = walkBlocks(new Uint8Array(Buffer.concat(pieces)), place, options)
    return { stop, reason, next: place.next }
  }

  it('refuses a block of an earlier life of the segment, though it is good in itself', async () => {
    const first = await blockOfRecords([1], { first: 1, last: 1 }, link)
    const young = await blockOfRecords([2], { first: 2, last: 2 }, first.link)
    const other = await blockOfRecords([2], { first: 2, last: 2 }, 5)
    const old = await blockOfRecords([3], { first: 3, last: 3 }, other.link)
    const good = await blockOfRecords([3], { first: 3, last: 3 }, young.link)
    expect(walk([first.bytes, young.bytes, good.bytes])).toMatchObject({ stop: 'end', next: 4 })
    expect(walk([first.bytes, young.bytes, old.bytes])).toEqual({
      stop: 'bad',
      reason: 'the block fails its checksum',
      next: 3,
    })
    expect(walk([first.bytes, good.bytes])).toMatchObject({ stop: 'bad', next: 2 })
  })

  it('refuses a block whose records are not those that it names', async () => {
    for (const [numbers, named] of [
      [[1, 3], { first: 1, last: 2 }],
      [[1], { first: 1, last: 2 }],
      [[1, 2, 3], { first: 1, last: 2 }],
    ] as const) {
      const { bytes } = await blockOfRecords([...numbers], named, link)
      expect(walk([bytes])).toEqual({
        stop: 'bad',
        reason: 'the records are not those that the block names',
        next: 1,
      })
    }
  })

  it('stops inside a block at a limit and reads on from there, and knows what is proven', async () => {
    const disk = memoryDisk()
    const payloads = [[1, 2, 3].map((n) => new Uint8Array(n)), [4, 5].map((n) => new Uint8Array(n))]
    const records = await live(disk, 'zstd', payloads)
    const bytes = disk.content(segmentOf(1))
    const segmentLink = new DataView(bytes.buffer).getUint32(60, true)
    const place = { offset: 64, link: segmentLink, next: 1, proven: 0 }
    const read = (upTo: number) => {
      const before = place.next
      const { stop, parts } = walkBlocks(bytes.subarray(place.offset), place, {
        segmentLink,
        upTo,
        plainBytes: 1e6,
      })
      const joined = new Uint8Array(Buffer.concat(parts))
      return { stop, records: recordsOf({ first: before, last: place.next - 1, bytes: joined }) }
    }
    expect(read(2)).toEqual({ stop: 'limit', records: records.slice(0, 2) })
    expect(place).toMatchObject({ next: 3, proven: 0 })
    expect(read(3)).toEqual({ stop: 'limit', records: records.slice(2, 3) })
    expect(read(99)).toEqual({ stop: 'end', records: records.slice(3) })
    expect(place).toMatchObject({ next: 7, offset: bytes.length, proven: 4 })
  })

  it('describes each block outside its frame', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { compression: 'zstd' })
    journal.append(RecordKind.frame, 0, startUs, new Uint8Array(100))
    journal.append(RecordKind.frame, 0, startUs + 7, new Uint8Array(100))
    await journal.close()
    const bytes = disk.content(segmentOf(1))
    const segmentLink = new DataView(bytes.buffer).getUint32(60, true)
    const first = decodeBlockHeader(bytes, 64, segmentLink)
    const second = decodeBlockHeader(bytes, 64 + 60 + (first?.frameBytes ?? 0), segmentLink)
    expect(second).toMatchObject({
      first: 2,
      last: 3,
      durable: 1,
      fromUs: startUs,
      toUs: startUs + 7,
      plainBytes: 266,
    })
    expect(decodeBlockHeader(bytes, 64, segmentLink + 1)).toBe(null)
  })
})
