import { decodeNote, RecordKind, type StartNote } from '@cryptoflow/model'
import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { collect, DIRECTORY, drain, failureOf, openOn, readOn, recordsOf } from './testing/journals.ts'
import { memoryDisk } from './testing/memory-disk.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const hello = bytes('hello')

describe('openJournal', () => {
  it('makes its identity durable before the first record and keeps it for ever', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    const { id } = journal
    expect(id).toMatch(/^[0-9A-Z]{26}$/)
    expect(disk.trail.indexOf('rename identity.json')).toBeGreaterThan(-1)
    expect(disk.trail.indexOf('rename identity.json')).toBeLessThan(
      disk.trail.findIndex((line) => line.endsWith('.seg')),
    )
    await journal.close()
    expect((await openOn(disk)).id).toBe(id)
  })

  it('begins with a durable start record that says where the process before ended and how', async () => {
    const disk = memoryDisk()
    const first = await openOn(disk)
    expect(first.durableRecord).toBe(1)
    first.append(RecordKind.frame, 0, 5, hello)
    await first.close()
    const second = await openOn(disk)
    second.append(RecordKind.stop, 0, 6, new Uint8Array(0))
    await second.close()
    const operators = { 'x spot': { dedupe: { window: 5 } } }
    const images = { derivedEveryUs: 1, derivedLevels: 2, checkpointEveryUs: 3, depthCap: 4 }
    await (await openOn(disk, { operators, images })).close()
    const records = await collect((await readOn(disk)).blocks())
    const notes = records
      .filter((record) => record.kind === RecordKind.start)
      .map((record) => decodeNote<StartNote>(record.payload))
    expect(notes).toEqual([
      { lastRecord: 0, clean: true, version: 'test' },
      { lastRecord: 2, clean: false, version: 'test' },
      { lastRecord: 4, clean: true, version: 'test', operators, images },
    ])
    expect(records.map((record) => record.number)).toEqual([1, 2, 3, 4, 5])
  })

  it('refuses a journal of a newer format, one without its identity, and one that is held', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    await expect(openOn(disk)).rejects.toThrow('locked')
    await journal.close()
    const identity = `${DIRECTORY}/identity.json`
    const kept = disk.content(identity)
    disk.setContent(identity, bytes('{"format":2}'))
    expect(await failureOf(openOn(disk))).toMatchObject({ kind: 'usage', context: { format: 2 } })
    disk.setContent(identity, bytes('{"format":1}'))
    expect(await failureOf(openOn(disk))).toMatchObject({ kind: 'disk' })
    await disk.remove(identity)
    expect(await failureOf(openOn(disk))).toMatchObject({ kind: 'disk', context: { directory: DIRECTORY } })
    disk.setContent(identity, kept)
    await (await openOn(disk)).close()
  })

  it('refuses a segment that another journal wrote', async () => {
    const ours = memoryDisk()
    const other = memoryDisk()
    await (await openOn(ours)).close()
    await (await openOn(other)).close()
    const segment = `${DIRECTORY}/segments/00000000000000000001.seg`
    ours.setContent(segment, other.content(segment))
    const failure = await failureOf(openOn(ours))
    expect(failure.context).toMatchObject({ segment: '00000000000000000001.seg', record: 1, offset: 0 })
  })
})

