import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diskStore } from './disk-store.ts'

const KEY = 'cryptoflow/spot_delta/data/a1b2c3-01KAJ4V8Q2J3S9WZ6T0M5N7XYB-7-spot_delta-0-9f8e.parquet'
const BYTES = Uint8Array.of(1, 2, 3, 4, 5)

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cryptoflow-store-'))
})
afterEach(() => rm(directory, { recursive: true }))

const open = (below = '') => diskStore({ directory: join(directory, below), step: 'file-write' })

describe('the store on a disk', () => {
  it('gives back what was put, at the location it named, with no other file beside it', async () => {
    const store = open()
    await store.put(KEY, BYTES)
    expect(new Uint8Array(await store.get(KEY))).toEqual(BYTES)
    expect(await store.size(KEY)).toBe(5)
    expect(store.location(KEY)).toBe(`file://${directory}/${KEY}`)
    expect(new Uint8Array(await readFile(join(directory, KEY)))).toEqual(BYTES)
    expect(await readdir(join(directory, 'cryptoflow/spot_delta/data'))).toHaveLength(1)
  })

  it('makes its directory', async () => {
    await open('a/b').put('x.parquet', BYTES)
    expect(await readdir(join(directory, 'a/b'))).toEqual(['x.parquet'])
  })

  it('writes a key once, also when the second writer is another process', async () => {
    await open().put(KEY, BYTES)
    const again = open()
    await expect(again.put(KEY, Uint8Array.of(7))).rejects.toMatchObject({ kind: 'disk', reaction: 'reject' })
    expect(new Uint8Array(await again.get(KEY))).toEqual(BYTES)
    expect(await readdir(join(directory, 'cryptoflow/spot_delta/data'))).toHaveLength(1)
  })

  it('lets exactly one of many concurrent writers of a key win', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => open().put(KEY, new Uint8Array(100).fill(i))),
    )
    const won = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []))
    expect(won).toHaveLength(1)
    expect(new Uint8Array(await open().get(KEY))).toEqual(new Uint8Array(100).fill(won[0] as number))
  })

  it('keeps an empty object', async () => {
    const store = open()
    await store.put('empty', new Uint8Array())
    expect(await store.size('empty')).toBe(0)
    expect(await store.get('empty')).toHaveLength(0)
  })

  it('answers null for the size of what is not there and an error for its bytes', async () => {
    const store = open()
    expect(await store.size('absent/x')).toBeNull()
    await expect(store.get('absent/x')).rejects.toMatchObject({ kind: 'disk', context: { code: 'ENOENT' } })
  })

  it('says which file is in the way when a directory cannot be made', async () => {
    await writeFile(join(directory, 'blocked'), 'x')
    await expect(open().put('blocked/x', BYTES)).rejects.toMatchObject({
      kind: 'disk',
      reaction: 'stop',
      message: expect.stringContaining(`${directory}/blocked`),
    })
  })

  it.each([
    ['', 'no name'],
    ['../x', 'climbing out'],
    ['a/../../x', 'climbing out'],
    ['a/./x', 'a dot segment'],
    ['/etc/passwd', 'an absolute path'],
    ['a//x', 'an empty segment'],
    ['a/', 'a directory'],
    ['.hidden', 'the name of a temporary file'],
    ['a\0b', 'NUL'],
    ['a\\b', 'a backslash'],
    ['a\nb', 'a line feed'],
    ['x\n', 'a line feed at the end'],
    ['50%', 'a percent sign'],
    ['测试USDT', 'a symbol from the wire'],
    ['x'.repeat(1_025), 'a key of more than 1,024 characters'],
  ])('refuses the key %j: %s', async (key) => {
    const store = open()
    const refusal = { kind: 'usage', reaction: 'reject' }
    await expect(store.put(key, BYTES)).rejects.toMatchObject(refusal)
    await expect(store.get(key)).rejects.toMatchObject(refusal)
    await expect(store.size(key)).rejects.toMatchObject(refusal)
    expect(() => store.location(key)).toThrow()
    expect(await readdir(directory)).toEqual([])
  })
})
