import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { openDisk } from './disk.ts'
import { type MemoryFiles, memoryFiles } from './memory-files.ts'

const PATH = '/warehouse/spot_delta/data/one.parquet'
const OLD = Uint8Array.of(9, 9)
const BYTES = Uint8Array.of(1, 2, 3, 4, 5)

/** Whether a disk has hard links decides by which call a new file gets its name. */
const kinds = [
  { kind: 'with hard links', links: true },
  { kind: 'without hard links', links: false },
]

function diskOf(memory: MemoryFiles, links: boolean, probe?: () => void) {
  memory.fault = faultOf(links, () => null)
  const files = memory.files
  return openDisk({ step: 'file-write', files, ...(probe === undefined ? {} : { probe }) })
}

function faultOf(links: boolean, fault: MemoryFiles['fault']): MemoryFiles['fault'] {
  return (call, index) => (call === 'link' && !links ? 'ENOTSUP' : fault(call, index))
}

/** The error of an operation that must fail. */
async function errorOf(work: Promise<unknown>): Promise<CryptoFlowError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CryptoFlowError)
  return error as CryptoFlowError
}

describe.each(kinds)('a disk $kind', ({ links }) => {
  it('keeps a file and its new directories through a power loss as soon as create has returned', async () => {
    const memory = memoryFiles()
    await diskOf(memory, links).create(PATH, BYTES)
    memory.powerLoss()
    expect(memory.content()).toEqual(new Map([[PATH, BYTES]]))
  })

  it('has the whole file or none after a kill or a power loss at any call', async () => {
    const whole = memoryFiles()
    await diskOf(whole, links, () => {}).create(PATH, BYTES)
    let seen = 0
    for (const isPowerLoss of [true, false]) {
      for (let last = 0; last < whole.calls.length; last++) {
        const memory = memoryFiles()
        const disk = diskOf(memory, links, () => {})
        memory.fault = faultOf(links, (_, index) => (index >= last ? 'EIO' : null))
        await disk.create(PATH, BYTES).catch(() => {})
        if (isPowerLoss) memory.powerLoss()
        const found = memory.content().get(PATH)
        if (found !== undefined) {
          expect(found, `killed at ${whole.calls[last]}`).toEqual(BYTES)
          seen += 1
        }
      }
    }
    expect(seen).toBeGreaterThan(0)
  })

  it('leaves nothing behind and says what to do when the disk is full, and takes the file later', async () => {
    const memory = memoryFiles()
    const disk = diskOf(memory, links)
    await disk.create('/warehouse/spot_delta/data/zero.parquet', OLD)
    memory.fault = faultOf(links, (call) => (call === 'write' ? 'ENOSPC' : null))
    const error = await errorOf(disk.create(PATH, BYTES))
    expect(error).toMatchObject({ kind: 'disk', reaction: 'retry', context: { path: PATH, code: 'ENOSPC' } })
    expect(error.message).toContain(PATH)
    expect(error.message).toContain('free space')
    expect([...memory.content().keys()]).toEqual(['/warehouse/spot_delta/data/zero.parquet'])
    memory.fault = faultOf(links, () => null)
    await disk.create(PATH, BYTES)
    expect(await disk.read(PATH)).toEqual(BYTES)
  })

  it('refuses a name that is taken and leaves the older file as it is', async () => {
    const memory = memoryFiles()
    const disk = diskOf(memory, links)
    await disk.create(PATH, OLD)
    const error = await errorOf(disk.create(PATH, BYTES))
    expect(error).toMatchObject({ kind: 'disk', reaction: 'reject', context: { code: 'EEXIST' } })
    expect(memory.content()).toEqual(new Map([[PATH, OLD]]))
  })

  it('writes on when a write takes only a part', async () => {
    const memory = memoryFiles()
    const disk = diskOf(memory, links)
    memory.writeMax = 2
    await disk.create(PATH, BYTES)
    expect(memory.content()).toEqual(new Map([[PATH, BYTES]]))
  })
})

