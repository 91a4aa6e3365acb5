import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournal } from '@cryptoflow/journal'
import { type JournalBlock, RecordKind } from '@cryptoflow/model'
import { CryptoFlowError, manualClock, seededChance } from '@cryptoflow/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import type { CollectNotice } from './collect-options.ts'
import { type Parts, pump } from './collecting.ts'
import type { Measurement } from './measure.ts'
import { sealer } from './sealer.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-no-room-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const RECORDS = 60
/** Blocks from the disk have a megabyte: seven of these. */
const payload = new Uint8Array(140_000)
const ROOM = 8
const SEAL_ROWS = 16
const full = () => new CryptoFlowError('full', { kind: 'disk', reaction: 'retry' })
const counting = (from: number): number[] => Array.from({ length: RECORDS - from + 1 }, (_, at) => from + at)
let journals = 0

/** A journal of writes of random lengths; each record is one row, and `room` says how many rows a cut may have. */
async function pumped(seed: number, room: () => number) {
  const clock = manualClock()
  const chance = seededChance(seed)
  const notices: CollectNotice[] = []
  const measured: number[] = []
  const sealed: { readonly from: number; readonly to: number }[] = []
  const asked: number[] = []
  const heard: number[] = []
  let rewinds = 0
  let atStart = 0
  let at = 0
  let rowsFrom = 1
  let counted = 0
  const lane = {
    async accept({ first, last }: JournalBlock) {
      expect(first).toBe(at + 1)
      at = last
      counted += last - first + 1
      const records = Array.from({ length: last - first + 1 }, (_, index) => first + index)
      const wanted = records.map((resync) => ({
        exchange: 'e',
        market: 'spot',
        symbol: 's',
        stream: 'd',
        resync,
      }))
      const counts = { rows: counted, gaps: counted, duplicates: counted, deadLetters: counted }
      const measures = { seconds: last - first + 1, operators: [], streams: [] }
      return {
        rowsWaiting: at - rowsFrom + 1,
        lastRecord: at,
        lastReceivedUs: 0,
        wanted,
        ...counts,
        measures,
      }
    },
    async outstanding() {
      atStart += 1
      return []
    },
    async cut() {
      if (at - rowsFrom + 1 > room()) throw full()
      rowsFrom = at + 1
      return { tables: {}, image: `${at}`, progress: {}, to: at }
    },
    async rewind(image: string | null) {
      rewinds += 1
      at = Number(image)
      rowsFrom = at + 1
      counted = 0
    },
  }
  const publisher = {
    async submit({ from, to }: { from: number; to: number }) {
      sealed.push({ from, to })
    },
  }
  journals += 1
  const directory = join(folder, `${journals}`)
  const journal = await openJournal({ directory, clock, version: 'test', reserveBytes: 0 })
  const feed = journal.feed(1, { itemsMax: [1, 4, 100][seed % 3] as number, bytesMax: 1e6 })
  const seal = sealer({ writer: 'w', lane, publisher, clock, onFailure: () => {} } as never, null)
  const board = openBoard()
  const options = {
    clock,
    sealRows: SEAL_ROWS,
    sealEveryMs: 1e9,
    notice: (notice: CollectNotice) => notices.push(notice),
    measure: (one: Measurement) => void (one.kind === 'block' && measured.push(one.seconds)),
  }
  const ingests = {
    want: ({ resync }: { resync: number }) => void asked.push(resync),
    heard: ({ lastRecord }: { lastRecord: number }) => void heard.push(lastRecord),
  }
  const parts = { options, journal, feed, lane, seal, board } as unknown as Parts
  let isOver = false
  const over = pump(parts, ingests as never).finally(() => {
    isOver = true
  })
  over.catch(() => {})
  // The start record is the first.
  for (let left = RECORDS - 1; left > 0; ) {
    const records = Math.min(left, 1 + chance.below(5))
    left -= records
    for (let i = 0; i < records; i++) journal.append(RecordKind.frame, 0, clock.nowUs(), payload)
    clock.advance(chance.below(1_000))
    await journal.flush()
  }
  const finished = journal.finish()
  while (!isOver) {
    clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all([over, finished])
  await journal.close()
  const recordsMeasured = measured.reduce((total, records) => total + records, 0)
  return { notices, sealed, asked, heard, rewinds, atStart, recordsMeasured, rows: board.get('rows') }
}

describe('a cut that finds no room, not even in the reserve', () => {
  it('is forgotten, and smaller ones follow: every record is sealed once, in order, and told once', async () => {
    for (let seed = 1; seed <= 9; seed++) {
      const { notices, sealed, asked, heard, rewinds, ...counts } = await pumped(seed, () => ROOM)
      expect(notices[0]).toEqual({ kind: 'no-room', what: 'seal', rows: expect.any(Number) })
      expect(rewinds).toBe(notices.length)
      expect(sealed.length).toBeGreaterThan(3)
      let last = 0
      for (const { from, to } of sealed) {
        expect(from).toBe(last + 1)
        expect(to - from + 1).toBeLessThanOrEqual(ROOM)
        last = to
      }
      expect(RECORDS - last).toBeLessThan(SEAL_ROWS)
      // The first of a block that ends behind the start record.
      expect(asked).toEqual(counting(asked[0] as number))
      expect(asked[0]).toBeLessThanOrEqual(2)
      expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b))
      expect(counts).toEqual({ atStart: 1, recordsMeasured: RECORDS, rows: RECORDS })
    }
  })

  it('is tried again until there is room', async () => {
    let tries = 0
    const { notices, sealed } = await pumped(1, () => {
      tries += 1
      return tries > 10 ? 100 : 0
    })
    expect(notices).toHaveLength(10)
    // A block is the least that is cut.
    expect((notices.at(-1) as { rows: number }).rows).toBeLessThanOrEqual(ROOM / 2)
    expect(sealed.at(0)?.from).toBe(1)
  })

  it('is not needed where there is room', async () => {
    const { notices, sealed, rows } = await pumped(1, () => 1000)
    expect(notices).toEqual([])
    expect(sealed.every(({ from, to }) => to - from + 1 >= SEAL_ROWS)).toBe(true)
    expect(rows).toBe(RECORDS)
  })
})
