import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type ConnectNote, decodeNote, encodeAnswer, encodeNote, RecordKind } from '@cryptoflow/model'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CaptureLine } from './capture-file.ts'
import { exportCapture } from './export-capture.ts'
import { importCapture } from './import-capture.ts'
import { catJournal, verifyJournal } from './inspect.ts'
import { DIRECTORY, failureOf, listOf, openOn, randomPayload } from './testing/journals.ts'
import { memoryDisk } from './testing/memory-disk.ts'

const startUs = 1_600_000_000_000_000
const bytes = (text: string) => new TextEncoder().encode(text)
const note: ConnectNote = {
  exchange: 'somewhere',
  market: 'linear',
  subscriptions: [{ symbol: '测试USDT', stream: 'trades' }],
}

let directory = ''
let path = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryptoflow-capture-'))
  path = join(directory, 'out.jsonl.zst')
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

const linesOf = () =>
  zstdDecompressSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): CaptureLine => JSON.parse(line))

const writeLines = (lines: readonly object[]) =>
  writeFileSync(path, zstdCompressSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')))

/** A journal with two connections, answers, texts of every kind and bytes that are no text. */
async function build() {
  const disk = memoryDisk()
  const journal = await openOn(disk, { clock: manualClock(startUs), compression: 'zstd' })
  const chance = seededChance(4)
  const payloads = [
    bytes('{"a":1}'),
    bytes('\u{feff}with a mark, \u2028 breaks \u2029, \n, \0, \\ and " in it, 测试 💥'),
    Uint8Array.of(0xff, 0xfe, 0, 0xc3),
    new Uint8Array(0),
    ...Array.from({ length: 50 }, () => randomPayload(chance, 300)),
  ]
  const connections = [1, 2].map(() => journal.append(RecordKind.connect, 0, startUs, encodeNote(note)))
  payloads.forEach((payload, i) => {
    journal.append(RecordKind.frame, connections[i % 2] as number, startUs + i * 7, payload)
    journal.append(RecordKind.clock, 0, startUs + i * 7, new Uint8Array(0))
  })
  const context = {
    exchange: 'somewhere',
    market: 'linear',
    symbol: 'A',
    stream: 'book',
    resync: 3,
    status: 200,
  } as const
  journal.append(RecordKind.answer, 0, startUs + 1000, encodeAnswer(context, bytes('{"bids":[]}')))
  await journal.close()
  return { disk, connections, payloads }
}

const essentials = async (options: Parameters<typeof catJournal>[1]) => {
  const kinds = [RecordKind.frame, RecordKind.answer]
  const records = await listOf(catJournal(DIRECTORY, { ...options, kinds }))
  return records.map(({ kind, receivedUs, payload }) => [
    kind,
    receivedUs,
    Buffer.from(payload).toString('hex'),
  ])
}

describe('exportCapture', () => {
  it('writes one exact line per frame and answer', async () => {
    const { disk, connections, payloads } = await build()
    const report = await exportCapture(DIRECTORY, path, { disk })
    expect(report).toEqual({ frames: payloads.length, answers: 1, unnamedFrames: 0 })
    expect(readdirSync(directory)).toEqual(['out.jsonl.zst'])
    const lines = linesOf()
    expect(lines[0]).toEqual({
      exchange: 'somewhere',
      market: 'linear',
      transport: 'ws',
      conn: String(connections[0]),
      recv_ts_us: startUs,
      url: null,
      raw: '{"a":1}',
      subscriptions: note.subscriptions,
    })
    const ws = lines.filter(({ transport }) => transport === 'ws')
    const raw = ws.map((line) => Buffer.from(line.raw, line.encoding ?? 'utf8').toString('hex'))
    expect(raw).toEqual(payloads.map((payload) => Buffer.from(payload).toString('hex')))
    expect(ws[2]).toMatchObject({ raw: '//4Aww==', encoding: 'base64' })
    expect(ws.filter(({ subscriptions }) => subscriptions !== undefined).length).toBe(2)
    expect(lines.at(-1)).toMatchObject({ transport: 'rest', raw: '{"bids":[]}', recv_ts_us: startUs + 1000 })
    // Readers that take these for line breaks find one object per line all the same.
    expect(zstdDecompressSync(readFileSync(path)).toString('utf8')).not.toMatch(/[\u2028\u2029]/)
  })

  it('exports a range, and counts frames whose connection nobody knows any more', async () => {
    const { disk, connections } = await build()
    expect(await exportCapture(DIRECTORY, path, { disk, from: 6, to: 9 })).toMatchObject({
      frames: 2,
      answers: 0,
    })
    expect(linesOf()[0]?.subscriptions).toEqual(note.subscriptions)
    const other = memoryDisk()
    const journal = await openOn(other)
    journal.append(RecordKind.frame, 1, startUs, bytes('late'))
    await journal.close()
    expect(await exportCapture(DIRECTORY, path, { disk: other })).toEqual({
      frames: 0,
      answers: 0,
      unnamedFrames: 1,
    })
    expect(connections.length).toBe(2)
  })

  it('leaves no file when the journal cannot be read to its end', async () => {
    const { disk } = await build()
    const segment = disk.files(`${DIRECTORY}/segments`)[0] as string
    const harmed = disk.content(segment)
    harmed[200]! ^= 1
    disk.setContent(segment, harmed)
    await disk.remove(`${DIRECTORY}/identity.json`)
    expect((await failureOf(exportCapture(DIRECTORY, path, { disk }))).kind).toBe('usage')
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('importCapture', () => {
  const clock = manualClock()
  const options = { directory: DIRECTORY, clock, version: 'test' }

  it.each(['none', 'zstd'] as const)(
    'gives back what was exported, in order, with its times: %s',
    async (compression) => {
      const { disk } = await build()
      await exportCapture(DIRECTORY, path, { disk })
      const copy = memoryDisk()
      const report = await importCapture(path, { ...options, compression, disk: copy })
      expect(report).toMatchObject({ frames: 54, answers: 1, unnamedAnswers: 0, lastRecord: 59 })
      expect(await essentials({ disk: copy })).toEqual(await essentials({ disk }))
      const [first, last] = [1, report.lastRecord]
      const ends = await listOf(
        catJournal(DIRECTORY, { disk: copy, kinds: [RecordKind.start, RecordKind.stop] }),
      )
      expect(ends.map(({ number }) => number)).toEqual([first, last])
      const connects = await listOf(catJournal(DIRECTORY, { disk: copy, kinds: [RecordKind.connect] }))
      expect(connects.map(({ payload }) => decodeNote<ConnectNote>(payload))).toEqual([note, note])
      expect((await verifyJournal(DIRECTORY, undefined, copy)).damage).toBe(null)
    },
  )

  it('reads other recorders’ files: their words, names, missing times and addresses', async () => {
    const line = {
      exchange: 'x',
      market: 'usdm',
      transport: 'ws',
      conn: 'fixture a',
      recv_ts_us: null,
      url: null,
      raw: 'one',
    }
    writeLines([
      line,
      { ...line, conn: 'b', recv_ts_us: startUs, raw: 'AP8=', encoding: 'base64' },
      { ...line, recv_ts_us: null, raw: 'three' },
      { ...line, transport: 'rest', url: 'https://x/depth', raw: '{}' },
    ])
    const disk = memoryDisk()
    expect((await failureOf(importCapture(path, { ...options, disk }))).context).toMatchObject({ line: 1 })
    const own = memoryDisk()
    const report = await importCapture(path, {
      ...options,
      disk: own,
      marketOf: (word) => (word === 'usdm' ? 'linear' : null),
      subscriptionsOf: ({ conn }) => [{ symbol: conn, stream: 'trades' }],
    })
    expect(report).toMatchObject({ frames: 3, answers: 0, unnamedAnswers: 1 })
    const records = await listOf(catJournal(DIRECTORY, { disk: own }))
    expect(
      records.map(({ kind, connection, receivedUs }) => [kind, connection, receivedUs - startUs]),
    ).toEqual([
      [RecordKind.start, 0, 0],
      [RecordKind.connect, 0, 0],
      [RecordKind.frame, 2, 0],
      [RecordKind.connect, 0, 0],
      [RecordKind.frame, 4, 0],
      [RecordKind.frame, 2, 0],
      [RecordKind.stop, 0, 0],
    ])
    expect([...(records[4]?.payload ?? [])]).toEqual([0, 255])
  })

  it('refuses what is no capture by file and line, and a journal that holds records', async () => {
    const good = {
      exchange: 'x',
      market: 'spot',
      transport: 'ws',
      conn: 'a',
      recv_ts_us: 1,
      url: null,
      raw: 'r',
    }
    const bad = [
      { transport: 'udp' },
      { encoding: 'hex' },
      { recv_ts_us: 1.5 },
      { recv_ts_us: -1 },
      { raw: 5 },
    ]
    const texts = bad.map((part) => JSON.stringify({ ...good, ...part }))
    for (const text of ['{', '[]', '{"exchange":"x"}', 'null', ...texts]) {
      const plain = join(directory, 'bad.jsonl')
      writeFileSync(plain, `${text}\n`)
      const failure = await failureOf(importCapture(plain, { ...options, disk: memoryDisk() }))
      expect(failure).toMatchObject({ kind: 'data', context: { path: plain, line: 1 } })
    }
    const { disk } = await build()
    await exportCapture(DIRECTORY, path, { disk })
    expect((await failureOf(importCapture(path, { ...options, disk }))).kind).toBe('usage')
    // A disk that is full for a moment would leave lines out, and nothing would tell.
    const frames = Array.from({ length: 10 }, () => ({ ...good, raw: 'x'.repeat(1_000_000) }))
    const large = join(directory, 'large.jsonl')
    writeFileSync(large, frames.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const brief = memoryDisk()
    let syncs = 0
    brief.before = async (operation) => {
      if (operation === 'syncData' && ++syncs === 2)
        throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      return undefined
    }
    expect(await failureOf(importCapture(large, { ...options, disk: brief }))).toMatchObject({
      kind: 'disk',
      reaction: 'stop',
    })
    const small = memoryDisk()
    small.capacityBytes = 1500
    expect(await failureOf(importCapture(path, { ...options, disk: small }))).toMatchObject({ kind: 'disk' })
  })
})
