import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SealEntry } from '@cryptoflow/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openControlLog } from './control-log.ts'
import { readSealedRequests } from './sealed-requests.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function seal(epoch: number): SealEntry {
  const to = 10 * epoch
  const request = { writer: 'w', epoch, from: to, to, tables: {}, progress: {}, sealedAtMs: 0, version: '0' }
  return { kind: 'seal', epoch, from: to, to, request, hash: '', image: '' }
}

describe('what is sealed and not released', () => {
  const epochs = async (): Promise<number[]> => (await readSealedRequests(folder)).map(({ epoch }) => epoch)

  it('is told beside the writer of the log', async () => {
    expect(await epochs()).toEqual([])
    const log = await openControlLog(folder)
    for (const epoch of [1, 2, 3]) await log.append(seal(epoch))
    await log.append({ kind: 'accepted', epoch: 1 })
    await log.append({ kind: 'released', epoch: 1 })
    expect(await epochs()).toEqual([2, 3])
    appendFileSync(join(folder, 'control.log'), '00000000 {"kind":"released","epoch":2')
    expect(await epochs()).toEqual([2, 3])
    await log.close()
  })

  it('is unknown when the log is damaged', async () => {
    const path = join(folder, 'control.log')
    const log = await openControlLog(folder)
    for (const epoch of [1, 2]) await log.append(seal(epoch))
    await log.close()
    writeFileSync(path, readFileSync(path, 'utf8').replace('"epoch":1,"from":10', '"epoch":1,"from":11'))
    await expect(readSealedRequests(folder)).rejects.toThrow('found damage')
  })
})
