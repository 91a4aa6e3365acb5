import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { collect, DIRECTORY, drain, failureOf, openOn, randomPayload, readOn } from './testing/journals.ts'
import { memoryDisk } from './testing/memory-disk.ts'

/** Later than the clock of the tests. */
const startUs = 2_000_000_000_000_000

function boundsOf(bytesMax: number) {
  return { itemsMax: 1_000, bytesMax }
}

describe('feed', () => {
  it('gives the same records from memory, from the disk and from both, while they are written', async () => {
    let fromDisk = 0
    let fromMemory = 0
    for (let seed = 1; seed <= 40; seed++) {
      const chance = seededChance(seed)
      const bounds = boundsOf([1, 400, 2_000, 1_000_000][seed % 4] as number)
      const journal = await openOn(memoryDisk(), { segmentBytes: 3_000, flushBytes: 300 })
      const feeds = [journal.feed(2, bounds), journal.feed(2, bounds), journal.feed(30, bounds)]
      const taken: JournalRecord[][] = [[], [], []]
      const written: JournalRecord[] = []
      for (let i = 0; i < 150; i++) {
        const payload = randomPayload(chance, 120)
        const receivedUs = startUs + i
        const number = journal.append(RecordKind.frame, 0, receivedUs, payload)
        written.push({ number, kind: RecordKind.frame, connection: 0, receivedUs, payload })
        if (chance.hits(0.1)) await journal.flush()
        const which = chance.below(3)
        const feed = feeds[which]!
        if (feed.cursor <= journal.durableRecord) {
          taken[which]!.push(...(await drain(feed, feed.cursor)))
        }
      }
      await journal.close()
      for (const [which, feed] of feeds.entries()) {
        taken[which]!.push(...(await drain(feed, Number.POSITIVE_INFINITY)))
        expect(taken[which]).toEqual(written.filter(({ number }) => number >= (which === 2 ? 30 : 2)))
        if (feed.diskBlocks > 0) fromDisk += 1
        if (feed.diskBlocks === 0) fromMemory += 1
        expect(await feed.next()).toBe(null)
        await feed.close()
      }
    }
    expect(fromDisk).toBeGreaterThan(20)
    expect(fromMemory).toBeGreaterThan(20)
  })

  it('holds no more than its channel while nobody reads, and then gives every record: memory first, disk behind', async () => {
    const journal = await openOn(memoryDisk())
    const bounds = { itemsMax: 40, bytesMax: 5_000 }
    const feed = journal.feed(2, bounds)
    const append = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        journal.append(RecordKind.frame, 0, startUs, new Uint8Array(100))
        if (i % 3 === 2) await journal.flush()
      }
      await journal.flush()
    }
    await append(400)
    expect(feed.channel.depth).toBeGreaterThan(30)
    expect(feed.channel.depth).toBeLessThanOrEqual(bounds.itemsMax)
    expect(feed.channel.bytes).toBeLessThanOrEqual(bounds.bytesMax)
    expect(feed.channel.counters.left).toBe(400 - feed.channel.depth)
    const first = await drain(feed, feed.channel.depth)
    expect(feed.diskBlocks).toBe(0)
    await append(9)
    const all = [...first, ...(await drain(feed, journal.durableRecord))]
    expect(all.map(({ number }) => number)).toEqual(Array.from({ length: 409 }, (_, i) => i + 2))
    expect(feed.diskBlocks).toBeGreaterThan(0)
    await append(9)
    const { diskBlocks } = feed
    await drain(feed, journal.durableRecord)
    expect([feed.diskBlocks, feed.channel.depth, feed.channel.bytes]).toEqual([diskBlocks, 0, 0])
    await feed.close()
    await append(3)
    expect(feed.channel.depth).toBe(0)
    await journal.close()
  })

  it('goes back and gives the same records again, no block of which holds old ones and new ones', async () => {
    let straddled = 0
    for (let seed = 1; seed <= 40; seed++) {
      const chance = seededChance(seed)
      const journal = await openOn(memoryDisk(), { segmentBytes: 3_000, flushBytes: 300 })
      const feed = journal.feed(1, boundsOf([1, 400, 1_000_000][seed % 3] as number))
      const { channel } = feed
      const write = async (): Promise<void> => {
        for (let i = chance.below(20); i >= 0; i--) {
          journal.append(RecordKind.frame, 0, startUs, randomPayload(chance, 120))
          if (chance.hits(0.3)) await journal.flush()
        }
        await journal.flush()
      }
      await write()
      for (let i = 0; i < 20; i++) {
        if (chance.hits(0.5)) await write()
        if (chance.hits(0.3)) feed.rewind(1 + chance.below(feed.cursor))
        const { cursor, readTo } = feed
        if (cursor > journal.durableRecord) continue
        const block = await feed.next()
        expect(block?.first).toBe(cursor)
        expect(feed.cursor).toBe((block?.last as number) + 1)
        if (cursor > readTo) continue
        expect(block?.last).toBeLessThanOrEqual(readTo)
        if (readTo < journal.durableRecord && block?.last === readTo) straddled += 1
      }
      const all = await drain(feed, journal.durableRecord)
      expect(all.at(-1)?.number ?? journal.durableRecord).toBe(journal.durableRecord)
      expect(feed.readTo).toBe(journal.durableRecord)
      expect(feed.channel).toBe(channel)
      await feed.close()
      await journal.close()
    }
    expect(straddled).toBeGreaterThan(20)
  })

  it('waits for a record of the future and begins with it', async () => {
    const journal = await openOn(memoryDisk())
    const feed = journal.feed(3)
    const block = feed.next()
    for (let i = 0; i < 3; i++) journal.append(RecordKind.frame, 0, i, new Uint8Array(0))
    await journal.flush()
    expect(await block).toMatchObject({ first: 3, last: 4 })
    await journal.close()
    expect(await feed.next()).toBe(null)
  })

  it('refuses a record before the first that is kept, and two calls at once', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 1 })
    journal.append(RecordKind.frame, 0, 1, new Uint8Array(0))
    await journal.close()
    await disk.remove(`${DIRECTORY}/segments/00000000000000000001.seg`)
    const shorter = await openOn(disk)
    expect(shorter.firstRecord).toBe(2)
    expect(() => shorter.feed(1)).toThrow('beginning at 2')
    const feed = shorter.feed(4)
    const first = feed.next()
    await expect(feed.next()).rejects.toThrow('one block at a time')
    await shorter.close()
    expect(await first).toBe(null)
  })

  it('names damage that it meets on the disk and gives out nothing from there on', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    for (let i = 0; i < 3; i++) {
      journal.append(RecordKind.frame, 0, i, new Uint8Array(50).fill(i))
      await journal.flush()
    }
    const segment = `${DIRECTORY}/segments/00000000000000000001.seg`
    const bytes = disk.content(segment)
    bytes[bytes.length - 60]! ^= 1
    disk.setContent(segment, bytes)
    const feed = journal.feed(1)
    expect((await drain(feed, 3)).map((record) => record.number)).toEqual([1, 2, 3])
    expect((await failureOf(feed.next())).context).toMatchObject({
      record: 4,
      segment: '00000000000000000001.seg',
    })
    expect((await failureOf(feed.next())).context).toMatchObject({ record: 4 })
    await journal.close()
  })
})

