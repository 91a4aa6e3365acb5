import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Journal, openJournal } from '@cryptoflow/journal'
import { encodeNote, RecordKind } from '@cryptoflow/model'
import { manualClock } from '@cryptoflow/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followJournal } from './pulse.ts'

let folder: string
let journal: Journal
const clock = manualClock()
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  journal = await openJournal({ directory: folder, clock, version: '0', reserveBytes: 0 })
})
afterEach(async () => {
  await journal.close()
  rmSync(folder, { recursive: true, force: true })
})

function append(kind: RecordKind, connection: number, payload: string | Uint8Array): number {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload
  return journal.append(kind, connection, clock.nowUs(), bytes)
}

const connect = (): number =>
  append(RecordKind.connect, 0, encodeNote({ exchange: 'binance', market: 'linear', subscriptions: [] }))

function trade(symbol: string, lagMs: number): string {
  const ms = Math.floor(clock.nowUs() / 1000) - lagMs
  const data = { e: 'aggTrade', E: ms, s: symbol, a: 1, p: '1.5', q: '2', f: 1, l: 1, T: ms, m: true }
  return JSON.stringify({ stream: `${symbol.toLowerCase()}@aggTrade`, data })
}

/** What a writer at work wrote last is proven by its next write only. */
async function write(): Promise<void> {
  await journal.flush()
  append(RecordKind.clock, 0, '')
  await journal.flush()
}

describe('the pulse of a journal', () => {
  it('is nothing at the first look, then what came since, by stream and second', async () => {
    const pulse = followJournal(folder)
    const connection = connect()
    await write()
    expect(await pulse.look()).toEqual({ streams: [], skipped: 0 })
    for (const symbol of ['A1USDT', 'B1USDT', 'A1USDT', 'A1USDT']) {
      append(RecordKind.frame, connection, trade(symbol, symbol === 'A1USDT' ? 20 : 90))
      clock.advance(500)
    }
    append(RecordKind.frame, connection, 'no json')
    append(RecordKind.frame, connection, '{"result":null,"id":1}')
    await write()
    const { streams, skipped } = await pulse.look()
    expect(skipped).toBe(0)
    const byName = new Map(streams.map((stream) => [stream.stream, stream]))
    expect([...byName.keys()].toSorted()).toEqual(['(control)', '(unreadable)', 'aggTrade'])
    expect(byName.get('aggTrade')).toMatchObject({
      exchange: 'binance',
      market: 'linear',
      symbols: 2,
      lagMs: 20,
    })
    expect(byName.get('aggTrade')?.framesPerSecond).toBeCloseTo(2, 5)
    expect(byName.get('(unreadable)')).toMatchObject({ lagMs: null, symbols: 0 })
    await write()
    expect((await pulse.look()).streams).toEqual([])
  })

  it('knows a connection that was opened before it looked', async () => {
    const connection = connect()
    await write()
    const pulse = followJournal(folder)
    await pulse.look()
    append(RecordKind.frame, connection, trade('A1USDT', 5))
    await write()
    expect((await pulse.look()).streams).toMatchObject([{ stream: 'aggTrade', lagMs: 5 }])
  })
})
