import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tables } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { build, VERSION } from './version.ts'

describe('what runs', () => {
  it('is the product of this clone, whose version stands in one place', () => {
    const path = join(import.meta.dirname, '../../../package.json')
    expect(VERSION).toBe((JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version)
  })

  it('has a number for every format and every decoder', () => {
    const { formats } = build
    expect(formats['table.ticks']).toBe(tables.ticks.schemaVersion)
    expect(formats['decoder.binance.spot']).toMatch(/^binance-spot-json\/\d+$/)
    expect(Object.keys(formats)).toEqual(
      expect.arrayContaining(['journal', 'segment', 'control_log', 'state_image', 'ledger']),
    )
    for (const [name, format] of Object.entries(formats)) {
      expect(String(format), name).toMatch(/^([1-9]\d*|\d+\.\d+\.\d+|[a-z]+-[a-z]+-json\/[1-9]\d*)$/)
    }
  })
})
