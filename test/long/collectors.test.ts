import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hashes, inFolder, runJson, startApp, type Tables, withSimulator } from '../support.ts'

const collectors = [
  { app: 'collector-ticks', table: 'ticks', market: 'inverse', frames: '30' },
  { app: 'collector-spot-ob', table: 'spot_ob', market: 'spot', frames: '60' },
  { app: 'collector-spot-delta', table: 'spot_delta', market: 'spot', frames: '30' },
  { app: 'collector-futures-ob', table: 'futures_ob', market: 'linear', frames: '240' },
  { app: 'collector-futures-delta', table: 'futures_delta', market: 'inverse', frames: '30' },
  { app: 'collector-liquidations', table: 'liquidations', market: 'linear', frames: '4' },
  { app: 'collector-funding', table: 'funding', market: 'linear', frames: '12' },
]

const SYMBOLS = {
  spot: 'BTCUSDT,ETHUSDT',
  linear: 'BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT,ADAUSDT,BNBUSDT',
  inverse: 'BTCUSD_PERP,ETHUSD_PERP',
}

describe('a collector of one table', () => {
  it.concurrent.each(collectors)(
    '$app stores $table, what is missing of it, and nothing else',
    async (one) => {
      const { app, table, frames } = one
      const market = one.market as keyof typeof SYMBOLS
      await inFolder(async (folder) => {
        const warehouse = join(folder, 'warehouse')
        const simulated = { log: join(folder, 'log.jsonl'), markets: { [market]: SYMBOLS[market] } }
        await withSimulator(simulated, async (urls) => {
          const { wsUrl = '', restUrl = '' } = urls[market] ?? {}
          const where = ['--market', market, '--symbols', SYMBOLS[market], '--warehouse', warehouse]
          const address = ['--ws-url', wsUrl, '--rest-url', restUrl]
          const { code, stderr } = await startApp(app, ...where, ...address, '--until-frames', frames).ended
          expect(code, stderr).toBe(0)
        })
        const lived = await runJson<{ tables: Tables }>('tables', '--warehouse', warehouse, '--json')
        const filled = Object.entries(lived.tables).filter(([, { rows }]) => rows > 0)
        expect(filled.map(([name]) => name).sort()).toEqual(['gaps', table].sort())
        const input = ['--input', join(warehouse, 'raw'), '--warehouse', join(folder, 'again')]
        const replayed = await runJson<{ tables: Tables }>('replay', ...input, '--json')
        expect(hashes(replayed.tables)).toEqual(hashes(lived.tables))
      })
    },
  )
})