describe('a disk', () => {
  it('calls the probe once in every write, half of the bytes written and no name given yet', async () => {
    const memory = memoryFiles()
    const seen: number[] = []
    const disk = openDisk({
      step: 'manifest-write',
      files: memory.files,
      probe: (step) => {
        expect(step).toBe('manifest-write')
        expect(memory.content().has(PATH)).toBe(false)
        seen.push([...memory.content().values()][0]?.length ?? -1)
      },
    })
    await disk.create(PATH, BYTES)
    expect(seen).toEqual([2])
  })

  it('replaces a file in one step: after a power loss at any call one of the two is there', async () => {
    const path = '/table/version-hint.text'
    const whole = memoryFiles()
    const first = openDisk({ step: 'manifest-write', files: whole.files })
    await first.create(path, OLD)
    const before = whole.calls.length
    await first.replace(path, BYTES)
    whole.powerLoss()
    expect(whole.content()).toEqual(new Map([[path, BYTES]]))
    for (let last = before; last < whole.calls.length; last++) {
      const memory = memoryFiles()
      const disk = openDisk({ step: 'manifest-write', files: memory.files })
      await disk.create(path, OLD)
      memory.fault = (_, index) => (index >= last ? 'EIO' : null)
      await disk.replace(path, BYTES).catch(() => {})
      memory.powerLoss()
      expect([OLD, BYTES]).toContainEqual(memory.content().get(path))
    }
  })

  it('removes a file for good, and finds no fault with one that is gone', async () => {
    const memory = memoryFiles()
    const disk = openDisk({ step: 'file-write', files: memory.files })
    await disk.create(PATH, BYTES)
    await disk.remove(PATH)
    memory.powerLoss()
    expect(memory.content().size).toBe(0)
    await disk.remove(PATH)
  })

  it('stops at a failed fsync of the file, gives it no name and does not try again', async () => {
    const memory = memoryFiles()
    const disk = openDisk({ step: 'file-write', files: memory.files })
    await disk.create('/warehouse/spot_delta/data/zero.parquet', OLD)
    const before = memory.calls.length
    memory.fault = (call) => (call === 'sync' ? 'EIO' : null)
    const error = await errorOf(disk.create(PATH, BYTES))
    expect(error).toMatchObject({ kind: 'disk', reaction: 'stop', context: { code: 'EIO' } })
    expect(memory.calls.slice(before).filter((call) => call.startsWith('sync'))).toHaveLength(1)
    expect(memory.content().has(PATH)).toBe(false)
  })

  it('reports a failed fsync of the directory as unknown, not as written', async () => {
    const memory = memoryFiles()
    const disk = openDisk({ step: 'file-write', files: memory.files })
    await disk.create('/warehouse/spot_delta/data/zero.parquet', OLD)
    let syncs = 0
    memory.fault = (call) => (call === 'sync' && ++syncs === 2 ? 'EIO' : null)
    expect(await errorOf(disk.create(PATH, BYTES))).toMatchObject({ kind: 'disk', reaction: 'stop' })
    expect(syncs).toBe(2)
  })

  it('makes a directory durable that it found, for its maker may have died too early', async () => {
    const memory = memoryFiles()
    await memory.files.mkdir('/warehouse')
    await openDisk({ step: 'file-write', files: memory.files }).create('/warehouse/one.parquet', BYTES)
    memory.powerLoss()
    expect(memory.content()).toEqual(new Map([['/warehouse/one.parquet', BYTES]]))
  })

  it('writes below a directory whose parent it may not open', async () => {
    const memory = memoryFiles()
    await memory.files.mkdir('/warehouse')
    const { open } = memory.files
    const files = {
      ...memory.files,
      open: (async (path: string, flags: string) => {
        if (path === '/') throw Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' })
        return open(path, flags)
      }) as typeof open,
    }
    await openDisk({ step: 'file-write', files }).create('/warehouse/data/one.parquet', BYTES)
    expect(memory.content().has('/warehouse/data/one.parquet')).toBe(true)
  })

  it('names the path and the remedy when it lacks permission', async () => {
    const memory = memoryFiles()
    memory.fault = (call) => (call === 'mkdir' ? 'EACCES' : null)
    const error = await errorOf(openDisk({ step: 'file-write', files: memory.files }).create(PATH, BYTES))
    expect(error).toMatchObject({ kind: 'disk', reaction: 'stop', context: { path: '/warehouse' } })
    expect(error.message).toContain('making the directory /warehouse: no permission; give the user')
  })

  it('makes a directory that two writers want at once', async () => {
    const memory = memoryFiles()
    const disk = openDisk({ step: 'file-write', files: memory.files })
    const paths = Array.from({ length: 8 }, (_, i) => `/warehouse/a/b/${i}.parquet`)
    await Promise.all(paths.map((path) => disk.create(path, BYTES)))
    memory.powerLoss()
    expect([...memory.content().keys()].sort()).toEqual(paths)
  })

  it('makes a directory again that was taken away, at the next try', async () => {
    const memory = memoryFiles()
    const disk = openDisk({ step: 'file-write', files: memory.files })
    await disk.create('/warehouse/data/zero.parquet', OLD)
    await memory.files.rename('/warehouse', '/moved')
    await errorOf(disk.create('/warehouse/data/one.parquet', BYTES))
    await disk.create('/warehouse/data/one.parquet', BYTES)
    memory.powerLoss()
    expect(memory.content().get('/warehouse/data/one.parquet')).toEqual(BYTES)
  })

  it('lets the error of a probe through untouched', async () => {
    const planted = new Error('planted')
    const disk = openDisk({
      step: 'file-write',
      files: memoryFiles().files,
      probe: () => {
        throw planted
      },
    })
    await expect(disk.create(PATH, BYTES)).rejects.toBe(planted)
  })
})
