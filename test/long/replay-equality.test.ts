import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  blockOf,
  type Journal,
  openJournal,
  openJournalReader,
  readImage,
  readRecords,
} from '@cryptoflow/journal'
import { memoryDisk } from '@cryptoflow/journal/memory-disk'
import {
  type ExchangeMarket,
  type InstrumentKey,
  type JournalBlock,
  type JournalRecord,
  keyText,
  RecordKind,
  type TableName,
  tables,
} from '@cryptoflow/model'
import { imageDefaults, openBoard } from '@cryptoflow/pipeline'
import { openLane } from '@cryptoflow/pipeline/parts'
import { type Chance, manualClock, seededChance } from '@cryptoflow/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Draft, everyTable, images, operators } from '../every-table.ts'
import { memoryLane, type TableFile } from '../memory-lane.ts'
import { readFiles, rowText } from '../simulation/stored-rows.ts'

type Files = TableFile[]
type Content = Readonly<Record<string, readonly string[]>>

const JOURNAL = '/journal'
const STATE = '/state'
const shared = { images: imageDefaults, compression: 'snappy', isImport: false } as const

let drafts: Draft[]
let records: JournalRecord[]
let expected: Content

beforeAll(async () => {
  drafts = everyTable(seededChance(5), manualClock().nowUs())
  const disk = memoryDisk()
  const journal = await openWriter(disk)
  appendAll(journal, drafts)
  await journal.finish()
  await journal.close()
  const reader = await openJournalReader(JOURNAL, disk)
  records = []
  for await (const block of reader.blocks())
    for (const record of readRecords(block)) records.push({ ...record, payload: record.payload.slice() })
  expected = await contentOf(await replayed(() => true, seededChance(0), Number.POSITIVE_INFINITY))
})

function openWriter(disk: ReturnType<typeof memoryDisk>): Promise<Journal> {
  return openJournal({
    directory: JOURNAL,
    clock: manualClock(),
    version: 't',
    disk,
    reserveBytes: 0,
    operators,
    images,
  })
}

/** Appends one by one and gives each number; connections and audits get those that the journal has for them. */
function* appended(journal: Journal, all: readonly Draft[]): Generator<number> {
  const connections = new Map<ExchangeMarket, number>()
  let audit = 0
  for (const { kind, market, receivedUs, payload } of all) {
    const connection = kind === RecordKind.connect || market === null ? 0 : (connections.get(market) ?? 0)
    const number = journal.append(kind, connection, receivedUs, payload(audit))
    if (kind === RecordKind.connect && market !== null) connections.set(market, number)
    if (kind === RecordKind.audit) audit = number
    yield number
  }
}

function appendAll(journal: Journal, all: readonly Draft[]): void {
  for (const _ of appended(journal, all));
}

/** The rows of every table as texts, in an order that does not depend on files. */
async function contentOf(files: Files): Promise<Content> {
  const found = await readFiles(files)
  return Object.fromEntries([...found].map(([table, rows]) => [table, rows.map(rowText).sort()]))
}

/** A lane whose files and states stay in memory. */
function openStated(owns: (key: InstrumentKey) => boolean, image: Uint8Array | null) {
  const disk = memoryDisk()
  // Not what the journal says, which counts.
  const { lane, cut } = memoryLane({
    images: imageDefaults,
    imageDirectory: STATE,
    imageDisk: disk,
    image,
    owns,
  })
  return {
    accept: (block: JournalBlock) => lane.accept(block),
    async cut(): Promise<{ files: readonly TableFile[]; to: number; image: Uint8Array }> {
      const { files, to, image: hash } = await cut()
      return { files, to, image: await readImage(STATE, hash, disk) }
    },
  }
}

/** One pass in blocks of random length, with a barrier or a death after about every `every` of them. */
async function replayed(
  owns: (key: InstrumentKey) => boolean,
  chance: Chance,
  every: number,
): Promise<Files> {
  const files: Files = []
  let lane = openStated(owns, null)
  let sealed: { to: number; image: Uint8Array | null } = { to: 0, image: null }
  for (let next = 0; next < records.length; ) {
    const count = Number.isFinite(every) ? 1 + chance.below(60) : records.length
    lane.accept(blockOf(records.slice(next, next + count)))
    next += count
    if (chance.below(2 * every) === 0) {
      const cut = await lane.cut()
      files.push(...cut.files)
      sealed = cut
    }
    if (chance.below(2 * every) === 0) {
      lane = openStated(owns, sealed.image)
      next = sealed.to
    }
  }
  files.push(...(await lane.cut()).files)
  return files
}

/** Any spread of keys will do. */
function laneOf(key: InstrumentKey, lanes: number): number {
  return [...keyText(key)].reduce((sum, letter) => sum + (letter.codePointAt(0) as number), 0) % lanes
}

describe('the same journal gives the same rows', () => {
  it('of every table', () => {
    const empty = Object.keys(tables).filter((table) => (expected[table] ?? []).length === 0)
    expect(empty).toEqual([])
  })

  it.each([1, 4, 7])('to %i lanes, with barriers and deaths at random records', async (lanes) => {
    const files: Files = []
    for (let lane = 0; lane < lanes; lane++) {
      files.push(
        ...(await replayed((key) => laneOf(key, lanes) === lane, seededChance(lanes * 10 + lane), 12)),
      )
    }
    expect(await contentOf(files)).toEqual(expected)
  })

  it('to a lane behind a channel of one block, which reads the rest from the disk', async () => {
    const chance = seededChance(3)
    const journal = await openWriter(memoryDisk())
    const feed = journal.feed(1, { itemsMax: 1, bytesMax: 1 })
    const lane = openStated(() => true, null)
    const files: Files = []
    let last = 1
    const read = async (): Promise<void> => {
      const block = await feed.next()
      if (block !== null) lane.accept(block)
      if (chance.hits(0.05)) files.push(...(await lane.cut()).files)
    }
    for (const number of appended(journal, drafts)) {
      last = number
      if (!chance.hits(0.02)) continue
      await journal.flush()
      // Three writes of four find the channel full.
      if (chance.hits(0.25)) await read()
    }
    await journal.flush()
    while (feed.cursor <= last) await read()
    files.push(...(await lane.cut()).files)
    await feed.close()
    await journal.close()
    expect(await contentOf(files)).toEqual(expected)
  })

  it.each([0, 1] as const)('to a lane in %i threads', async (threads) => {
    const chance = seededChance(9)
    const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-equality-'))
    const state = { imageDirectory: folder, image: null, board: openBoard().shared, drill: null }
    const lane = await openLane({ ...shared, ...state, writer: 'w', warehouseDirectory: folder }, threads)
    try {
      const files: Files = []
      const cut = async (): Promise<void> => {
        for (const [table, made] of Object.entries((await lane.cut(1)).tables))
          for (const { location } of made)
            files.push([table as TableName, new Uint8Array(readFileSync(fileURLToPath(location)))])
      }
      for (let next = 0; next < records.length; ) {
        const count = 1 + chance.below(400)
        await lane.accept(blockOf(records.slice(next, next + count)))
        next += count
        if (chance.hits(0.1)) await cut()
      }
      await cut()
      expect(await contentOf(files)).toEqual(expected)
    } finally {
      await lane.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
