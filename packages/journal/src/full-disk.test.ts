import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeNote, RecordKind, type StartNote } from '@cryptoflow/model'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { giveBallast, reserveBallast, withBallast } from './ballast.ts'
import { openControlLog } from './control-log.ts'
import { freeBytes } from './disk.ts'
import { writeImage } from './images.ts'
import { REFUSED } from './journal.ts'
import { openJournal } from './opening.ts'
import { collect, DIRECTORY, drain, failureOf, openOn, randomPayload, readOn } from './testing/journals.ts'
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts'

const MB = 1024 * 1024
const startUs = 2_000_000_000_000_000
const ballast = `${DIRECTORY}/ballast`
const small = { reserveBytes: 4 * MB, resumeBytes: MB, flushEveryMs: 20 }

const used = (disk: MemoryDisk) =>
  disk.files('/').reduce((sum, path) => {
    try {
      return sum + disk.content(path).length
    } catch {
      return sum
    }
  }, 0)

/** A disk with so much room left. */
function fill(disk: MemoryDisk, roomBytes: number): void {
  disk.capacityBytes = used(disk) + roomBytes
}

const frame = (size: number) => new Uint8Array(size).fill(7)

describe('a journal on a disk that fills', () => {
  it.each(['none', 'zstd'] as const)(
    'refuses records, counts them per connection, and goes on after what was durable: %s',
    async (compression) => {
      const disk = memoryDisk()
      disk.capacityBytes = 100 * MB
      const clock = manualClock(startUs)
      let told = 0
      const onFull = () => {
        told += 1
      }
      const journal = await openOn(disk, { ...small, compression, clock, onFull })
      const one = journal.append(RecordKind.connect, 0, startUs, frame(10))
      const two = journal.append(RecordKind.connect, 0, startUs, frame(10))
      await journal.flush()
      const chance = seededChance(3)
      const noise = () => Uint8Array.from({ length: 1000 }, () => chance.below(256))
      fill(disk, 500)
      // What has its number already comes to the disk in the room of one step of the reserve.
      const taken = [journal.append(RecordKind.frame, one, startUs, noise())]
      await journal.flush()
      expect(journal.isFull).toBe(true)
      expect(told).toBe(1)
      expect(journal.durableRecord).toBe(taken[0])
      expect(disk.content(ballast).length).toBe(3 * MB)
      for (let i = 0; i < 3; i++)
        expect(journal.append(RecordKind.frame, one, startUs, frame(100))).toBe(REFUSED)
      expect(journal.append(RecordKind.frame, two, startUs, frame(100))).toBe(REFUSED)
      expect([...journal.refused]).toEqual([
        [one, 3],
        [two, 1],
      ])
      expect(journal.lastRecord).toBe(taken[0])
      // Still no room: nothing changes.
      expect(await journal.tryResume()).toBe(null)
      // Nor is room for records alone enough: the reserve comes first.
      fill(disk, 1.5 * MB)
      expect(await journal.tryResume()).toBe(null)
      expect(disk.content(ballast).length).toBe(3 * MB)
      clock.advance(5000)
      fill(disk, 40 * MB)
      const hole = await journal.tryResume()
      expect(hole).toEqual({
        lastRecord: taken[0],
        fromUs: startUs,
        toUs: startUs + 5_000_000,
        refused: new Map([
          [one, 3],
          [two, 1],
        ]),
        records: 4,
        bytes: 400,
      })
      expect(journal.isFull).toBe(false)
      expect(disk.content(ballast).length).toBe(4 * MB)
      const next = journal.append(RecordKind.disconnect, one, startUs, frame(5))
      expect(next).toBe(journal.lastRecord)
      await journal.close()
      expect(journal.counters).toMatchObject({ fullDisks: 1, refusedRecords: 4, lostRecords: 0 })
      const records = await collect((await readOn(disk)).blocks())
      expect(records.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
      expect(records.at(-1)?.kind).toBe(RecordKind.disconnect)
    },
  )

  it('takes a write that found no room back to the last durable record, and its room with it', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    const segment = disk.files(`${DIRECTORY}/segments`)[0] as string
    const before = disk.content(segment)
    fill(disk, 1000)
    journal.append(RecordKind.frame, 0, startUs, frame(5000))
    expect(await failureOf(journal.flush())).toMatchObject({ reaction: 'retry' })
    expect(disk.content(segment)).toEqual(before)
    expect(await disk.freeBytes(DIRECTORY)).toBe(1000)
  })

  it('keeps what found no room in memory and its numbers, and writes it first when there is some', async () => {
    for (const compression of ['none', 'zstd'] as const) {
      const disk = memoryDisk()
      const journal = await openOn(disk, { compression, reserveBytes: 0, resumeBytes: 0, segmentBytes: 3000 })
      const chance = seededChance(5)
      const before = journal.durableRecord
      fill(disk, 2500)
      for (let i = 0; i < 10; i++)
        journal.append(RecordKind.frame, 0, startUs + i, randomPayload(chance, 900))
      const promised = journal.durable(journal.lastRecord)
      expect(await failureOf(journal.flush())).toMatchObject({ kind: 'disk', reaction: 'retry' })
      expect(journal.durableRecord).toBe(before)
      expect(journal.pendingBytes).toBeGreaterThan(0)
      const feed = journal.feed(1)
      expect((await drain(feed, before)).length).toBe(before)
      expect(await failureOf(journal.flush())).toMatchObject({ reaction: 'retry' })
      // The reader beside it and a process after a power cut see what was durable, whole.
      expect((await readOn(disk.powerCut(chance))).last).toBeGreaterThanOrEqual(before)
      disk.capacityBytes = 10 * MB
      expect(await journal.tryResume()).toMatchObject({ lastRecord: 11, records: 0 })
      await promised
      expect(journal.durableRecord).toBe(11)
      journal.append(RecordKind.stop, 0, startUs, frame(0))
      await journal.close()
      const records = await collect((await readOn(disk)).blocks())
      expect(records.map(({ number }) => number)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
      await feed.close()
    }
  })

  it('holds every durable record through random fillings, resumes and power cuts', async () => {
    let fulls = 0
    let resumes = 0
    for (let seed = 1; seed <= 60; seed++) {
      const chance = seededChance(seed)
      let disk = memoryDisk()
      let durable = 0
      const payloads = new Map<number, string>()
      for (let life = 0; life < 3; life++) {
        const compression = chance.hits(0.5) ? 'zstd' : 'none'
        const segmentBytes = chance.hits(0.5) ? 2000 : 1e9
        const journal = await openOn(disk, {
          compression,
          segmentBytes,
          reserveBytes: 3000,
          resumeBytes: 2000,
        })
        for (let step = 0; step < 25; step++) {
          if (chance.hits(0.2)) fill(disk, chance.below(3000))
          if (chance.hits(0.2)) disk.capacityBytes = Number.POSITIVE_INFINITY
          const payload = randomPayload(chance, 600)
          const number = journal.append(RecordKind.frame, 0, startUs, payload)
          if (number !== REFUSED) payloads.set(number, Buffer.from(payload).toString('hex'))
          if (chance.hits(0.4)) await journal.flush().catch(() => {})
          if (journal.isFull && (await journal.tryResume()) !== null) resumes += 1
        }
        durable = journal.durableRecord
        fulls += journal.counters.fullDisks
        if (chance.hits(0.5)) {
          disk.capacityBytes = Number.POSITIVE_INFINITY
          await journal.close()
          if (!journal.isFull) expect(journal.durableRecord).toBe(journal.lastRecord)
          durable = journal.durableRecord
        }
        disk = disk.powerCut(chance)
        const reader = await readOn(disk)
        expect(reader.last, `seed ${seed}`).toBeGreaterThanOrEqual(durable)
        for (const { number, kind, payload } of await collect(reader.blocks())) {
          if (kind === RecordKind.frame && number <= durable)
            expect(Buffer.from(payload).toString('hex'), `seed ${seed}`).toBe(payloads.get(number))
        }
      }
    }
    expect(fulls).toBeGreaterThan(50)
    expect(resumes).toBeGreaterThan(30)
  })

  it('takes a sync that found no room for a full disk, and any other failed sync for final', async () => {
    for (const [code, reaction] of [
      ['ENOSPC', 'retry'],
      ['EDQUOT', 'retry'],
      ['EIO', 'stop'],
    ] as const) {
      const disk = memoryDisk()
      const journal = await openOn(disk, { resumeBytes: 0 })
      disk.before = async (operation) => {
        if (operation === 'syncData') throw Object.assign(new Error(code), { code })
        return undefined
      }
      journal.append(RecordKind.frame, 0, startUs, frame(9))
      expect(await failureOf(journal.flush())).toMatchObject({ kind: 'disk', reaction })
      expect(journal.isFull).toBe(reaction === 'retry')
      disk.before = async () => undefined
      if (reaction === 'stop') {
        expect(await failureOf(journal.tryResume())).toMatchObject({ reaction: 'stop' })
        expect(() => journal.append(RecordKind.frame, 0, startUs, frame(1))).toThrow('must stop')
      } else {
        expect(await journal.tryResume()).not.toBe(null)
        await journal.close()
        expect((await readOn(disk)).last).toBe(2)
      }
    }
  })

  it('fails for good on a full disk when its owner would not notice that records are refused', async () => {
    const disk = memoryDisk()
    const options = {
      directory: DIRECTORY,
      clock: manualClock(startUs),
      version: 'test',
      disk,
      reserveBytes: 0,
    }
    const journal = await openJournal(options)
    fill(disk, 0)
    journal.append(RecordKind.frame, 0, startUs, frame(50))
    expect(await failureOf(journal.flush())).toMatchObject({ kind: 'disk', reaction: 'stop' })
    expect(journal.isFull).toBe(false)
    expect(() => journal.append(RecordKind.frame, 0, startUs, frame(1))).toThrow('must stop')
    expect((await failureOf(journal.close())).reaction).toBe('stop')
  })

  it('opens on a full disk with the reserve of the process before, to seal what is there', async () => {
    const disk = memoryDisk()
    disk.capacityBytes = 100 * MB
    const first = await openOn(disk, small)
    await first.close()
    fill(disk, 10)
    const second = await openOn(disk, small)
    expect([second.isFull, second.durableRecord]).toEqual([true, 2])
    expect(disk.content(ballast).length).toBe(3 * MB)
    expect(second.append(RecordKind.frame, 0, startUs, frame(1))).toBe(REFUSED)
    await second.close()
    // Without a reserve there is nothing to open it with, and it says so.
    const bare = memoryDisk()
    await (await openOn(bare)).close()
    fill(bare, 10)
    expect(await failureOf(openOn(bare))).toMatchObject({ kind: 'disk', reaction: 'retry' })
    bare.capacityBytes = MB
    await (await openOn(bare)).close()
  })

  it('tries once more when it is closed', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    fill(disk, 0)
    journal.append(RecordKind.frame, 0, startUs, frame(50))
    expect(await failureOf(journal.flush())).toMatchObject({ reaction: 'retry' })
    disk.capacityBytes = MB
    await journal.close()
    expect(journal.counters).toMatchObject({ fullDisks: 1, lostRecords: 0 })
    expect((await readOn(disk)).last).toBe(2)
  })

  it('tells at the next start where a journal ended that was closed on a full disk', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    fill(disk, 0)
    journal.append(RecordKind.frame, 0, startUs, frame(50))
    journal.append(RecordKind.stop, 0, startUs, frame(0))
    await journal.close()
    expect(journal.counters.lostRecords).toBe(2)
    disk.capacityBytes = MB
    const again = await openOn(disk)
    const [start] = await drain(again.feed(again.startRecord), again.startRecord)
    expect(decodeNote<StartNote>(start?.payload ?? frame(0))).toMatchObject({ lastRecord: 1, clean: false })
    await again.close()
  })
})

