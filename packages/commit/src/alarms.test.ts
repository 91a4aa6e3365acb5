import { describe, expect, it } from 'vitest'
import { alarmsOf, readStanding } from './alarms.ts'
import { type MemoryLedger, memoryLedger } from './memory-ledger.ts'
import { requestOf } from './testing/requests.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A ledger with these epochs of writer `w`; epoch e was sealed e seconds after the beginning. */
async function ledgerWith(...epochs: number[]): Promise<MemoryLedger> {
  const ledger = memoryLedger()
  await ledger.register('w', 'binance spot')
  for (const epoch of epochs) await ledger.put(requestOf('w', epoch, 'ticks', 'gaps'), `h${epoch}`)
  return ledger
}

const kindsAt = async (ledger: MemoryLedger, nowMs: number): Promise<string[]> =>
  alarmsOf(await readStanding(ledger), nowMs).map(({ kind, level }) => `${kind} ${level}`)

/** Somebody who commits at this moment. */
const attended = (ledger: MemoryLedger, seenMs: number): Promise<void> =>
  ledger.attend({ id: 'c', name: 'committer', seenMs, everyMs: 1_000 })

describe('alarmsOf', () => {
  it('warns of a request that waits for an hour and calls a person after eighteen', async () => {
    const ledger = await ledgerWith(1, 2)
    for (const [ageMs, found] of [
      [HOUR_MS, []],
      [HOUR_MS + 1, ['late warn']],
      [18 * HOUR_MS, ['late warn']],
      [18 * HOUR_MS + 1, ['late error']],
    ] as const) {
      await attended(ledger, 1_000 + ageMs)
      expect(await kindsAt(ledger, 1_000 + ageMs)).toEqual(found)
    }
    const [alarm] = alarmsOf(await readStanding(ledger), 2 * HOUR_MS)
    expect(alarm).toEqual({
      kind: 'late',
      level: 'warn',
      writer: 'w',
      name: 'binance spot',
      epoch: 1,
      tables: ['ticks', 'gaps'],
      ageMs: 2 * HOUR_MS - 1_000,
      epochs: 2,
    })
  })

  it('names the tables that still lack a request, and forgets one that all of them have', async () => {
    const ledger = await ledgerWith(1)
    await attended(ledger, 2 * HOUR_MS)
    await ledger.mark('w', 1, 'ticks', '5')
    expect(alarmsOf(await readStanding(ledger), 2 * HOUR_MS)).toMatchObject([{ tables: ['gaps'] }])
    await ledger.mark('w', 1, 'gaps', '6')
    expect(alarmsOf(await readStanding(ledger), 2 * HOUR_MS)).toEqual([])
  })

  it('finds a hole that nobody fills', async () => {
    const ledger = await ledgerWith(1, 2, 3)
    for (const table of ['ticks', 'gaps'] as const) await ledger.mark('w', 1, table, '5')
    ledger.lose('w', 2)
    const sealedMs = 3_000
    await attended(ledger, sealedMs + 10 * MINUTE_MS)
    expect(await kindsAt(ledger, sealedMs + 10 * MINUTE_MS)).toEqual([])
    expect(alarmsOf(await readStanding(ledger), sealedMs + 10 * MINUTE_MS + 1)).toMatchObject([
      { kind: 'hole', writer: 'w', epoch: 2 },
    ])
  })

  it('warns when requests wait and nobody has committed for a minute, or for six rounds of a slow one', async () => {
    const ledger = await ledgerWith(1)
    expect(await kindsAt(ledger, 1_000 + MINUTE_MS)).toEqual([])
    expect(await kindsAt(ledger, 1_001 + MINUTE_MS)).toEqual(['unattended warn'])
    await attended(ledger, 10 * MINUTE_MS)
    expect(await kindsAt(ledger, 11 * MINUTE_MS)).toEqual([])
    expect(await kindsAt(ledger, 11 * MINUTE_MS + 1)).toEqual(['unattended warn'])
    await ledger.attend({ id: 'c', name: 'slow', seenMs: 10 * MINUTE_MS, everyMs: 5 * MINUTE_MS })
    expect(await kindsAt(ledger, 40 * MINUTE_MS)).toEqual([])
    expect(await kindsAt(ledger, 40 * MINUTE_MS + 1)).toEqual(['unattended warn'])
    await ledger.leave('c')
    expect(await kindsAt(ledger, 11 * MINUTE_MS)).toEqual(['unattended warn'])
  })
})