describe('append', () => {
  it('syncs a full segment before the next one exists, also within one write', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 1_000_000, flushBytes: 1e9 })
    const begun = disk.trail.length
    for (let i = 0; i < 3; i++) journal.append(RecordKind.frame, 0, 5, new Uint8Array(900_000))
    await journal.flush()
    const trail = disk.trail.slice(begun).filter((line) => /^syncData|^rename/.test(line))
    const [one, three, four] = [1, 3, 4].map((n) => `${String(n).padStart(20, '0')}.seg`)
    expect(trail).toEqual([
      `syncData ${one}`,
      `rename ${three}`,
      `syncData ${three}`,
      `rename ${four}`,
      `syncData ${four}`,
    ])
    expect(journal.counters.bytes).toBe(
      disk.files(`${DIRECTORY}/segments`).reduce((sum, path) => sum + disk.content(path).length - 64, 0),
    )
    await journal.close()
  })

  it('numbers records densely and gives back what it took, byte for byte', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    const nasty = bytes('\0\n\r__proto__ ../测试USDT')
    expect(journal.append(RecordKind.connect, 0, 2e15, hello)).toBe(2)
    expect(journal.append(RecordKind.frame, 2, 2e15 + 1, nasty)).toBe(3)
    nasty.fill(0)
    await journal.close()
    const records = await collect((await readOn(disk)).blocks(2))
    expect(records).toEqual([
      { number: 2, kind: RecordKind.connect, connection: 0, receivedUs: 2e15, payload: hello },
      {
        number: 3,
        kind: RecordKind.frame,
        connection: 2,
        receivedUs: 2e15 + 1,
        payload: bytes('\0\n\r__proto__ ../测试USDT'),
      },
    ])
  })

  it('never lets time go back, not even over a restart', async () => {
    const disk = memoryDisk()
    const early = manualClock(1_000)
    const journal = await openOn(disk, { clock: early })
    journal.append(RecordKind.frame, 0, 9_000, hello)
    journal.append(RecordKind.frame, 0, 8_000, hello)
    expect(journal.counters.raisedTimes).toBe(1)
    await journal.close()
    const again = await openOn(disk, { clock: early })
    expect(again.counters.raisedTimes).toBe(1)
    await again.close()
    const records = await collect((await readOn(disk)).blocks())
    expect(records.map((record) => record.receivedUs)).toEqual([1_000, 9_000, 9_000, 9_000])
  })

  it('refuses a payload above the limit and goes on', async () => {
    const journal = await openOn(memoryDisk())
    const huge = { length: 64 * 1024 * 1024 + 1 } as Uint8Array
    expect(() => journal.append(RecordKind.frame, 0, 1, huge)).toThrow('expected at most')
    expect(journal.append(RecordKind.frame, 0, 1, hello)).toBe(2)
    await journal.close()
  })

  it('takes a record larger than a slab and larger than a segment', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 100_000 })
    const large = new Uint8Array(3_000_000).fill(7)
    journal.append(RecordKind.answer, 0, 1, large)
    journal.append(RecordKind.frame, 0, 1, hello)
    await journal.close()
    const records = await collect((await readOn(disk)).blocks(2))
    expect(records.map((record) => record.payload.length)).toEqual([3_000_000, 5])
    expect(records[0]?.payload.every((byte) => byte === 7)).toBe(true)
  })

  it('says that it is congested and counts what is taken all the same', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { congestedBytes: 300 })
    journal.append(RecordKind.frame, 0, 1, new Uint8Array(10))
    expect(journal.isCongested).toBe(false)
    journal.append(RecordKind.frame, 0, 1, new Uint8Array(300))
    expect([journal.isCongested, journal.counters.congestedRecords]).toEqual([true, 1])
    await journal.flush()
    expect([journal.isCongested, journal.pendingBytes]).toEqual([false, 0])
    await journal.close()
    expect(() => journal.append(RecordKind.frame, 0, 1, hello)).toThrow('closed')
    expect(await failureOf(journal.durable(99))).toMatchObject({ kind: 'usage' })
  })
})

describe('finish', () => {
  it('takes no more, ends feeds behind the last durable record, and keeps the directory until close', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    const feed = journal.feed(journal.startRecord + 1)
    journal.append(RecordKind.stop, 0, 1, new Uint8Array(0))
    await journal.finish()
    expect(() => journal.append(RecordKind.frame, 0, 1, hello)).toThrow('closed')
    expect(await feed.next()).toMatchObject({ first: 2, last: 2 })
    expect(await feed.next()).toBe(null)
    await expect(openOn(disk)).rejects.toThrow('locked')
    await journal.close()
    const again = await openOn(disk)
    expect(again.recovered.clean).toBe(true)
    await again.close()
  })
})

