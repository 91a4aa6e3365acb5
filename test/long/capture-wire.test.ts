import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { areHere, captureLines, expectations, folder, stored, unknownExchanges } from '../captures.ts'
import { runJson } from '../support.ts'
import { wireTable } from '../wire.ts'

/** Captures of one exchange each, whose first is read by `capture.test.ts`. */
const names = areHere
  ? expectations()
      .filter((file) => file.decoded_messages > 0 && !/^(mixed|binance)/.test(file.file))
      .filter((file) => unknownExchanges(file).length === 0)
      .map(({ file }) => file)
  : []

const numbers = 'price, price_scale, quantity, quantity_scale'
const queries = {
  levels: `SELECT symbol, side, level_index, ${numbers}, is_snapshot
    FROM (FROM spot_delta UNION ALL BY NAME FROM futures_delta)`,
  trades: `SELECT symbol, side, ${numbers} FROM ticks`,
}

describe.runIf(areHere)('captures of other exchanges', () => {
  const warehouse = mkdtempSync(join(tmpdir(), 'cryptoflow-wire-'))
  afterAll(() => rmSync(warehouse, { recursive: true, force: true }))

  it('are there', () => expect(names.length).toBeGreaterThan(1))

  it.each(names)('are stored with the numbers of the wire: %s', async (name) => {
    const path = join(folder, name)
    await runJson('replay', '--input', path, '--warehouse', warehouse, '--json')
    const writer = `capture${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 24)}`
    const wire = wireTable(captureLines(name))
    for (const [what, sql] of Object.entries(queries)) {
      const rows = await stored(warehouse, `${sql} WHERE writer = '${writer}' AND source <> 'derived'`)
      const expected = wire[what as keyof typeof wire].sort()
      const first = rows.findIndex((row, index) => row !== expected[index])
      expect([what, rows.length, rows[first]]).toEqual([what, expected.length, expected[first]])
    }
    expect(wire.levels.length + wire.trades.length).toBeGreaterThan(4)
  })
})
