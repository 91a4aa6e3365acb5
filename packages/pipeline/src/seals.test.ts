import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeImage } from '@cryptoflow/journal'
import { afterAll, expect, it } from 'vitest'
import { openSeals } from './seals.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-seals-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('keeps the state at the last release and all later ones, 64 at most, and says from where rows can be made again', async () => {
  let released = 0
  const seals = openSeals(folder, [], undefined, () => released)
  const add = async (epoch: number): Promise<void> => {
    const image = await writeImage(folder, new TextEncoder().encode(`state ${epoch}`))
    const range = { from: epoch * 10 - 9, to: epoch * 10, sealedAtMs: 0 }
    const request = { writer: 'w', epoch, ...range, tables: {}, progress: {}, version: 'test' }
    await seals.add(request, image)
    expect(readdirSync(join(folder, 'images')).length).toBe(seals.states().length)
  }
  const kept = (): number[] => seals.states().map(({ to }) => to / 10)
  for (let epoch = 1; epoch <= 70; epoch++) await add(epoch)
  expect(kept()).toEqual([1, ...Array.from({ length: 63 }, (_, i) => i + 8)])
  expect(seals.baseTo()).toBe(0)
  // The states of epochs 2 to 7 are gone: what follows the first one is still needed, released or not.
  released = 5
  expect(seals.baseTo()).toBe(10)
  released = 60
  expect(seals.baseTo()).toBe(600)
  await add(71)
  expect(kept()).toEqual([60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71])
  released = 71
  await add(72)
  expect(kept()).toEqual([71, 72])
  await add(73)
  released = 73
  await add(74)
  expect(kept()).toEqual([73, 74])
  expect(seals.baseTo()).toBe(730)
})