describe('group flush', () => {
  it('begins a write after the flush interval, or at once when enough bytes wait', async () => {
    const clock = manualClock()
    const journal = await openOn(memoryDisk(), { clock, flushEveryMs: 20, flushBytes: 1_000 })
    const before = journal.counters.flushes
    const slow = journal.append(RecordKind.frame, 0, 1, hello)
    clock.advance(19)
    expect(journal.pendingBytes).toBeGreaterThan(0)
    clock.advance(1)
    await journal.durable(slow)
    const quick = journal.append(RecordKind.frame, 0, 1, new Uint8Array(2_000))
    await journal.durable(quick)
    expect(journal.counters.flushes).toBe(before + 2)
    await journal.close()
  })

  it('shows a record to nobody before its sync has returned', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    const feed = journal.feed(2)
    const gate = Promise.withResolvers<undefined>()
    disk.before = (operation) => (operation === 'syncData' ? gate.promise : Promise.resolve(undefined))
    const number = journal.append(RecordKind.frame, 0, 1, hello)
    let seen = 0
    const block = feed.next().then((found) => {
      seen = found?.last ?? 0
    })
    const flushed = journal.flush()
    for (let i = 0; i < 50; i++) await Promise.resolve()
    expect(disk.trail.at(-1)).toMatch(/^syncData/)
    expect([journal.durableRecord, seen]).toEqual([1, 0])
    gate.resolve(undefined)
    await Promise.all([flushed, block])
    expect([journal.durableRecord, seen]).toEqual([number, number])
    await journal.close()
  })

  it('lets a feed that reads from the disk stop before what is written and not yet synced', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    const gate = Promise.withResolvers<undefined>()
    disk.before = (operation) => (operation === 'syncData' ? gate.promise : Promise.resolve(undefined))
    journal.append(RecordKind.frame, 0, 1, hello)
    const flushed = journal.flush()
    const feed = journal.feed(1, { itemsMax: 1, bytesMax: 1 })
    for (let i = 0; i < 50; i++) await Promise.resolve()
    expect(disk.trail.at(-1)).toMatch(/^syncData/)
    expect(await feed.next()).toMatchObject({ first: 1, last: 1 })
    gate.resolve(undefined)
    await flushed
    expect(await feed.next()).toMatchObject({ first: 2, last: 2 })
    expect(feed.diskBlocks).toBe(2)
    await feed.close()
    await journal.close()
  })

  it('never has two writes at once, and writes what came meanwhile in the next one', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { flushBytes: 1 })
    const before = journal.counters.flushes
    let running = 0
    let most = 0
    disk.before = async (operation) => {
      if (operation !== 'syncData' && operation !== 'write') return undefined
      most = Math.max(most, ++running)
      for (let i = 0; i < 5; i++) await Promise.resolve()
      running -= 1
      return undefined
    }
    for (let i = 0; i < 100; i++) {
      journal.append(RecordKind.frame, 0, 1, hello)
      if (i % 10 === 0) await Promise.resolve()
    }
    await journal.flush()
    expect(most).toBe(1)
    expect(journal.counters.flushes - before).toBeGreaterThan(1)
    expect(journal.counters.flushes - before).toBeLessThan(100)
    await journal.close()
  })

  it('calls the probe with about half of the bytes of a write on the disk', async () => {
    const disk = memoryDisk()
    const seen: [string, number][] = []
    const segment = `${DIRECTORY}/segments/00000000000000000001.seg`
    const journal = await openOn(disk, {
      probe: (step) => seen.push([step, disk.content(segment).length]),
    })
    const before = disk.content(segment).length
    journal.append(RecordKind.frame, 0, 1, new Uint8Array(1_000))
    await journal.flush()
    const after = disk.content(segment).length
    expect(seen.at(-1)).toEqual(['journal-write', before + Math.floor((after - before) / 2)])
    await journal.close()
  })

  it('writes on after a short write until all is there', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    disk.before = async (operation, _path, part) =>
      operation === 'write' && part !== undefined ? Math.ceil(part.length / 3) : undefined
    journal.append(RecordKind.frame, 0, 1, bytes('x'.repeat(999)))
    await journal.close()
    expect((await collect((await readOn(disk)).blocks(2)))[0]?.payload.length).toBe(999)
  })

  it('has the file, its name and all before it durable before a new segment takes a record', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 100 })
    disk.trail.length = 0
    journal.append(RecordKind.frame, 0, 1, new Uint8Array(200))
    await journal.close()
    const name = '00000000000000000002.seg'
    expect(disk.trail).toEqual([
      'syncData 00000000000000000001.seg',
      `write ${name}.tmp`,
      `sync ${name}.tmp`,
      `rename ${name}`,
      'syncDirectory segments',
      `write ${name}`,
      `syncData ${name}`,
    ])
  })

  it.each(['write', 'syncData', 'rename'] as const)('fails for good when a %s fails', async (broken) => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 100 })
    journal.append(RecordKind.frame, 0, 1, hello)
    await journal.flush()
    const feed = journal.feed(1)
    disk.before = async (operation) => {
      if (operation === broken) throw new Error('EIO')
      return undefined
    }
    const number = journal.append(RecordKind.frame, 0, 1, new Uint8Array(200))
    const waiting = failureOf(journal.durable(number))
    const failure = await failureOf(journal.flush())
    expect(failure).toMatchObject({ kind: 'disk', reaction: 'stop', context: { durableRecord: 2 } })
    expect(await waiting).toBe(failure)
    disk.before = async () => undefined
    expect(() => journal.append(RecordKind.frame, 0, 1, hello)).toThrow(failure)
    expect(await failureOf(journal.flush())).toBe(failure)
    expect(recordsOf((await feed.next())!).length + recordsOf((await feed.next())!).length).toBe(2)
    expect(await failureOf(feed.next())).toBe(failure)
    expect(await failureOf(journal.close())).toBe(failure)
    const again = await openOn(disk)
    expect(again.recovered.lastRecord).toBeGreaterThanOrEqual(2)
    expect((await drain(again.feed(1), 2)).map((record) => record.number)).toEqual([1, 2])
    await again.close()
  })
})
