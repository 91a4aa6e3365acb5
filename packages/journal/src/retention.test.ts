import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { Journal } from './journal.ts'
import { forecast } from './retention.ts'
import { collect, DIRECTORY, drain, failureOf, openOn, randomPayload, readOn } from './testing/journals.ts'
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts'
import { WriteRate } from './write-rate.ts'

const DAY_US = 86_400_000_000
const startUs = 2_000_000_000_000_000
const segmentName = (first: number) => `${String(first).padStart(20, '0')}.seg`
const keepAll = { days: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

/** A journal with one record per segment and a day between them; its clock stands at the last one. */
async function daily(
  disk: MemoryDisk,
  days: number,
  compression: 'none' | 'zstd' = 'none',
): Promise<Journal> {
  const clock = manualClock(startUs)
  const journal = await openOn(disk, { clock, compression, segmentBytes: 1 })
  for (let day = 1; day < days; day++) {
    clock.advance(86_400_000)
    journal.append(RecordKind.frame, 0, clock.nowUs(), new Uint8Array(100))
    await journal.flush()
  }
  return journal
}

const firstsOf = async (journal: Journal) => (await journal.segments()).map(({ first }) => first)

describe('retire', () => {
  it.each(['none', 'zstd'] as const)(
    'lets released segments go by age, oldest first: %s',
    async (compression) => {
      const disk = memoryDisk()
      const journal = await daily(disk, 8, compression)
      expect(await journal.retire(8, { ...keepAll, days: 100 })).toEqual([])
      // A segment is as old as the first record behind it: none goes too early.
      const retired = await journal.retire(8, { ...keepAll, days: 3.5 })
      expect(retired.map(({ first, last, segment }) => [first, last, segment])).toEqual(
        [1, 2, 3].map((n) => [n, n, segmentName(n)]),
      )
      expect(retired.every(({ bytes }) => bytes > 64)).toBe(true)
      expect(journal.firstRecord).toBe(4)
      expect(await firstsOf(journal)).toEqual([4, 5, 6, 7, 8])
      expect((await failureOf(Promise.resolve().then(() => journal.feed(3)))).kind).toBe('usage')
      await journal.close()
      const again = await openOn(disk)
      expect(again.firstRecord).toBe(4)
      await again.close()
      expect((await collect((await readOn(disk)).blocks())).map(({ number }) => number)).toEqual([
        4, 5, 6, 7, 8, 9,
      ])
    },
  )

  it('lets the oldest go while all together are too much, and never the segment being written', async () => {
    const disk = memoryDisk()
    const journal = await daily(disk, 6)
    const bytes = (await journal.segments()).reduce((sum, segment) => sum + segment.bytes, 0)
    expect(await journal.retire(6, { ...keepAll, bytes })).toEqual([])
    expect((await journal.retire(6, { ...keepAll, bytes: bytes - 1 })).map(({ first }) => first)).toEqual([1])
    expect((await journal.retire(6, { ...keepAll, bytes: 0 })).map(({ first }) => first)).toEqual([
      2, 3, 4, 5,
    ])
    expect(await journal.retire(99, { days: 0, bytes: 0 })).toEqual([])
    expect(await firstsOf(journal)).toEqual([6])
    await journal.close()
  })

  it('never touches a record that is not released or that a feed has still to read', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 200 })
    for (let i = 0; i < 12; i++) {
      journal.append(RecordKind.frame, 0, startUs, new Uint8Array(60))
      journal.append(RecordKind.frame, 0, startUs, new Uint8Array(60))
      await journal.flush()
    }
    const firsts = await firstsOf(journal)
    for (let releasedTo = 0; releasedTo <= journal.durableRecord; releasedTo++) {
      await journal.retire(releasedTo, { days: 0, bytes: 0 })
      const kept = firsts.filter((_, i) => (firsts[i + 1] ?? Number.POSITIVE_INFINITY) - 1 > releasedTo)
      expect(await firstsOf(journal), `released to ${releasedTo}`).toEqual(kept)
    }
    await journal.close()
    const other = memoryDisk()
    const busy = await daily(other, 6)
    const feed = busy.feed(3)
    expect((await busy.retire(6, { days: 0, bytes: 0 })).map(({ first }) => first)).toEqual([1, 2])
    await drain(feed, 4)
    expect((await busy.retire(6, { days: 0, bytes: 0 })).map(({ first }) => first)).toEqual([3, 4])
    await feed.close()
    expect((await busy.retire(6, { days: 0, bytes: 0 })).map(({ first }) => first)).toEqual([5])
    await busy.close()
  })

  it('takes no segment for older because the clock went back, nor for younger (K13)', async () => {
    const disk = memoryDisk()
    await (await daily(disk, 5)).close()
    const past = await openOn(disk, { clock: manualClock(startUs - 100 * DAY_US) })
    expect((await past.retire(5, { ...keepAll, days: 2.5 })).map(({ first }) => first)).toEqual([1])
    await past.close()
  })

  it('syncs the directory after each deletion, so that no power cut leaves a hole', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const chance = seededChance(seed)
      const disk = memoryDisk()
      const journal = await daily(disk, 8)
      let after: MemoryDisk | null = null
      let syncs = 0
      const when = 1 + chance.below(5)
      disk.before = async (operation) => {
        if (operation === 'syncDirectory') syncs += 1
        if (syncs === when) after ??= disk.powerCut(chance)
        return undefined
      }
      const retired = await journal.retire(8, { ...keepAll, days: 2.5 })
      expect(syncs).toBe(retired.length)
      disk.before = async () => undefined
      const left = (after ?? disk) as MemoryDisk
      const reader = await readOn(left)
      expect([1, when - 1, when]).toContain(reader.first === 1 ? 1 : reader.first - 1)
      const numbers = (await collect(reader.blocks())).map(({ number }) => number)
      expect(numbers, `seed ${seed}`).toEqual(numbers.map((_, i) => reader.first + i))
      await journal.close()
    }
  })
})

