import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { ControlEntry, EpochRequest } from '@cryptoflow/model'
import { CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { neededEntries } from './control-lines.ts'
import { openControlLog } from './control-log.ts'
import { readHome } from './home.ts'
import { failureOf } from './testing/journals.ts'
import { type MemoryDisk, memoryDisk } from './testing/memory-disk.ts'

const directory = '/warehouse/control'
const path = `${directory}/control.log`

function seal(epoch: number): ControlEntry {
  const request: EpochRequest = {
    writer: '01HZZZZZZZZZZZZZZZZZZZZZZZ',
    epoch,
    from: epoch * 10,
    to: epoch * 10 + 9,
    tables: {},
    progress: { 'x\0spot\0测试USDT\n\0trades': epoch },
    sealedAtMs: 1,
    version: 'test',
  }
  return { kind: 'seal', epoch, from: request.from, to: request.to, request, hash: 'aa', image: 'bb' }
}

const story: ControlEntry[] = [1, 2, 3].flatMap((epoch): ControlEntry[] => [
  seal(epoch),
  { kind: 'accepted', epoch },
  { kind: 'released', epoch },
])

async function tell(entries: readonly ControlEntry[] = story) {
  const disk = memoryDisk()
  const log = await openControlLog(directory, { disk })
  for (const entry of entries) await log.append(entry)
  await log.close()
  return disk
}

describe('ControlLog', () => {
  it('answers at opening what was appended, on a disk of its own making', async () => {
    const real = mkdtempSync(join(tmpdir(), 'cryptoflow-control-'))
    try {
      const log = await openControlLog(join(real, 'a', 'b'))
      expect(log.entries).toEqual([])
      await Promise.all([...story, { kind: 'fenced', epoch: 4, reason: 'a\nb' } as const].map(log.append))
      await log.close()
      const again = await openControlLog(join(real, 'a', 'b'))
      expect(again.entries).toEqual([...story, { kind: 'fenced', epoch: 4, reason: 'a\nb' }])
      await again.close()
    } finally {
      rmSync(real, { recursive: true, force: true })
    }
  })

  it('keeps every entry before a cut at any byte, and the cut entry never was', async () => {
    const whole = (await tell()).content(path)
    const ends = [...whole.keys()].filter((i) => whole[i] === 10)
    for (let left = (ends[0] as number) + 1; left <= whole.length; left++) {
      const disk = await tell([])
      disk.setContent(path, whole.slice(0, left))
      const log = await openControlLog(directory, { disk })
      const kept = ends.filter((end) => end < left).length - 1
      expect(log.entries).toEqual(story.slice(0, kept))
      expect(log.tornBytes).toBe(left - (ends[kept] as number) - 1)
      await log.append({ kind: 'accepted', epoch: 99 })
      await log.close()
      const again = await openControlLog(directory, { disk })
      expect(again.entries).toEqual([...story.slice(0, kept), { kind: 'accepted', epoch: 99 }])
      expect(again.tornBytes).toBe(0)
    }
  })

  it('never answers a wrong entry after a flipped bit and refuses the log, naming the place', async () => {
    const whole = (await tell()).content(path)
    for (let seed = 1; seed <= 300; seed++) {
      const chance = seededChance(seed)
      const disk = await tell([])
      const bytes = whole.slice()
      // The very last byte is what a cut append lacks; a flip there cannot be told from a cut.
      const offset = chance.below(bytes.length - 1)
      bytes[offset]! ^= 1 << chance.below(8)
      disk.setContent(path, bytes)
      const failure = await failureOf(openControlLog(directory, { disk }))
      expect(failure).toMatchObject({ reaction: 'stop', context: { directory } })
      expect(failure.context.offset, `seed ${seed}`).toBeLessThanOrEqual(offset)
      expect(disk.content(path)).toEqual(bytes)
    }
  })

  it('holds every appended entry after power cuts at any moment', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const chance = seededChance(seed)
      const disk = memoryDisk()
      const power = Promise.withResolvers<never>()
      power.promise.catch(() => {})
      let left = 1 + chance.below(25)
      let after = disk
      disk.before = async () => {
        if (--left > 0) return undefined
        if (after === disk) after = disk.powerCut(chance)
        power.reject(new Error('power cut'))
        return power.promise
      }
      let done = 0
      try {
        const log = await openControlLog(directory, { disk })
        for (const entry of story) {
          await log.append(entry)
          done += 1
        }
      } catch (error) {
        if (after === disk) throw error
      }
      const log = await openControlLog(directory, { disk: after })
      expect(log.entries.length, `seed ${seed}`).toBeGreaterThanOrEqual(done)
      expect(log.entries).toEqual(story.slice(0, log.entries.length))
    }
  })

  it('keeps what it answered at opening after a kill, whatever a power cut then takes', async () => {
    let answered = 0
    for (let seed = 1; seed <= 200; seed++) {
      const chance = seededChance(seed)
      const disk = memoryDisk()
      const killed = Promise.withResolvers<void>()
      const left = { operations: 1 + chance.below(25), disk: null as MemoryDisk | null }
      disk.before = async () => {
        if (--left.operations > 0) return undefined
        left.disk ??= disk.left()
        killed.resolve()
        return new Promise(() => {})
      }
      const life = async (): Promise<void> => {
        const log = await openControlLog(directory, { disk, compactBytes: 1 })
        for (const entry of story) await log.append(entry)
      }
      await Promise.race([life(), killed.promise])
      if (left.disk === null) continue
      const second = await openControlLog(directory, { disk: left.disk })
      const answer = [...second.entries]
      answered += answer.length
      const third = await openControlLog(directory, { disk: left.disk.powerCut(chance) })
      expect(third.entries, `seed ${seed}`).toEqual(answer)
      await second.append(story[0] as ControlEntry)
      const fourth = await openControlLog(directory, { disk: left.disk.powerCut(chance) })
      expect(fourth.entries, `seed ${seed}`).toEqual([...answer, story[0]])
    }
    expect(answered).toBeGreaterThan(200)
  })

  it('calls the probe in the middle of a SEAL and of a RELEASED, and of nothing else', async () => {
    const disk = memoryDisk()
    const seen: string[] = []
    let before = 0
    const log = await openControlLog(directory, {
      disk,
      probe: (step) => {
        expect(disk.content(path).length).toBeGreaterThan(before)
        expect(disk.trail.at(-1)).toBe('write control.log')
        seen.push(step)
      },
    })
    for (const entry of story) {
      before = disk.content(path).length
      await log.append(entry)
      expect(disk.trail.at(-1)).toBe('sync control.log')
    }
    expect(seen).toEqual(['seal', 'release', 'seal', 'release', 'seal', 'release'])
  })

  it('trusts nothing after a failed sync', async () => {
    const disk = memoryDisk()
    const log = await openControlLog(directory, { disk })
    await log.append(story[0]!)
    disk.before = async (operation) => {
      if (operation === 'sync') throw new Error('EIO')
      return undefined
    }
    const failure = await failureOf(log.append(story[1]!))
    expect(failure).toMatchObject({
      kind: 'disk',
      reaction: 'stop',
      context: { entry: 'accepted', epoch: 1 },
    })
    disk.before = async () => undefined
    expect(await failureOf(log.append(story[2]!))).toBe(failure)
    await log.close()
  })

  it('refuses a log of a newer format', async () => {
    const disk = await tell([])
    const json = '{"format":3}'
    disk.setContent(path, new TextEncoder().encode(`${crc32(json).toString(16).padStart(8, '0')} ${json}\n`))
    const failure = await failureOf(openControlLog(directory, { disk }))
    expect(failure).toBeInstanceOf(CryptoFlowError)
    expect(failure).toMatchObject({ kind: 'usage', context: { format: 3 } })
  })
})

