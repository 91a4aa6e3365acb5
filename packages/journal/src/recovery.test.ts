import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import { type Chance, CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { GroupBuffer } from './group-buffer.ts'
import { decodeHeader, encodeHeader, sealGroup } from './segment.ts'
import {
  collect,
  DIRECTORY,
  failureOf,
  openOn,
  randomPayload,
  readOn,
  recordsOf,
} from './testing/journals.ts'
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts'

const startUs = 2_000_000_000_000_000
const segmentOf = (name: string) => `${DIRECTORY}/segments/${name}`

interface Written {
  readonly disk: MemoryDisk
  readonly records: JournalRecord[]
  /** Numbers of the first record of each group. */
  readonly groups: number[]
  readonly segments: string[]
}

async function write(chance: Chance, segmentBytes: number): Promise<Written> {
  const disk = memoryDisk()
  const journal = await openOn(disk, { segmentBytes })
  const groups: number[] = [1]
  for (let group = 2 + chance.below(8); group > 0; group--) {
    groups.push(journal.lastRecord + 1)
    for (let i = chance.below(6); i >= 0; i--) {
      journal.append(RecordKind.frame, 0, startUs + i, randomPayload(chance, 200))
    }
    await journal.flush()
  }
  await journal.close()
  const records = await collect((await readOn(disk)).blocks())
  return { disk, records, groups, segments: disk.files(segmentOf('')).sort() }
}

/** Opens after harm was done; what was found, or the error. */
async function reopen(disk: MemoryDisk): Promise<CryptoFlowError | JournalRecord[]> {
  try {
    const journal = await openOn(disk)
    const { lastRecord } = journal.recovered
    journal.append(RecordKind.frame, 0, 1, new Uint8Array(3))
    await journal.close()
    // What is written afterwards reads on from what was kept, also at the next opening.
    await (await openOn(disk)).close()
    const records = await collect((await readOn(disk)).blocks())
    expect(records.map(({ number }) => number)).toEqual(records.map((_, i) => i + 1))
    expect(records.length).toBe(lastRecord + 3)
    return records.slice(0, lastRecord)
  } catch (error) {
    if (error instanceof CryptoFlowError) return error
    throw error
  }
}

describe('recovery', () => {
  it('keeps every whole record before a torn tail, at any byte, and goes on from there', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const chance = seededChance(seed)
      const { disk, records, segments } = await write(chance, chance.hits(0.3) ? 1_000 : 1e9)
      const last = segments.at(-1) as string
      const bytes = disk.content(last)
      const left = 64 + chance.below(bytes.length - 64 + 1)
      const noise = randomPayload(chance, chance.hits(0.5) ? 100 : 0)
      const torn = new Uint8Array(left + noise.length)
      torn.set(bytes.subarray(0, left))
      torn.set(noise, left)
      disk.setContent(last, torn)
      const whole = countWhole(bytes, left, Number(last.slice(-24, -4)))
      const found = await reopen(disk)
      expect(found, `seed ${seed}`).toEqual(records.slice(0, whole))
    }
  })

  it('never serves a wrong record after a flipped bit, and names the damage', async () => {
    const counts = { damage: 0, tail: 0 }
    for (let seed = 1; seed <= 400; seed++) {
      const chance = seededChance(seed)
      const { disk, records, groups, segments } = await write(chance, chance.hits(0.5) ? 1_000 : 1e9)
      const segment = segments[chance.below(segments.length)] as string
      const bytes = disk.content(segment)
      const offset = chance.below(bytes.length)
      bytes[offset]! ^= 1 << chance.below(8)
      disk.setContent(segment, bytes)
      const first = Number(segment.slice(-24, -4))
      const bad = offset < 64 ? first : countWhole(bytes, offset, first) + 1
      const found = await readAllOf(disk)
      expect(found.records, `seed ${seed}`).toEqual(records.slice(0, found.records.length))
      const isLastGroup = bad >= (groups.at(-1) as number) && offset >= 64
      if (isLastGroup) {
        counts.tail += 1
        expect(found.error, `seed ${seed}`).toBe(null)
        expect(found.torn, `seed ${seed}`).toMatchObject({ record: bad, segment: segment.slice(-24) })
        expect(await reopen(disk)).toEqual(records.slice(0, bad - 1))
      } else {
        counts.damage += 1
        const name = segment.slice(-24)
        expect(found.error?.context, `seed ${seed}`).toMatchObject({ record: bad, segment: name })
        expect(found.error?.context.offset, `seed ${seed}`).toBeLessThanOrEqual(offset)
        expect(disk.content(segment)).toEqual(bytes)
      }
    }
    expect(counts.damage).toBeGreaterThan(200)
    expect(counts.tail).toBeGreaterThan(30)
  })

  it('finds every record that was durable after kills and power cuts at any moment, one after another', async () => {
    let tornTails = 0
    for (let seed = 1; seed <= 120; seed++) {
      const chance = seededChance(seed)
      let disk = memoryDisk()
      let promised: JournalRecord[] = []
      for (let life = 0; life < 3; life++) {
        const log: JournalRecord[] = promised.slice()
        const cut = await liveUntilDeath(disk, chance, log)
        disk = cut.disk
        const journal = await openOn(disk)
        if (journal.recovered.torn !== null) tornTails += 1
        expect(journal.recovered.lastRecord, `seed ${seed}`).toBeGreaterThanOrEqual(cut.durable)
        const { lastRecord } = journal.recovered
        await journal.close()
        promised = await collect((await readOn(disk)).blocks())
        const known = log.filter(({ number }) => number <= lastRecord)
        const byNumber = new Map(promised.map((record) => [record.number, record]))
        expect(
          known.map(({ number }) => byNumber.get(number)),
          `seed ${seed}`,
        ).toEqual(known)
      }
    }
    expect(tornTails).toBeGreaterThan(15)
  })

  it('opens where a directory above may not be synced, and not where its own may not', async () => {
    const disk = memoryDisk()
    await (await openOn(disk)).close()
    const refusing = (directory: string, code: string) => async (operation: string, path: string) => {
      if (operation === 'syncDirectory' && path === directory) throw Object.assign(new Error(code), { code })
      return undefined
    }
    disk.before = refusing('/', 'EACCES')
    await (await openOn(disk)).close()
    for (const [directory, code] of [
      ['/', 'EIO'],
      [DIRECTORY, 'EACCES'],
    ] as const) {
      disk.before = refusing(directory, code)
      await expect(openOn(disk)).rejects.toMatchObject({ code })
    }
  })

  it('refuses whole groups of an earlier life behind the end, though their marks are good', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk)
    const segment = segmentOf('00000000000000000001.seg')
    const append = async (payload: string) => {
      journal.append(RecordKind.frame, 0, startUs, new TextEncoder().encode(payload))
      await journal.flush()
      return disk.content(segment)
    }
    const one = await append('one')
    const two = await append('two')
    const tail = two.slice(one.length)
    await journal.close()
    // The same group once more, and the group behind a group it did not follow.
    for (const before of [two, one.slice(0, one.length - 60)]) {
      const bytes = new Uint8Array(before.length + tail.length)
      bytes.set(before)
      bytes.set(tail, before.length)
      disk.setContent(segment, bytes)
      const reader = await readOn(disk).catch((error: unknown) => error)
      if (reader instanceof CryptoFlowError) expect(reader.kind).toBe('disk')
      else expect((await collect((reader as Awaited<ReturnType<typeof readOn>>).blocks())).length).toBe(3)
    }
  })

  it('refuses a group that continues another record than the one before it', async () => {
    // Two lives of one segment with the same salt: after record 1 they were written on differently.
    const disk = memoryDisk()
    const journal = await openOn(disk)
    await journal.close()
    const segment = segmentOf('00000000000000000001.seg')
    const header = encodeHeader(journal.id, 1)
    const decoded = decodeHeader(header)
    if (typeof decoded === 'string') throw new Error(decoded)
    const life = (payloads: string[]) => {
      let link = decoded.link
      return payloads.map((payload, i) => {
        const buffer = new GroupBuffer()
        buffer.append(i + 1, RecordKind.frame, 0, startUs, new TextEncoder().encode(payload))
        const [group] = buffer.take()
        const bytes = group!.bytes
        link = sealGroup(bytes, { first: i + 1, durable: i, segmentLink: decoded.link, link })
        return bytes
      })
    }
    const old = life(['start', 'aaaa', 'old'])
    const young = life(['start', 'bbbb'])
    disk.setContent(segment, Buffer.concat([header, young[0]!, young[1]!, old[2]!]))
    const reader = await readOn(disk)
    expect(reader.last).toBe(2)
    expect(reader.torn).toMatchObject({ record: 3, reason: 'the record fails its checksum' })
    disk.setContent(segment, Buffer.concat([header, ...old]))
    expect((await readOn(disk)).last).toBe(3)
  })

  it('goes on with the next number when a crash left a segment without a record', async () => {
    const disk = memoryDisk()
    const journal = await openOn(disk, { segmentBytes: 1 })
    journal.append(RecordKind.frame, 0, startUs, new Uint8Array(1))
    await journal.close()
    const second = segmentOf('00000000000000000002.seg')
    disk.setContent(second, disk.content(second).slice(0, 70))
    const again = await openOn(disk)
    expect(again.recovered).toMatchObject({ lastRecord: 1, torn: { record: 2, offset: 64, bytes: 6 } })
    await again.close()
    await disk.remove(segmentOf('00000000000000000001.seg'))
    disk.setContent(second, disk.content(second).slice(0, 64))
    const alone = await openOn(disk)
    expect([alone.recovered.lastRecord, alone.lastRecord]).toEqual([1, 2])
    await alone.close()
    expect((await collect((await readOn(disk)).blocks())).map(({ number }) => number)).toEqual([2])
  })

  it('names a missing or shortened segment before the last when it is opened or read', async () => {
    const build = async () => {
      const disk = memoryDisk()
      const journal = await openOn(disk, { segmentBytes: 1 })
      for (let i = 0; i < 4; i++) {
        journal.append(RecordKind.frame, 0, startUs, new Uint8Array(10))
        await journal.flush()
      }
      await journal.close()
      return disk
    }
    const second = segmentOf('00000000000000000002.seg')
    const missing = await build()
    await missing.remove(second)
    expect((await failureOf(collect((await readOn(missing)).blocks()))).context).toMatchObject({ record: 2 })
    expect((await failureOf(openOn(missing, { verifyFrom: 1 }))).context).toMatchObject({
      record: 2,
      segment: '00000000000000000003.seg',
    })
    const shorter = await build()
    shorter.setContent(second, shorter.content(second).slice(0, 64))
    expect((await failureOf(collect((await readOn(shorter)).blocks()))).context).toMatchObject({
      record: 2,
      segment: '00000000000000000002.seg',
    })
    expect((await failureOf(openOn(shorter, { verifyFrom: 2 }))).kind).toBe('disk')
    const beforeLast = await build()
    beforeLast.setContent(segmentOf('00000000000000000004.seg'), new Uint8Array(0))
    expect((await failureOf(openOn(beforeLast))).context).toMatchObject({ record: 4 })
  })
})

