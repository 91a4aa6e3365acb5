import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CryptoFlowError, type ManualClock, manualClock } from '@cryptoflow/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRotatingFile, type RotatingFile } from './rotating-file.ts'

const DAY_MS = 86_400_000
let folder: string
let path: string
let clock: ManualClock
let file: RotatingFile | null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telemetry-'))
  path = join(folder, 'logs', 'collector.log')
  clock = manualClock(Date.UTC(2024, 10, 21, 10) * 1000)
  file = null
})

afterEach(() => {
  file?.close()
  rmSync(folder, { recursive: true })
})

function opened(options: { rotateBytes?: number; keepDays?: number; keepFiles?: number } = {}): RotatingFile {
  file?.close()
  file = openRotatingFile({ path, clock, rotateBytes: 100, keepDays: 7, keepFiles: 3, ...options })
  return file
}

function names(): string[] {
  return readdirSync(join(folder, 'logs')).sort()
}

function text(name: string): string {
  return readFileSync(join(folder, 'logs', name), 'utf8')
}

/** The file system stamps with its own clock. */
function touch(name: string, us: number): void {
  utimesSync(join(folder, 'logs', name), us / 1e6, us / 1e6)
}

const line = (name: string, bytes = 40): string => `${name.padEnd(bytes - 1, '.')}\n`

test('is closed before the line that would make it too large; no line is lost or torn', () => {
  const log = opened()
  for (const name of ['a', 'b', 'c', 'd', 'e']) expect(log.write(line(name))).toBe(true)
  expect(names()).toEqual([
    'collector.log',
    'collector.log.20241121T100000Z.0',
    'collector.log.20241121T100000Z.1',
  ])
  expect(text('collector.log.20241121T100000Z.0')).toBe(line('a') + line('b'))
  expect(text('collector.log.20241121T100000Z.1')).toBe(line('c') + line('d'))
  expect(text('collector.log')).toBe(line('e'))
})

test('counts bytes, not characters, and the bytes of an earlier process', () => {
  opened().write(line('a', 60))
  touch('collector.log', clock.nowUs())
  opened().write(`${'测'.repeat(13)}\n`)
  touch('collector.log', clock.nowUs())
  opened().write('x\n')
  expect(names()).toEqual(['collector.log', 'collector.log.20241121T100000Z.0'])
  expect(text('collector.log')).toBe('x\n')
})

test('takes a line that is larger than a file', () => {
  const log = opened()
  log.write(line('large', 500))
  log.write(line('a'))
  expect(text('collector.log.20241121T100000Z.0')).toBe(line('large', 500))
})

test('is closed at the first line of a new day', () => {
  const log = opened()
  log.write(line('a'))
  clock.advance(14 * 3_600_000 - 1)
  log.write(line('b'))
  expect(names()).toEqual(['collector.log'])
  clock.advance(1)
  log.write(line('c'))
  expect(names()).toEqual(['collector.log', 'collector.log.20241122T000000Z.0'])
  expect(text('collector.log')).toBe(line('c'))
})

test('of another day is closed when a new process writes its first line', () => {
  opened().write(line('a'))
  touch('collector.log', clock.nowUs())
  clock.advance(DAY_MS)
  opened().write(line('b'))
  expect(text('collector.log')).toBe(line('b'))
  expect(names()).toHaveLength(2)
})

test('keeps the newest closed files only, by time and then by number', () => {
  const log = opened({ rotateBytes: 10, keepFiles: 12 })
  for (let i = 0; i < 30; i++) log.write(line(String(i), 8))
  expect(names()).toHaveLength(13)
  expect(text('collector.log.20241121T100000Z.28')).toBe(line('28', 8))
  expect(text('collector.log.20241121T100000Z.17')).toBe(line('17', 8))
  expect(names()).not.toContain('collector.log.20241121T100000Z.16')
})

test('keeps closed files for some days only, and looks at opening too', () => {
  const log = opened({ keepDays: 2, keepFiles: 99 })
  log.write(line('a', 90))
  log.write(line('b', 90))
  clock.advance(2 * DAY_MS)
  opened({ keepDays: 2, keepFiles: 99 })
  expect(names()).toHaveLength(2)
  clock.advance(1000)
  opened({ keepDays: 2, keepFiles: 99 })
  expect(names()).toEqual(['collector.log'])
})

test('removes nothing that it did not name', () => {
  const others = [
    'collector.log.bak',
    'collector.log.20200101T000000Z',
    'collector.log.20200101T000000Z.x',
    'other.log',
  ]
  const alike = ['xcollector.log.20200101T000000Z.0', 'collector.log.20200101T000000Z.0.gz']
  mkdirSync(join(folder, 'logs', 'collector.log.20200101T000000Z.7'), { recursive: true })
  for (const name of [...others, ...alike]) writeFileSync(join(folder, 'logs', name), 'x')
  symlinkSync(join(folder, 'logs', 'other.log'), join(folder, 'logs', 'collector.log.20200101T000000Z.8'))
  writeFileSync(join(folder, 'logs', 'collector.log.20200101T000000Z.0'), 'x')
  opened({ keepFiles: 1 })
  expect(names()).not.toContain('collector.log.20200101T000000Z.0')
  expect(names()).toEqual(
    expect.arrayContaining([
      ...others,
      ...alike,
      'collector.log.20200101T000000Z.7',
      'collector.log.20200101T000000Z.8',
    ]),
  )
})

test('never overwrites a closed file', () => {
  mkdirSync(join(folder, 'logs'))
  writeFileSync(join(folder, 'logs', 'collector.log.20241121T100000Z.0'), 'kept')
  const log = opened()
  log.write(line('a', 90))
  log.write(line('b', 90))
  expect(text('collector.log.20241121T100000Z.0')).toBe('kept')
  expect(text('collector.log.20241121T100000Z.1')).toBe(line('a', 90))
})

test('a path that cannot be written is an error that names its key', () => {
  writeFileSync(join(folder, 'logs'), 'a file where a folder should be')
  expect(() => opened()).toThrow(CryptoFlowError)
  expect(() => opened()).toThrow('it is set by log.file')
})

test('answers that a line was not taken, and takes the next one when it can', () => {
  const log = opened()
  log.write(line('a', 90))
  rmSync(join(folder, 'logs'), { recursive: true })
  expect(log.write(line('b', 90))).toBe(false)
  mkdirSync(join(folder, 'logs'))
  expect(log.write(line('c', 90))).toBe(true)
  expect(text('collector.log')).toBe(line('c', 90))
  log.close()
  expect(log.write(line('d'))).toBe(false)
})
