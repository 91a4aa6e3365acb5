import type { TableName } from '@cryptoflow/model'
import { expect, it } from 'vitest'
import { rawBounds } from './raw-bounds.ts'

const defaults = { rawCap: 10, rawBytes: 1000 }
const stored = (exchange: string, ...tables: TableName[]) => ({ market: { exchange }, tables })

it('gives the raw channel the room of all tables together', () => {
  expect(rawBounds([stored('a', 'ticks')], { defaults, overrides: {} })).toEqual({
    itemsMax: 10,
    bytesMax: 1000,
  })
  expect(rawBounds([stored('a', 'ticks', 'bbo'), stored('b', 'ticks')], { defaults, overrides: {} })).toEqual(
    { itemsMax: 30, bytesMax: 3000 },
  )
})

it('lets an exchange and table have its own bounds, each by itself', () => {
  const overrides = {
    a: { ticks: { rawCap: 500, rawBytes: null }, funding: { rawCap: 7, rawBytes: 7 } },
    b: { bbo: { rawCap: null, rawBytes: 5 } },
  }
  expect(
    rawBounds([stored('a', 'ticks', 'bbo'), stored('b', 'ticks', 'bbo')], { defaults, overrides }),
  ).toEqual({ itemsMax: 500 + 3 * 10, bytesMax: 3 * 1000 + 5 })
})