describe('compaction', () => {
  const epochs = (last: number): ControlEntry[] =>
    Array.from({ length: last }, (_, i) => i + 1).flatMap((epoch): ControlEntry[] => [
      seal(epoch),
      { kind: 'accepted', epoch },
      { kind: 'released', epoch },
    ])

  it('keeps what recovery and fences need: the last release, two seals, all that is open, every fence', () => {
    const open: ControlEntry[] = [seal(6), { kind: 'accepted', epoch: 6 }, seal(7)]
    const fence: ControlEntry = { kind: 'fenced', epoch: 8, reason: 'a copy' }
    const kept = (entries: ControlEntry[]) =>
      neededEntries(entries).map((entry) => `${entry.kind} ${entry.epoch}`)
    expect(kept([])).toEqual([])
    expect(kept(epochs(1))).toEqual(['seal 1', 'accepted 1', 'released 1'])
    expect(kept(epochs(5)).slice(0, 3)).toEqual(['seal 4', 'accepted 4', 'released 4'])
    expect(kept(epochs(5)).length).toBe(6)
    expect(kept([...epochs(5), ...open, fence])).toEqual([
      'seal 5',
      'accepted 5',
      'released 5',
      'seal 6',
      'accepted 6',
      'seal 7',
      'fenced 8',
    ])
    expect(kept([fence, ...epochs(3), seal(4)])[0]).toBe('fenced 8')
    expect(kept([seal(1), seal(2), seal(3)])).toEqual(['seal 1', 'seal 2', 'seal 3'])
  })

  it('writes a new log in the place of the old, which can be appended to and read', async () => {
    const disk = memoryDisk()
    const log = await openControlLog(directory, { disk })
    for (const entry of epochs(50)) await log.append(entry)
    const before = log.bytes
    const [dropped] = await Promise.all([log.compact(), log.append(seal(51))])
    expect(dropped).toBeGreaterThan(before / 2)
    expect(disk.content(path).length).toBe(log.bytes)
    expect(await log.compact()).toBeGreaterThan(0)
    await log.append({ kind: 'accepted', epoch: 51 })
    await log.close()
    const again = await openControlLog(directory, { disk })
    expect(again.entries).toEqual([...epochs(50).slice(-3), seal(51), { kind: 'accepted', epoch: 51 }])
    await again.close()
  })

  it('happens by itself when a log is large and has doubled, and never makes it forget an open epoch', async () => {
    const disk = memoryDisk()
    const log = await openControlLog(directory, { disk, compactBytes: 3000 })
    await log.append(seal(1))
    for (let epoch = 2; epoch <= 200; epoch++) {
      await log.append(seal(epoch))
      await log.append({ kind: 'accepted', epoch: epoch - 1 })
      await log.append({ kind: 'released', epoch: epoch - 1 })
      expect(log.bytes).toBeLessThan(5000)
    }
    await log.close()
    const again = await openControlLog(directory, { disk })
    expect(again.entries.at(-3)).toEqual(seal(200))
    expect(neededEntries(again.entries).map(({ epoch }) => epoch)).toEqual([199, 200, 199, 199])
    await again.close()
  })

  it('leaves the old log or the new one after a power cut at any moment', async () => {
    const needed = JSON.stringify(neededEntries(epochs(20)))
    const seen = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const chance = seededChance(seed)
      const disk = memoryDisk()
      const log = await openControlLog(directory, { disk })
      for (const entry of epochs(20)) await log.append(entry)
      let left = 1 + chance.below(5)
      let after: MemoryDisk | null = null
      disk.before = async () => {
        if (--left === 0) after = disk.powerCut(chance)
        return undefined
      }
      await log.compact()
      await log.close()
      const found = await openControlLog(directory, { disk: after ?? disk })
      const text = JSON.stringify(found.entries)
      expect([needed, JSON.stringify(epochs(20))], `seed ${seed}`).toContain(text)
      seen.add(text)
      await found.close()
    }
    expect(seen.size).toBe(2)
  })
})

