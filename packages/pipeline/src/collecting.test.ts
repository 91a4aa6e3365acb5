import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ChannelBounds } from '@cryptoflow/channels'
import { type Journal, openJournal } from '@cryptoflow/journal'
import { type ConnectNote, encodeNote, RecordKind } from '@cryptoflow/model'
import { imageDefaults } from '@cryptoflow/normalize'
import { manualClock } from '@cryptoflow/runtime'
import { afterAll, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import { type Parts, pump } from './collecting.ts'
import { createLane } from './lane.ts'
import type { LaneHost } from './lane-host.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-pump-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that buffers take, what nobody holds any more left out. */
function buffersNow(): number {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

/** Reads a journal into a lane like a collecting process; nothing is sealed before `hashes` asks for it. */
function reading(journal: Journal, bounds: ChannelBounds, mayGoOn: Promise<void>) {
  const files: Record<string, Uint8Array> = {}
  const lane = createLane({
    writer: journal.id,
    namespace: 'test',
    store: {
      location: (key) => key,
      put: async (key, bytes) => {
        files[key] = bytes
      },
      get: async () => new Uint8Array(0),
      size: async () => null,
    },
    discard: async () => {},
    imageDirectory: null,
    image: null,
    images: imageDefaults,
    compression: 'zstd',
    isImport: false,
    nowUs: () => 0,
  })
  let handed = 0
  const feed = journal.feed(1, bounds)
  const host: Partial<LaneHost> = {
    async accept(block) {
      handed += 1
      await mayGoOn
      return lane.accept(block)
    },
    outstanding: async () => [],
  }
  const clock = manualClock()
  const options = { clock, sealEveryMs: 1e12, sealRows: 1e12 }
  const parts = { options, journal, feed, lane: host, board: openBoard() } as unknown as Parts
  return {
    feed,
    handed: () => handed,
    ended: pump(parts, { want: () => {}, heard: () => {} }),
    /** What the rows became, by table. */
    async hashes(): Promise<Record<string, string>> {
      const { tables } = await lane.cut(1)
      return Object.fromEntries(
        Object.entries(tables).map(([table, offers]) => {
          const hash = createHash('sha256')
          for (const { location } of offers) hash.update(files[location] as Uint8Array)
          return [table, hash.digest('hex')]
        }),
      )
    },
  }
}

const FRAMES = 60_000

function trade(id: number): Buffer {
  const price = `${60_000 + (id % 97)}.${10 + (id % 83)}`
  return Buffer.from(
    `{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":${id},"p":"${price}","q":"0.${1 + (id % 9)}","T":1700000000000,"m":${id % 2 === 0},"M":true}`.padEnd(
      800,
    ),
  )
}

it('a lane that stands still costs a bounded memory, loses nothing, and makes the same rows', async () => {
  const clock = manualClock()
  const directory = join(folder, 'journal')
  const journal = await openJournal({ directory, clock, version: 'test', reserveBytes: 0 })
  const gate = Promise.withResolvers<void>()
  const bounds = { itemsMax: 1000, bytesMax: 600_000 }
  const stalled = reading(journal, bounds, gate.promise)
  const steady = reading(journal, { itemsMax: 1e9, bytesMax: 1e9 }, Promise.resolve())
  const note: ConnectNote = {
    exchange: 'binance',
    market: 'spot',
    subscriptions: [{ symbol: 'BTCUSDT', stream: 'trade' }],
  }
  const connection = journal.append(RecordKind.connect, 0, clock.nowUs(), encodeNote(note))

  const before = buffersNow()
  for (let id = 1; id <= FRAMES; id++) {
    journal.append(RecordKind.frame, connection, clock.nowUs(), trade(id))
    if (id % 150 !== 0) continue
    clock.advance(20)
    await journal.flush()
    expect(stalled.feed.channel.bytes).toBeLessThanOrEqual(bounds.bytesMax)
    expect(stalled.feed.channel.depth).toBeLessThanOrEqual(bounds.itemsMax)
  }
  // 50 MB came. The rows of the other lane take 7 MB; blocks that wait pin slabs of 1 MiB.
  expect(buffersNow() - before).toBeLessThan(24 << 20)
  expect(stalled.handed()).toBeLessThanOrEqual(9)
  expect(stalled.feed.channel.counters.left).toBeGreaterThan(FRAMES / 2)

  gate.resolve()
  await journal.finish()
  await Promise.all([stalled.ended, steady.ended])
  // The start record was durable before anybody read.
  expect(steady.feed.diskBlocks).toBe(1)
  expect(stalled.feed.diskBlocks).toBeGreaterThan(10)
  const hashes = await steady.hashes()
  expect(Object.keys(hashes)).toContain('ticks')
  expect(await stalled.hashes()).toEqual(hashes)
  await journal.close()
})
