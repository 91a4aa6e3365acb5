import { type TableName, tables } from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import { expect, it } from 'vitest'
import { type Committer, createCommitter } from './committer.ts'
import { tableDefinition } from './definition.ts'
import { memoryCatalog } from './memory-catalog.ts'
import { memoryLedger } from './memory-ledger.ts'
import { restingClock, sealOf } from './testing/requests.ts'
import { createEpochWriter } from './writer.ts'

const BOUND = 6
/** Epochs with rows in the one table, in the other, and in both. */
const named: readonly (readonly TableName[])[] = [['ticks'], ['gaps'], ['ticks', 'gaps']]

it('a table that is blocked for long holds its epochs back, ends sealing at the bound, and drains (T9)', async () => {
  const [catalog, ledger] = [memoryCatalog(), memoryLedger()]
  const log: { entries: []; append(): Promise<void> } = { entries: [], append: async () => {} }
  const writer = createEpochWriter({
    log,
    ledger,
    clock: restingClock,
    writer: 'w',
    name: 'host',
    acceptedMax: BOUND,
  })
  await writer.resume()
  const serving = (table: TableName): Committer =>
    createCommitter({
      catalog,
      ledger,
      append: catalog.append,
      exists: async () => true,
      tables: { [table]: tableDefinition(tables[table]) },
      namespace: 'market',
      clock: restingClock,
      chance: seededChance(table.length),
    })
  const [ticks, gaps] = [serving('ticks'), serving('gaps')]
  let epoch = 0
  const released: number[] = []
  const sealAll = async (): Promise<void> => {
    while (writer.state.canSeal && epoch < 50) {
      epoch += 1
      await writer.submit(sealOf('w', epoch, ...(named[epoch % 3] as TableName[])))
      await ticks.runRound()
      released.push(...(await writer.settle()))
    }
  }
  await sealAll()
  // Epoch 1 has rows in gaps alone: it and everything behind it waits.
  expect(released).toEqual([])
  expect([epoch, writer.state.canSeal]).toEqual([BOUND, false])
  expect(await ledger.backlogs()).toMatchObject([{ oldest: 1, tables: ['gaps'] }])
  await gaps.runRound()
  expect(await writer.settle()).toEqual(Array.from({ length: BOUND }, (_, i) => i + 1))
  expect(writer.state).toMatchObject({ sealed: 0, accepted: 0, canSeal: true })
})