describe('opening', () => {
  const home = { boot: 'b1', host: 'h1', disk: 'd1' }

  it('tells a new log, one at home, and one that was moved, until the owner confirms', async () => {
    const disk = memoryDisk()
    const first = await openControlLog(directory, { disk, home })
    expect(first.opening).toEqual({ isNew: true, isMoved: false, before: null, now: home })
    await first.confirmHome()
    for (const entry of story) await first.append(entry)
    await first.close()
    const same = await openControlLog(directory, { disk, home })
    expect(same.opening).toEqual({ isNew: false, isMoved: false, before: home, now: home })
    expect(same.entries).toEqual(story)
    const writes = disk.trail.length
    await same.confirmHome()
    expect(disk.trail.length).toBe(writes)
    await same.close()
    for (const other of [
      { ...home, boot: 'b2' },
      { ...home, host: 'h2' },
      { ...home, disk: 'd2' },
    ]) {
      // Not confirmed, it stays moved: a crash before the ledger was read must not end the quarantine.
      for (let i = 0; i < 2; i++) {
        const log = await openControlLog(directory, { disk, home: other })
        expect(log.opening).toEqual({ isNew: false, isMoved: true, before: home, now: other })
        await log.append({ kind: 'accepted', epoch: 9 })
        await log.close()
      }
    }
    const moved = await openControlLog(directory, { disk, home: { ...home, host: 'h2' } })
    await moved.confirmHome()
    await moved.append({ kind: 'released', epoch: 9 })
    await moved.close()
    const settled = await openControlLog(directory, { disk, home: { ...home, host: 'h2' } })
    expect(settled.opening.isMoved).toBe(false)
    expect(settled.entries.at(-1)).toEqual({ kind: 'released', epoch: 9 })
    await settled.close()
  })

  it('takes a log of an older version that noted no home for moved, and keeps its format until confirmed', async () => {
    const disk = await tell()
    expect(new TextDecoder().decode(disk.content(path)).slice(9, 21)).toBe('{"format":1}')
    const log = await openControlLog(directory, { disk, home })
    expect(log.opening).toMatchObject({ isNew: false, isMoved: true, before: null })
    await log.confirmHome()
    expect(new TextDecoder().decode(disk.content(path)).slice(9, 21)).toBe('{"format":2}')
    await log.close()
  })

  it('knows this machine: the same directory twice is the same home, a copy of it is another', async () => {
    const real = mkdtempSync(join(tmpdir(), 'cryptoflow-home-'))
    try {
      mkdirSync(join(real, 'a'))
      mkdirSync(join(real, 'b'))
      const home = await readHome(join(real, 'a'))
      expect(home.host).not.toBe('')
      expect(await readHome(join(real, 'a'))).toEqual(home)
      expect((await readHome(join(real, 'b'))).disk).not.toBe(home.disk)
    } finally {
      rmSync(real, { recursive: true, force: true })
    }
  })
})
