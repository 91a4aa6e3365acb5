import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { lockFile, readEpochStanding } from '@cryptoflow/journal'
import type { DataFileOffer } from '@cryptoflow/model'
import { manualClock } from '@cryptoflow/runtime'
import { diskStore } from '@cryptoflow/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import { moveWarehouse } from './move.ts'
import { openPublisher, settle } from './publisher.ts'
import { tableFiles, warehouseAt, warehouseOrigin } from './warehouse.ts'

const WRITER = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const clock = manualClock()
let folder: string
const placeOf = (name: string): string => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A warehouse of one replay with an epoch in its tables, and so many more that are sealed only. */
async function makeWarehouse(name: string, pending = 0): Promise<void> {
  const warehouse = warehouseAt(placeOf(name))
  const publisher = await openPublisher(
    {
      writer: WRITER,
      name: 'test',
      warehouseDirectory: warehouse.directory,
      controlDirectory: warehouse.replayDirectory(WRITER),
      board: openBoard().shared,
      drill: null,
    },
    0,
  )
  await publisher.resume(null)
  for (let epoch = 1; epoch <= 1 + pending; epoch++) {
    const tables = { ticks: [await offer(warehouse.directory, epoch)] }
    const request = {
      writer: WRITER,
      epoch,
      from: epoch,
      to: epoch,
      tables,
      progress: {},
      sealedAtMs: 0,
      version: '0',
    }
    await publisher.submit(request, '')
    if (epoch === 1) await settle(publisher)
  }
  await publisher.close()
}

async function offer(directory: string, number: number): Promise<DataFileOffer> {
  const store = diskStore({ directory, step: 'file-write' })
  const key = `cryptoflow/ticks/data/${number}.parquet`
  await store.put(key, new Uint8Array(8))
  return {
    location: store.location(key),
    bytes: 8,
    rows: 1,
    partition: [480_000, 'x'],
    valueCounts: {},
    nullCounts: {},
    lowerBounds: {},
    upperBounds: {},
    splitOffsets: [],
    schemaId: 0,
    specId: 0,
  }
}

const move = (from: string, to: string) =>
  moveWarehouse({ from: placeOf(from), to: placeOf(to), clock, onProgress: () => {} })
const filesOf = async (name: string): Promise<string[]> =>
  ((await tableFiles(warehouseAt(placeOf(name)), clock)).get('ticks') ?? []).toSorted()

describe('a warehouse that moves', () => {
  it('is renamed and names its own files, when nothing lies in the new place', async () => {
    await makeWarehouse('old')
    mkdirSync(placeOf('new'))
    expect(await move('old', 'new')).toMatchObject({
      wasRenamed: true,
      tables: expect.arrayContaining(['ticks']),
    })
    expect(existsSync(placeOf('old'))).toBe(false)
    expect(await filesOf('new')).toEqual([placeOf('new/cryptoflow/ticks/data/1.parquet')])
    expect(await move('old', 'new')).toEqual({ wasRenamed: false, tables: [], files: 0 })
  })

  it('commits what was sealed in the old place, which it could not name in the new one', async () => {
    await makeWarehouse('old', 2)
    await move('old', 'new')
    expect(await filesOf('new')).toEqual(
      [1, 2, 3].map((n) => placeOf(`new/cryptoflow/ticks/data/${n}.parquet`)),
    )
    const home = warehouseAt(placeOf('new')).replayDirectory(WRITER)
    expect(await readEpochStanding(home)).toEqual({ pending: 0, releasedTo: 3 })
  })

  it('is refused for every reader and writer until it was moved by the command, where somebody else moved it', async () => {
    await makeWarehouse('old')
    renameSync(placeOf('old'), placeOf('new'))
    expect(warehouseOrigin(warehouseAt(placeOf('new')))).toBe(placeOf('old'))
    const command = `cryptoflow warehouse move ${placeOf('old')} ${placeOf('new')}`
    await expect(filesOf('new')).rejects.toThrow(command)
    await expect(makeWarehouse('new')).rejects.toThrow(command)
    expect(existsSync(placeOf('old'))).toBe(false)
    expect(await move('old', 'new')).toMatchObject({ wasRenamed: false })
    expect(await filesOf('new')).toHaveLength(1)
  })

  it('may be a copy, which leaves its origin alone', async () => {
    await makeWarehouse('old')
    cpSync(placeOf('old'), placeOf('new'), { recursive: true })
    await move('old', 'new')
    expect(await filesOf('old')).toEqual([placeOf('old/cryptoflow/ticks/data/1.parquet')])
    rmSync(placeOf('old'), { recursive: true })
    expect(await filesOf('new')).toEqual([placeOf('new/cryptoflow/ticks/data/1.parquet')])
  })

  it('goes back where it was when what is sealed names the old place', async () => {
    await makeWarehouse('old', 1)
    renameSync(placeOf('old'), placeOf('new'))
    await expect(move('old', 'new')).rejects.toThrow('put the directory back there')
    renameSync(placeOf('new'), placeOf('old'))
    await move('old', 'new')
    expect(await filesOf('new')).toHaveLength(2)
  })

  it('is the same under another name of the same directory', async () => {
    await makeWarehouse('old')
    symlinkSync(placeOf('old'), placeOf('link'))
    expect(warehouseOrigin(warehouseAt(placeOf('link')))).toBeNull()
    expect(await filesOf('link')).toHaveLength(1)
  })
})

describe('a move is refused', () => {
  it('while a process writes either place', async () => {
    await makeWarehouse('old')
    const lockIn = (name: string) =>
      lockFile(join(warehouseAt(placeOf(name)).replayDirectory(WRITER), 'lock.db'))
    const unlock = lockIn('old')
    await expect(move('old', 'new')).rejects.toThrow('another process')
    expect(existsSync(placeOf('old'))).toBe(true)
    cpSync(placeOf('old'), placeOf('new'), { recursive: true })
    await expect(move('old', 'new')).rejects.toThrow('another process')
    unlock()
    const unlockNew = lockIn('new')
    await expect(move('old', 'new')).rejects.toThrow('another process')
    unlockNew()
    expect(await move('old', 'new')).toMatchObject({ wasRenamed: false })
  })

  it.each<[string, string, string]>([
    ['into itself', 'old', 'old/inside'],
    ['out of itself', 'old', '.'],
    ['to where it is', 'old', 'old'],
    ['onto what is somebody’s', 'old', 'taken'],
    ['from where nothing is', 'none', 'new'],
    ['to a path that readers understand differently', 'old', 'a%b'],
  ])('%s', async (_, from, to) => {
    await makeWarehouse('old')
    mkdirSync(placeOf('taken'))
    writeFileSync(placeOf('taken/x'), '')
    await expect(move(from, to)).rejects.toThrow()
    expect(readdirSync(dirname(placeOf('old'))).toSorted()).toEqual(['old', 'taken'])
    expect(await filesOf('old')).toHaveLength(1)
  })
})