/** Number of the last record that ends at or before `left` in a segment's bytes. */
function countWhole(bytes: Uint8Array, left: number, first: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let whole = first - 1
  for (let at = 64; at + 8 <= left; ) {
    const length = view.getUint32(at + 4, true)
    const isMark = length === 0xffffffff
    at += isMark ? 24 : 33 + length
    if (!isMark && at <= left) whole += 1
  }
  return whole
}

async function readAllOf(disk: MemoryDisk) {
  const records: JournalRecord[] = []
  try {
    const reader = await readOn(disk)
    for await (const block of reader.blocks()) records.push(...recordsOf(block))
    return { records, error: null, torn: reader.torn }
  } catch (error) {
    if (!(error instanceof CryptoFlowError)) throw error
    return { records, error, torn: null }
  }
}

/** Appends and flushes until it dies, half the times with the power, in the middle of some disk operation, opening included. */
async function liveUntilDeath(disk: MemoryDisk, chance: Chance, log: JournalRecord[]) {
  const power = Promise.withResolvers<never>()
  power.promise.catch(() => {})
  let left = 3 + chance.below(40)
  let after: MemoryDisk | null = null
  disk.before = async () => {
    if (--left > 0) return undefined
    // The operation under way may have reached the disk in part, which the cut decides for what was written.
    after ??= chance.hits(0.5) ? disk.powerCut(chance) : disk.left()
    power.reject(new Error('power cut'))
    return power.promise
  }
  let durable = log.at(-1)?.number ?? 0
  try {
    const journal = await openOn(disk, { segmentBytes: chance.hits(0.5) ? 2_000 : 1e9 })
    durable = journal.durableRecord
    for (;;) {
      const payload = randomPayload(chance, 900)
      const receivedUs = startUs
      const number = journal.append(RecordKind.frame, 0, receivedUs, payload)
      log.push({ number, kind: RecordKind.frame, connection: 0, receivedUs, payload })
      if (chance.hits(0.3)) await journal.flush()
      durable = journal.durableRecord
    }
  } catch (error) {
    if (after === null) throw error
  }
  return { disk: after as MemoryDisk, durable }
}
