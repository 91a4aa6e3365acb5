import { describe, expect, it } from 'vitest'
import { keepAnchor, listAnchors, readAnchor } from './anchors.ts'
import { dropImages, writeImage } from './images.ts'
import { failureOf } from './testing/journals.ts'
import { memoryDisk } from './testing/memory-disk.ts'

const directory = '/journal'
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('anchors', () => {
  it('outlive the images that they were made of', async () => {
    const disk = memoryDisk()
    const image = await writeImage(directory, bytesOf('state'), undefined, disk)
    await keepAnchor(directory, { day: 20_000, to: 7, image }, disk)
    await dropImages(directory, [], disk)
    const anchors = await listAnchors(directory, disk)
    expect(anchors).toEqual([{ day: 20_000, to: 7, image }])
    for (const anchor of anchors) expect(await readAnchor(directory, anchor, disk)).toEqual(bytesOf('state'))
  })

  it('are the last nine, in the order of their records', async () => {
    const disk = memoryDisk()
    const image = await writeImage(directory, bytesOf('state'), undefined, disk)
    for (let day = 1; day <= 12; day++) await keepAnchor(directory, { day, to: day * 100, image }, disk)
    const anchors = await listAnchors(directory, disk)
    expect(anchors.map(({ to }) => to)).toEqual([400, 500, 600, 700, 800, 900, 1000, 1100, 1200])
  })

  it('are refused when they are not what was written', async () => {
    const disk = memoryDisk()
    const image = await writeImage(directory, bytesOf('state'), undefined, disk)
    const other = await writeImage(directory, bytesOf('other'), undefined, disk)
    await keepAnchor(directory, { day: 1, to: 1, image }, disk)
    const wrong = { day: 1, to: 1, image: other }
    await disk.rename(`/journal/anchors/1-1-${image}.image`, `/journal/anchors/1-1-${other}.image`)
    expect(await failureOf(readAnchor(directory, wrong, disk))).toMatchObject({ kind: 'disk' })
  })
})
