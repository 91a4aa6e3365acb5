import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { ControlEntry, EpochRequest } from '@cryptoflow/model'
import { CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { openControlLog } from './control-log.ts'
import { failureOf } from './testing/journals.ts'
import { memoryDisk } from './testing/memory-disk.ts'

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
    const json = '{"format":2}'
    disk.setContent(path, new TextEncoder().encode(`${crc32(json).toString(16).padStart(8, '0')} ${json}\n`))
    const failure = await failureOf(openControlLog(directory, { disk }))
    expect(failure).toBeInstanceOf(CryptoFlowError)
    expect(failure).toMatchObject({ kind: 'usage', context: { format: 2 } })
  })
})