describe('the ballast', () => {
  it('is kept as asked for, at most an eighth of what is free, and survives restarts', async () => {
    const disk = memoryDisk()
    disk.capacityBytes = 80 * MB
    const journal = await openOn(disk, { reserveBytes: 64 * MB })
    expect(journal.reserve.targetBytes).toBeLessThanOrEqual(10 * MB)
    expect(journal.reserve.bytes).toBe(journal.reserve.targetBytes)
    expect(disk.content(ballast).length).toBe(journal.reserve.bytes)
    await journal.close()
    disk.capacityBytes = 8000 * MB
    const again = await openOn(disk, { reserveBytes: 12 * MB })
    expect(again.reserve).toEqual({ wantedBytes: 12 * MB, bytes: 12 * MB, targetBytes: 12 * MB })
    await again.close()
    const none = await openOn(disk, { reserveBytes: 0 })
    expect(disk.content(ballast).length).toBe(0)
    await none.close()
  })

  it('is given up a quarter at a time, at least a megabyte, to the last byte', async () => {
    const disk = memoryDisk()
    await disk.makeDirectory(DIRECTORY)
    expect(await giveBallast(DIRECTORY, disk)).toBe(0)
    await reserveBallast(DIRECTORY, 8 * MB, disk)
    const steps: number[] = []
    while (steps.at(-1) !== 0) steps.push(await giveBallast(DIRECTORY, disk))
    expect(steps.reduce((sum, step) => sum + step, 0)).toBe(8 * MB)
    expect(steps.slice(0, 2)).toEqual([2 * MB, 1.5 * MB])
    expect(steps.at(-1)).toBe(0)
  })

  it('lets seals, images and anything else be written on a full disk until it is used up', async () => {
    const disk = memoryDisk()
    disk.capacityBytes = 100 * MB
    await disk.makeDirectory(DIRECTORY)
    await reserveBallast(DIRECTORY, 4 * MB, disk)
    const log = await openControlLog(DIRECTORY, { disk })
    fill(disk, 5)
    for (let epoch = 1; epoch <= 20; epoch++) await log.append({ kind: 'accepted', epoch })
    expect(disk.content(ballast).length).toBe(3 * MB)
    await writeImage(DIRECTORY, frame(1.5 * MB), undefined, disk)
    const write = async () => {
      const file = await disk.open(`${DIRECTORY}/other`, 'create')
      for (let done = 0; done < MB; ) done += await file.write(frame(MB - done), done)
    }
    await withBallast(DIRECTORY, write, disk)
    // Nothing is left: each says so, leaves nothing half done, and can be tried again.
    fill(disk, 0)
    for (let given = 1; given > 0; ) given = await giveBallast(DIRECTORY, disk)
    fill(disk, 20)
    const before = disk.content(`${DIRECTORY}/control.log`)
    const refused = await failureOf(log.append({ kind: 'accepted', epoch: 21 }))
    expect(refused).toMatchObject({ kind: 'disk', reaction: 'retry', context: { epoch: 21 } })
    expect(disk.content(`${DIRECTORY}/control.log`)).toEqual(before)
    expect(await log.compact()).toBe(0)
    const image = await failureOf(writeImage(DIRECTORY, frame(100), undefined, disk))
    expect(image).toMatchObject({ kind: 'disk', reaction: 'retry' })
    expect(disk.files(`${DIRECTORY}/images`).filter((path) => path.endsWith('.tmp'))).toEqual([])
    disk.capacityBytes = 100 * MB
    await log.append({ kind: 'accepted', epoch: 21 })
    await log.close()
    const again = await openControlLog(DIRECTORY, { disk })
    expect(again.entries.length).toBe(21)
    await again.close()
  })

  it('takes real space on the machine’s disk and gives it back', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-ballast-'))
    try {
      expect(await freeBytes(directory)).toBeGreaterThan(MB)
      expect(await reserveBallast(directory, 2 * MB)).toMatchObject({ bytes: 2 * MB, targetBytes: 2 * MB })
      expect(await giveBallast(directory)).toBe(MB)
      expect(await giveBallast(directory)).toBe(MB)
      expect(await giveBallast(directory)).toBe(0)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
