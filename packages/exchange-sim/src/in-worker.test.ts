import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BinanceSimSettings } from './binance/settings.ts'
import { type EmissionRecord, readEmissions } from './emission-log.ts'
import { startSimInWorker } from './in-worker.ts'
import { connect } from './testing/client.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sim-worker-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const settings: BinanceSimSettings = {
  seed: 1,
  markets: [
    { market: 'spot', symbols: ['BTCUSDT'] },
    { market: 'inverse', symbols: ['BTCUSD_PERP'] },
  ],
  tradesPerSecond: 100,
  levelsPerDiff: 10,
}

describe('a simulator in a worker thread', () => {
  it('serves clients on the machine’s clock and leaves a whole log', async () => {
    const logPath = join(folder, 'log.jsonl')
    const sim = await startSimInWorker({ settings, logPath })
    const client = await connect(`${sim.urls.spot.wsUrl}/ws/btcusdt@trade`)
    await client.until((texts) => texts.length >= 20)
    expect((await fetch(`${sim.urls.inverse.restUrl}/dapi/v1/ping`)).status).toBe(200)
    expect(() => sim.urls.linear).toThrow('does not simulate')
    const stopped = await sim.stopEmitting()
    expect(stopped.generated).toBeGreaterThanOrEqual(20)
    expect(await recordsOf(logPath)).toHaveLength(stopped.generated)
    expect((await fetch(`${sim.urls.spot.restUrl}/api/v3/depth?symbol=BTCUSDT`)).status).toBe(200)
    const closed = await sim.close()
    expect(await client.closed).toMatchObject({ code: 1001 })
    expect(closed.generated).toBe(stopped.generated)
    expect(client.texts.map((text) => JSON.parse(text).t)).toEqual(await idsOf(logPath, 'trade'))
    expect(await idsOf(logPath, 'snapshot')).toHaveLength(1)
  })

  it('says why it could not start', async () => {
    const data = {
      settings: { ...settings, markets: [{ market: 'spot' as const, symbols: ['nope'] }] },
      logPath: join(folder, 'log.jsonl'),
    }
    await expect(startSimInWorker(data)).rejects.toThrow('cannot trade this symbol')
  })
})

/** Ids of the messages of a stream that were sent. */
async function idsOf(path: string, stream: string): Promise<(number | null)[]> {
  return (await recordsOf(path)).filter((r) => r.stream === stream && r.copies === 1).map((r) => r.last)
}

async function recordsOf(path: string): Promise<EmissionRecord[]> {
  const records: EmissionRecord[] = []
  for await (const record of readEmissions(path)) records.push(record)
  return records
}
