import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { RecordKind } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { type JournalCompression, openJournal, openJournalReader, RecordCursor } from '../src/index.ts'

/** One line of the bench: what, how fast, and as a ratio to the plain version where there is one. */
export interface BenchLine {
  readonly name: string
  readonly value: number
  readonly unit: string
}

const FRAMES = 400_000
const BATCH = 4_000
const CAPTURE = 'binance-spot__hftbacktest__btcusdt__20240808_20240809.jsonl.zst'

/** Real messages where captures are at hand, else equal bytes, which says nothing about compression. */
function framesOf(captures: string | undefined): Uint8Array[] {
  const path = join(captures ?? '', CAPTURE)
  if (captures === undefined || !existsSync(path)) {
    return Array.from({ length: FRAMES }, () => new Uint8Array(250).fill(65))
  }
  const lines = zstdDecompressSync(readFileSync(path)).toString('utf8').split('\n').filter(Boolean)
  const raw = lines.map((line) => Buffer.from((JSON.parse(line) as { raw: string }).raw))
  return Array.from({ length: FRAMES }, (_, i) => raw[i % raw.length] as Uint8Array)
}

/** Journals 400,000 frames and reads them back; the plain version is writing the same bytes to a file. */
export async function journalBench(captures?: string): Promise<BenchLine[]> {
  const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-bench-'))
  const frames = framesOf(captures)
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0)
  const lines: BenchLine[] = []
  const add = (name: string, value: number, unit: string) => lines.push({ name, value, unit })
  try {
    add('frame', bytes / FRAMES, 'bytes')
    const plain = await timed(() => writePlain(join(directory, 'plain'), frames))
    add('off: plain file, CPU per frame', plain / FRAMES, 'us')
    for (const compression of ['none', 'zstd'] as const) {
      const path = join(directory, compression)
      let onDisk = 0
      const journaled = await timed(async () => {
        onDisk = await writeJournal(path, compression, frames)
      })
      const read = await timed(() => readBack(path))
      add(`${compression}: journal, CPU per frame`, journaled / FRAMES, 'us')
      add(`${compression}: journal over plain file`, journaled / plain, 'ratio')
      add(`${compression}: bytes of frames over bytes on the disk`, bytes / onDisk, 'ratio')
      add(`${compression}: read back and verify, CPU per frame`, read / FRAMES, 'us')
    }
    for (const kilobytes of [16, 64, 256]) lines.push(...(await compressionLines(frames, kilobytes * 1024)))
    return lines
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** In place or beside the event loop: what one MB of groups of a size costs, and how long the loop is busy. */
async function compressionLines(frames: readonly Uint8Array[], size: number): Promise<BenchLine[]> {
  const all = Buffer.concat(frames.slice(0, 100_000))
  const groups = Array.from({ length: Math.floor(all.length / size) }, (_, i) =>
    all.subarray(i * size, (i + 1) * size),
  )
  const megabytes = (groups.length * size) / 1e6
  const inPlace = async (group: Uint8Array) => void zstdCompressSync(group, { params: { 100: 1 } })
  const beside = (group: Uint8Array) =>
    new Promise<void>((resolve) => zstdCompress(group, { params: { 100: 1 } }, () => resolve()))
  const lines: BenchLine[] = []
  for (const [name, compress] of Object.entries({ inPlace, beside })) {
    const before = performance.eventLoopUtilization()
    const cpu = await timed(async () => {
      for (const group of groups) await compress(group)
      // A turn of the loop, without which its time is not told.
      await new Promise((resolve) => setImmediate(resolve))
    })
    const { active } = performance.eventLoopUtilization(before)
    const kind = `zstd ${name}, groups of ${size / 1024} KiB`
    lines.push({ name: `${kind}: CPU`, value: cpu / 1000 / megabytes, unit: 'ms/MB' })
    lines.push({ name: `${kind}: event loop busy`, value: active / megabytes, unit: 'ms/MB' })
  }
  return lines
}

async function writePlain(path: string, frames: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'w')
  for (let sent = 0; sent < frames.length; sent += BATCH) {
    await file.write(Buffer.concat(frames.slice(sent, sent + BATCH)))
  }
  await file.datasync()
  await file.close()
}

async function writeJournal(
  directory: string,
  compression: JournalCompression,
  frames: readonly Uint8Array[],
): Promise<number> {
  const clock = systemClock()
  const journal = await openJournal({ directory, clock, version: 'bench', compression, reserveBytes: 0 })
  for (let sent = 0; sent < frames.length; sent += BATCH) {
    const nowUs = clock.nowUs()
    for (const frame of frames.slice(sent, sent + BATCH)) journal.append(RecordKind.frame, 0, nowUs, frame)
    await journal.flush()
  }
  await journal.close()
  return journal.counters.bytes
}

async function readBack(directory: string): Promise<void> {
  const reader = await openJournalReader(directory)
  for await (const block of reader.blocks()) {
    const cursor = new RecordCursor(block)
    while (cursor.next());
  }
}

/** CPU microseconds of the whole process, user and system. */
async function timed(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

// node packages/journal/bench/journal.ts [folder of captures]
if (import.meta.main) console.table(await journalBench(process.argv[2]))