describe('segments', () => {
  it('tells records, bytes, times and whether all is released', async () => {
    for (const compression of ['none', 'zstd'] as const) {
      const disk = memoryDisk()
      const chance = seededChance(9)
      const journal = await openOn(disk, { compression, segmentBytes: 2000, clock: manualClock(startUs) })
      for (let i = 1; i <= 40; i++) {
        journal.append(RecordKind.frame, 0, startUs + i, randomPayload(chance, 300))
        if (chance.hits(0.3)) await journal.flush()
      }
      await journal.flush()
      const records = await drain(journal.feed(1), journal.lastRecord)
      const listed = await journal.segments()
      expect(listed.length).toBeGreaterThan(2)
      const plain = (some: JournalRecord[]) => some.reduce((sum, { payload }) => sum + 33 + payload.length, 0)
      for (const [i, segment] of listed.entries()) {
        const { first, last } = segment
        const own = records.filter(({ number }) => number >= first && number <= last)
        expect(segment).toEqual({
          segment: segmentName(first),
          compression,
          first,
          last: (listed[i + 1]?.first ?? journal.lastRecord + 1) - 1,
          bytes: disk.content(`${DIRECTORY}/segments/${segmentName(first)}`).length,
          plainBytes: plain(own),
          fromUs: own[0]?.receivedUs,
          toUs: own.at(-1)?.receivedUs,
          released: false,
        })
      }
      const [oldest] = listed
      await journal.retire(oldest?.last ?? 0, keepAll)
      expect((await journal.segments()).map(({ released }) => released)).toEqual(
        listed.map((_, i) => i === 0),
      )
      await journal.close()
    }
  })
})

describe('forecast', () => {
  const policy = { days: 10, bytes: 1000 }
  const base = { bytesPerSecond: 2, freeBytes: 600, bytes: 400, oldestUs: startUs, policy, nowUs: startUs }

  it('tells when the disk is full and whether retention makes room before', () => {
    expect(forecast(base)).toEqual({ fullInSeconds: 300, roomInSeconds: 300, isSteady: false })
    expect(forecast({ ...base, bytes: 900 })).toEqual({
      fullInSeconds: 300,
      roomInSeconds: 50,
      isSteady: true,
    })
    expect(forecast({ ...base, nowUs: startUs + 10 * DAY_US - 7_000_000 })).toMatchObject({
      roomInSeconds: 7,
    })
    expect(forecast({ ...base, bytes: 2000 })).toMatchObject({ roomInSeconds: 0, isSteady: true })
    expect(forecast({ ...base, oldestUs: null })).toMatchObject({ roomInSeconds: null, isSteady: false })
    expect(forecast({ ...base, bytesPerSecond: 0 })).toMatchObject({
      fullInSeconds: Number.POSITIVE_INFINITY,
      isSteady: true,
    })
    expect(forecast({ ...base, freeBytes: 0 })).toMatchObject({ fullInSeconds: 0, isSteady: false })
  })

  it('is made by the journal from what it wrote lately and what its disk has free', async () => {
    const disk = memoryDisk()
    disk.capacityBytes = 1_000_000
    const clock = manualClock(startUs)
    const journal = await openOn(disk, { clock, segmentBytes: 5000 })
    for (let second = 0; second < 20; second++) {
      journal.append(RecordKind.frame, 0, clock.nowUs(), new Uint8Array(943))
      await journal.flush()
      clock.advance(1000)
    }
    expect(journal.bytesPerSecond).toBeGreaterThan(950)
    expect(journal.bytesPerSecond).toBeLessThan(1050)
    const before = await journal.forecast({ days: 1, bytes: 50_000 })
    expect(before.roomInSeconds).toBe(null)
    expect(before.fullInSeconds).toBeGreaterThan(900)
    await journal.retire(15, keepAll)
    const after = await journal.forecast({ days: 1, bytes: 50_000 })
    expect(after.isSteady).toBe(true)
    expect(after.roomInSeconds).toBeGreaterThan(25)
    expect(after.roomInSeconds).toBeLessThan(35)
    await journal.close()
  })
})

describe('WriteRate', () => {
  it('forgets what is older than five minutes and bears a clock that goes back', () => {
    const rate = new WriteRate(startUs)
    expect(rate.perSecond(startUs)).toBe(0)
    rate.add(startUs + 10_000_000, 1000)
    expect(rate.perSecond(startUs + 10_000_000)).toBe(100)
    expect(rate.perSecond(startUs + 200_000_000)).toBe(5)
    rate.add(startUs + 200_000_000, 1000)
    rate.add(startUs, 0)
    expect(rate.perSecond(startUs + 200_000_000)).toBe(10)
    expect(rate.perSecond(startUs + 400_000_000)).toBeCloseTo(1000 / 300, 0)
    expect(rate.perSecond(startUs + 4_000_000_000)).toBe(0)
  })
})
