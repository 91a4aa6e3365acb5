import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { createSqliteLedger } from '@cryptoflow/commit'
import type { TableName } from '@cryptoflow/model'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import { expect, it } from 'vitest'
import { startMember } from './fleet/fleet.ts'
import { holds, served } from './fleet/words.ts'
import { inFolder } from './support.ts'

const EPOCHS = 20
/** As `query` opens the tables. */
const look = (folder: string): ReturnType<typeof tableFiles> => tableFiles(warehouseAt(folder), systemClock())

it('a reader beside a process that commits sees every table as it is before or after a commit, and meets no lock', async () => {
  await inFolder(async (folder) => {
    const options = { warehouse: folder, journal: 'a', commits: true, epochs: EPOCHS, drill: null }
    const member = startMember(options)
    try {
      const seen = new Map<TableName, number[]>(served.map((table) => [table, []]))
      // It says a word at each seal, and goes on to commit while this looks.
      for await (const _ of member.process.stdout as Readable) await lookInto(folder, seen)
      expect(await member.ended).toMatchObject({ code: 0, stderr: '' })
      await lookInto(folder, seen)
      const ends = await epochEnds(folder)
      for (const [table, lasts] of seen) {
        const possible = new Set(ends.map((end) => lastRow(table, end)))
        expect(lasts.filter((last) => !possible.has(last))).toEqual([])
        expect(lasts).toEqual([...lasts].sort((a, b) => a - b))
        expect(lasts.at(-1)).toBe(lastRow(table, ends.at(-1) as number))
        expect(new Set(lasts).size, 'commits seen from beside').toBeGreaterThan(5)
      }
    } finally {
      member.process.kill('SIGKILL')
      await member.ended
    }
  })
})

/** Notes the last row of each table; a row that is missing before it, or twice, is told. */
async function lookInto(folder: string, seen: Map<TableName, number[]>): Promise<void> {
  const files = await look(folder)
  for (const [table, lasts] of seen) {
    const rows = (files.get(table) ?? []).flatMap(
      (path) => JSON.parse(readFileSync(path, 'utf8')).rows as number[],
    )
    const last = Math.max(0, ...rows)
    const whole = Array.from({ length: last }, (_, i) => i + 1).filter((row) => holds(table, row))
    expect(rows.sort((a, b) => a - b)).toEqual(whole)
    lasts.push(last)
  }
}

/** The last record of each epoch; 0 before the first. */
async function epochEnds(folder: string): Promise<number[]> {
  const ledger = createSqliteLedger({ path: warehouseAt(folder).ledgerFile })
  try {
    const [entry] = await ledger.writers()
    const items = await ledger.consecutive(entry?.writer ?? '', 1, EPOCHS)
    return [0, ...items.flatMap((item) => (item.kind === 'request' ? [item.request.to] : []))]
  } finally {
    ledger.close()
  }
}

function lastRow(table: TableName, record: number): number {
  const rows = Array.from({ length: record }, (_, i) => i + 1).filter((row) => holds(table, row))
  return rows.at(-1) ?? 0
}
