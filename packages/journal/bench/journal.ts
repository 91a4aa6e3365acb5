import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordKind } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { openJournal, openJournalReader, RecordCursor } from '../src/index.ts'

/** One line of the bench: what, how fast, and as a ratio to the plain version where there is one. */
export interface BenchLine {
  readonly name: string
  readonly value: number
  readonly unit: string
}

const FRAME_BYTES = 250
const FRAMES = 400_000
const BATCH = 4_000

/** Journals 100 MB of frames and reads them back; the plain version is writing the same bytes to a file. */
export async function journalBench(): Promise<BenchLine[]> {
  const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-bench-'))
  try {
    const plain = await timed(() => writePlain(join(directory, 'plain')))
    const journaled = await timed(() => writeJournal(join(directory, 'journal')))
    const read = await timed(() => readBack(join(directory, 'journal')))
    const perFrame = (cpuUs: number) => cpuUs / FRAMES
    return [
      { name: 'plain file, CPU per frame', value: perFrame(plain), unit: 'us' },
      { name: 'journal, CPU per frame', value: perFrame(journaled), unit: 'us' },
      { name: 'journal over plain file', value: journaled / plain, unit: 'ratio' },
      { name: 'read back and verify, CPU per frame', value: perFrame(read), unit: 'us' },
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function writePlain(path: string): Promise<void> {
  const file = await open(path, 'w')
  const frame = new Uint8Array(FRAME_BYTES).fill(65)
  const batch = new Uint8Array(FRAME_BYTES * BATCH)
  for (let sent = 0; sent < FRAMES; sent += BATCH) {
    for (let i = 0; i < BATCH; i++) batch.set(frame, i * FRAME_BYTES)
    await file.write(batch)
  }
  await file.datasync()
  await file.close()
}

async function writeJournal(directory: string): Promise<void> {
  const clock = systemClock()
  const journal = await openJournal({ directory, clock, version: 'bench' })
  const frame = new Uint8Array(FRAME_BYTES).fill(65)
  for (let sent = 0; sent < FRAMES; sent += BATCH) {
    const nowUs = clock.nowUs()
    for (let i = 0; i < BATCH; i++) journal.append(RecordKind.frame, 0, nowUs, frame)
    await journal.flush()
  }
  await journal.close()
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

// node packages/journal/bench/journal.ts
if (import.meta.main) console.table(await journalBench())
