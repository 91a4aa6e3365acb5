import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'
import { startSimInWorker } from '@cryptoflow/exchange-sim'
import { openJournalReader, readRecords } from '@cryptoflow/journal'
import { decodeNote, RecordKind, type StartNote } from '@cryptoflow/model'
import {
  imageDefaults,
  maintainWarehouse,
  maintenanceDefaults,
  moveWarehouse,
  startCollector,
  tableFiles,
  warehouseAt,
} from '@cryptoflow/pipeline'
import { tableReport } from '@cryptoflow/reader'
import { seededChance, systemClock } from '@cryptoflow/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const fixture = join(import.meta.dirname, 'fixtures', 'warehouse-format-1.json.zst')
/** What its tables hold, as its own version said. */
const CONTENTS = {
  ticks: '74-de3a94c564bc06982cf737c195150764',
  spot_delta: '2034-b430609230898dda03694c7c2cc99114',
  gaps: '4-c0135777b5fbce7afdc60d5cb92034b3',
}

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-old-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const clock = systemClock()
const unpacked = join(folder, 'unpacked')
let origin = ''

beforeAll(() => {
  const { warehouse, files } = JSON.parse(zstdDecompressSync(readFileSync(fixture)).toString()) as {
    warehouse: string
    files: Record<string, string>
  }
  origin = warehouse
  for (const [path, base64] of Object.entries(files)) {
    mkdirSync(dirname(join(unpacked, path)), { recursive: true })
    writeFileSync(join(unpacked, path), Buffer.from(base64, 'base64'))
  }
})

/** A copy of it that knows where it lies. */
async function copied(name: string): Promise<string> {
  const directory = join(folder, name)
  cpSync(unpacked, directory, { recursive: true })
  await moveWarehouse({ from: origin, to: directory, clock, onProgress: () => {} })
  return directory
}

/** The hash of each table that has rows which meet these conditions. */
async function contents(directory: string, where: readonly string[]): Promise<Record<string, string>> {
  const reports = await tableReport(await tableFiles(warehouseAt(directory), clock), where)
  const filled = reports.filter(({ rows }) => rows > 0)
  return Object.fromEntries(filled.map(({ table, content_hash }) => [table, content_hash]))
}

/** How images are made, by what each start record says. */
async function imagesOfStarts(directory: string): Promise<unknown[]> {
  const images: unknown[] = []
  for await (const block of (await openJournalReader(join(directory, 'raw'))).blocks(1)) {
    for (const { kind, payload } of readRecords(block))
      if (kind === RecordKind.start) images.push(decodeNote<StartNote>(payload).images)
  }
  return images
}

type Urls = { readonly wsUrl: string; readonly restUrl: string }

/** Nobody answers there. */
const nowhere: Urls = { wsUrl: 'ws://127.0.0.1:9', restUrl: 'http://127.0.0.1:9' }

/** Collects an exchange into the warehouse for five frames. */
async function collect(directory: string, urls: Urls): Promise<void> {
  const collector = await startCollector({
    collections: [{ exchange: 'binance', market: 'spot', urls, symbols: ['BTCUSDT'], streams: ['trade'] }],
    warehouseDirectory: directory,
    images: imageDefaults,
    compression: 'zstd',
    sealEveryMs: 60_000,
    sealRows: 1_000_000,
    commit: { by: 'collector', everyMs: 60_000, voidAfterMs: Number.POSITIVE_INFINITY },
    threads: 0,
    journal: { reserveBytes: 0 },
    clock,
    chance: seededChance(1),
    drill: null,
    notice: () => {},
  })
  try {
    const heard = Promise.withResolvers<void>()
    const cancel = clock.every(20, () => collector.counters.frames >= 5 && heard.resolve())
    await Promise.race([heard.promise, collector.ended]).finally(cancel)
  } finally {
    await collector.stop()
  }
}

async function collectSimulated(directory: string): Promise<void> {
  const markets = [{ market: 'spot', symbols: ['BTCUSDT'] }] as const
  const settings = { seed: 1, markets, tradesPerSecond: 20, levelsPerDiff: 4, bookLevels: 60 }
  const sim = await startSimInWorker({ logPath: join(folder, 'emissions.jsonl'), settings })
  try {
    await collect(directory, sim.urls.spot as Urls)
  } finally {
    await sim.close()
  }
}

describe('a warehouse of an older format', () => {
  it('opens where it was copied to, has every row, and goes on under the same journal', async () => {
    const directory = await copied('opened')
    expect(await contents(directory, [])).toEqual(CONTENTS)
    const { id, last } = await openJournalReader(join(directory, 'raw'))
    const ofTheOldRecords = [`frame <= ${last}`]
    await collectSimulated(directory)
    expect(await contents(directory, ofTheOldRecords)).toEqual(CONTENTS)
    expect(await imagesOfStarts(directory)).toEqual([undefined, imageDefaults])
    const later = await contents(directory, [`frame > ${last}`, `writer = '${id}'`])
    expect(Object.keys(later)).toContain('ticks')

    const settings = { ...maintenanceDefaults, compact: { closedAfterMs: -1e15, filesMin: 2 } }
    const reports = await maintainWarehouse({
      warehouseDirectory: directory,
      settings,
      compression: 'zstd',
      isDryRun: false,
      clock,
      onProgress: () => {},
      isStopped: () => false,
    })
    // Files of both versions become one where they are of one partition.
    expect(reports.filter(({ refused }) => refused !== null)).toEqual([])
    expect(await contents(directory, ofTheOldRecords)).toEqual(CONTENTS)
  })

  it('of a newer one is refused by name, and nothing of it is changed', async () => {
    const directory = await copied('newer')
    const identity = join(directory, 'raw/identity.json')
    const text = readFileSync(identity, 'utf8')
    writeFileSync(identity, text.replace('"format":1', '"format":2'))
    await expect(collect(directory, nowhere)).rejects.toThrow(
      'found format 2, expected at most 1: a newer version',
    )
    writeFileSync(identity, text)
    const ledger = new DatabaseSync(join(directory, 'ledger.db'))
    ledger.exec('PRAGMA user_version = 2')
    ledger.close()
    await expect(collect(directory, nowhere)).rejects.toThrow('found format 2, expected 1')
    expect(await contents(directory, [])).toEqual(CONTENTS)
  })
})