describe('openJournalReader', () => {
  it('reads any range in blocks of about a megabyte', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 2_000_000 })
    for (let i = 0; i < 50; i++) journal.append(RecordKind.frame, 0, i, new Uint8Array(100_000).fill(i))
    await journal.close()
    const reader = await readOn(disk)
    expect([reader.id, reader.first, reader.last, reader.torn]).toEqual([journal.id, 1, 51, null])
    const sizes: number[] = []
    for await (const block of reader.blocks()) sizes.push(block.bytes.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024)
    expect(sizes.length).toBeLessThan(12)
    const part = await collect(reader.blocks(7, 33))
    expect(part.map((record) => record.number)).toEqual(Array.from({ length: 27 }, (_, i) => i + 7))
    expect(part[0]?.payload[0]).toBe(5)
    expect(await failureOf(collect(reader.blocks(1, 52)))).toMatchObject({ kind: 'usage' })
    expect(await failureOf(collect(reader.blocks(0)))).toMatchObject({ kind: 'usage' })
  })

  it('reports a torn tail and changes nothing', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    journal.append(RecordKind.frame, 0, 1, new Uint8Array(100))
    await journal.close()
    const segment = `${DIRECTORY}/segments/00000000000000000001.seg`
    const torn = disk.content(segment).slice(0, -10)
    disk.setContent(segment, torn)
    const reader = await readOn(disk)
    expect(reader.last).toBe(1)
    expect(reader.torn).toMatchObject({ record: 2, segment: '00000000000000000001.seg' })
    expect((await collect(reader.blocks())).length).toBe(1)
    expect(disk.content(segment)).toEqual(torn)
  })

  it('refuses a directory without a journal', async () => {
    expect(await failureOf(readOn(memoryDisk()))).toMatchObject({ kind: 'usage' })
  })
})
