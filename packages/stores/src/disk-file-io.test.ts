import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diskFileIO } from './disk-file-io.ts'
import { fileLocation, filePath } from './locations.ts'
import { memoryFiles } from './memory-files.ts'

const BYTES = Uint8Array.of(1, 2, 3)

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cryptoflow file io 测试-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('table files on a disk', () => {
  it('are read from the location they were written to, with blanks and letters of any language', async () => {
    const io = diskFileIO()
    const location = `${fileLocation(directory)}/ticks/metadata/00000-a.metadata.json`
    await io.write(location, BYTES)
    expect(new Uint8Array(await io.read(location))).toEqual(BYTES)
    expect(await readdir(join(directory, 'ticks/metadata'))).toEqual(['00000-a.metadata.json'])
  })

  it('are found by the same location written as a URL', async () => {
    const io = diskFileIO()
    await io.write(`${pathToFileURL(directory).href}/snap.avro`, BYTES)
    expect(new Uint8Array(await io.read(`${fileLocation(directory)}/snap.avro`))).toEqual(BYTES)
  })

  it('are never written over', async () => {
    const io = diskFileIO()
    const location = `${fileLocation(directory)}/snap.avro`
    await io.write(location, BYTES)
    await expect(io.write(location, Uint8Array.of(4))).rejects.toMatchObject({
      kind: 'disk',
      reaction: 'reject',
    })
    expect(new Uint8Array(await io.read(location))).toEqual(BYTES)
  })

  it('have one pointer among them that is replaced: the version hint', async () => {
    const io = diskFileIO()
    const location = `${fileLocation(directory)}/metadata/version-hint.text`
    await io.write(location, BYTES)
    await io.write(location, Uint8Array.of(4))
    expect(new Uint8Array(await io.read(location))).toEqual(Uint8Array.of(4))
    expect(await readdir(join(directory, 'metadata'))).toEqual(['version-hint.text'])
  })

  it('are removed once and for all', async () => {
    const io = diskFileIO()
    const location = `${fileLocation(directory)}/snap.avro`
    await io.write(location, BYTES)
    await io.remove(location)
    await io.remove(location)
    await expect(io.read(location)).rejects.toMatchObject({ kind: 'disk', context: { code: 'ENOENT' } })
  })

  it('survive a power loss as soon as write has returned, and the probe hears of each', async () => {
    const memory = memoryFiles()
    const steps: string[] = []
    const io = diskFileIO({ files: memory.files, probe: (step) => steps.push(step) })
    await io.write('file:///w/ticks/metadata/snap.avro', BYTES)
    memory.powerLoss()
    expect(memory.content()).toEqual(new Map([['/w/ticks/metadata/snap.avro', BYTES]]))
    expect(steps).toEqual(['manifest-write'])
  })
})

describe('a location', () => {
  it.each([
    ['/srv/warehouse/x.parquet', 'file:///srv/warehouse/x.parquet'],
    ['/srv/my data/x.parquet', 'file:///srv/my data/x.parquet'],
    ['/srv/数据/x.parquet', 'file:///srv/数据/x.parquet'],
  ])('of %s is spelled as the path is', (path, location) => {
    expect(fileLocation(path)).toBe(location)
    expect(filePath(location)).toBe(path)
  })

  it.each([
    ['file:///srv/my%20data/x', '/srv/my data/x'],
    ['file:///srv/%E6%95%B0/x', '/srv/数/x'],
    ['file:///srv/100%25/x', '/srv/100%/x'],
    ['file:/srv/x', '/srv/x'],
  ])('%s is read as %s', (location, path) => {
    expect(filePath(location)).toBe(path)
  })

  it.each([
    's3://bucket/x',
    '/srv/x',
    'file://host/srv/x',
    'file:////srv/x',
    'file:///',
    'file:///srv/../etc/passwd',
    'file:///srv/%2e%2e/etc/passwd',
    'file:///srv/a%2fb',
    'file:///srv/a%00b',
    'file:///srv/a\0b',
    'file:///srv/100%',
    'file:///srv/x?version=1',
    'file:///srv/x#part',
    'FILE:///srv/x',
    '',
  ])('%j is refused', (location) => {
    expect(() => filePath(location)).toThrow(expect.objectContaining({ kind: 'usage', reaction: 'reject' }))
  })

  it.each(['/srv/100%', '/srv/a?b', '/srv/a#b', '/srv/*', '/srv/[a]', '/srv/a\\b', '/srv/a\nb'])(
    'is not given to %j, which readers of tables would take for different things',
    (path) => {
      expect(() => fileLocation(path)).toThrow(expect.objectContaining({ kind: 'config' }))
    },
  )
})
