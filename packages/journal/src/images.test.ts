import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { dropImages, readImage, writeImage } from './images.ts'
import { failureOf, randomPayload } from './testing/journals.ts'
import { memoryDisk } from './testing/memory-disk.ts'

const directory = '/journal'
const image = (text: string) => new TextEncoder().encode(text)

describe('images', () => {
  it('are found again by the hash of their bytes, and dropped but for those to keep', async () => {
    const real = mkdtempSync(join(tmpdir(), 'cryptoflow-images-'))
    try {
      const one = await writeImage(real, image('one'))
      expect(one).toBe(createHash('sha256').update('one').digest('hex'))
      const two = await writeImage(real, image('two'))
      expect(await writeImage(real, image('one'))).toBe(one)
      expect(await readImage(real, one)).toEqual(image('one'))
      await dropImages(real, [two])
      expect(readdirSync(join(real, 'images'))).toEqual([`${two}.image`])
      expect(await failureOf(readImage(real, one))).toMatchObject({ kind: 'disk', context: { hash: one } })
      expect(await readImage(real, two)).toEqual(image('two'))
    } finally {
      rmSync(real, { recursive: true, force: true })
    }
  })

  it('are whole or not there after a power cut, and there once written', async () => {
    let missing = 0
    for (let seed = 1; seed <= 200; seed++) {
      const chance = seededChance(seed)
      const disk = memoryDisk()
      const bytes = randomPayload(chance, 3_000)
      const moment = 1 + chance.below(7)
      let left = moment
      let after = disk
      disk.before = async () => {
        if (--left > 0) return undefined
        after = disk.powerCut(chance)
        throw new Error('power cut')
      }
      const hash = await writeImage(directory, bytes, () => {}, disk).catch(() => null)
      if (hash !== null) after = disk.powerCut(chance)
      const name = `/journal/images/${createHash('sha256').update(bytes).digest('hex')}.image`
      const found = await after.readWhole(name)
      if (found === null) missing += 1
      else expect(found).toEqual(bytes)
      if (hash !== null) expect(found).toEqual(bytes)
    }
    expect(missing).toBeGreaterThan(50)
  })

  it('call the probe with half of the bytes written', async () => {
    const disk = memoryDisk()
    const seen: [string, number][] = []
    const bytes = new Uint8Array(1_000)
    const name = `/journal/images/${createHash('sha256').update(bytes).digest('hex')}.image.tmp`
    await writeImage(directory, bytes, (step) => seen.push([step, disk.content(name).length]), disk)
    expect(seen).toEqual([['image-write', 500]])
  })

  it('are refused when their content changed or their name is no hash', async () => {
    const disk = memoryDisk()
    const hash = await writeImage(directory, image('one'), undefined, disk)
    disk.setContent(`${directory}/images/${hash}.image`, image('two'))
    expect((await failureOf(readImage(directory, hash, disk))).message).toContain('another content')
    expect((await failureOf(readImage(directory, '../../identity.json', disk))).message).toContain('no hash')
  })

  it('leave nothing of a cut write behind after a drop', async () => {
    const disk = memoryDisk()
    const cut = writeImage(
      directory,
      image('one'),
      () => {
        throw new Error('killed')
      },
      disk,
    )
    await expect(cut).rejects.toThrow('killed')
    expect(disk.files('/journal/images').length).toBe(1)
    await dropImages(directory, [], disk)
    expect(disk.files('/journal/images')).toEqual([])
  })
})
