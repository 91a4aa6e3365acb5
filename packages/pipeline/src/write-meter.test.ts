import type { CommitLedger } from '@cryptoflow/commit'
import type { Catalog, LoadedTable } from '@cryptoflow/iceberg'
import { CryptoFlowError, manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { openWriteMeter } from './write-meter.ts'

describe('the meter of writes', () => {
  it('times puts, marks and commits with what they came to, and passes everything on', async () => {
    const clock = manualClock()
    const meter = openWriteMeter(clock)
    const failure = new CryptoFlowError('no', { kind: 'ledger', reaction: 'retry' })
    const ledger = meter.ledger({
      put: async () => {
        clock.advance(10)
        return 'stored'
      },
      mark: async () => {
        throw failure
      },
      writers: async () => [],
    } as unknown as CommitLedger)
    const outcomes = ['applied', 'conflict']
    const catalog = meter.catalog({
      commit: async () => {
        clock.advance(200)
        return { outcome: outcomes.shift() }
      },
    } as unknown as Catalog)
    const table = { name: { namespace: 'n', name: 'ticks' } } as LoadedTable
    expect(await ledger.put({} as never, '')).toBe('stored')
    expect(await ledger.writers()).toEqual([])
    await expect(ledger.mark('w', 1, 'ticks', '1')).rejects.toBe(failure)
    expect(await catalog.commit(table, [], [])).toEqual({ outcome: 'applied' })
    await catalog.commit(table, [], [])
    expect(meter.take()).toEqual({
      writes: [
        { operation: 'put', seconds: 0.01, error: null },
        { operation: 'mark', seconds: 0, error: 'ledger' },
        { operation: 'commit', seconds: 0.2, error: null },
        { operation: 'commit', seconds: 0.2, error: null },
      ],
      commits: [
        { table: 'ticks', outcome: 'committed', seconds: 0.2 },
        { table: 'ticks', outcome: 'conflict', seconds: 0.2 },
      ],
    })
    expect(meter.take()).toEqual({ writes: [], commits: [] })
  })
})
