import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SealEntry } from '@cryptoflow/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openControlLog } from './control-log.ts'
import { readEpochStanding } from './epoch-standing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function seal(epoch: number, to: number): SealEntry {
  const request = { writer: 'w', epoch, from: to, to, tables: {}, progress: {}, sealedAtMs: 0, version: '0' }
  return { kind: 'seal', epoch, from: to, to, request, hash: '', image: '' }
}

describe('how far the epochs of a writer are', () => {
  it('is the end of the last released epoch, not of the last sealed one', async () => {
    expect((await readEpochStanding(folder)).releasedTo).toBe(0)
    const log = await openControlLog(folder)
    await log.append(seal(1, 10))
    expect((await readEpochStanding(folder)).releasedTo).toBe(0)
    await log.append({ kind: 'accepted', epoch: 1 })
    await log.append({ kind: 'released', epoch: 1 })
    await log.append(seal(2, 20))
    await log.append({ kind: 'accepted', epoch: 2 })
    expect(await readEpochStanding(folder)).toEqual({ pending: 1, releasedTo: 10 })
    await log.append({ kind: 'released', epoch: 2 })
    await log.close()
    expect(await readEpochStanding(folder)).toEqual({ pending: 0, releasedTo: 20 })
  })

  it('never grows by a line that is cut or damaged', async () => {
    const path = join(folder, 'control.log')
    const log = await openControlLog(folder)
    for (const epoch of [1, 2]) {
      await log.append(seal(epoch, 10 * epoch))
      await log.append({ kind: 'released', epoch })
    }
    await log.close()
    const whole = readFileSync(path, 'utf8')
    appendFileSync(path, '00000000 {"kind":"seal","epoch":3,"to":99')
    expect((await readEpochStanding(folder)).releasedTo).toBe(20)
    appendFileSync(path, '}\n00000000 {"kind":"released","epoch":3}\n')
    expect((await readEpochStanding(folder)).releasedTo).toBe(20)
    writeFileSync(path, whole.replace('"epoch":2,"from":20,"to":20', '"epoch":2,"from":20,"to":90'))
    expect((await readEpochStanding(folder)).releasedTo).toBe(10)
  })
})
