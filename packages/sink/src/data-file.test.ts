import { ticks } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { type DataFileName, dataFileKey, offerOf, parseDataFileKey } from './data-file.ts'
import { bufferOf, randomRows } from './random-rows.ts'
import { sealRows } from './seal.ts'

const name: DataFileName = {
  entropy: 'a1b2c3',
  writer: '01KAJ4V8Q2J3S9WZ6T0M5N7XYB',
  epoch: 17,
  table: 'spot_delta',
  part: 2,
  nonce: '9f8e7d6c',
}
const key = 'spot_delta/data/a1b2c3-01KAJ4V8Q2J3S9WZ6T0M5N7XYB-17-spot_delta-2-9f8e7d6c.parquet'

describe('the key of a data file', () => {
  it('tells writer, epoch, table and part, and can be read back', () => {
    expect(dataFileKey(name)).toBe(key)
    expect(parseDataFileKey(key)).toEqual(name)
  })

  it.each([
    { writer: '../x' },
    { writer: '' },
    { entropy: 'a/b' },
    { nonce: 'a-b' },
    { nonce: 'a\0' },
    { nonce: 'a\n' },
    { epoch: 0 },
    { epoch: 1.5 },
    { part: -1 },
    { table: 'constructor' as DataFileName['table'] },
  ])('is never made of %j', (wrong) => {
    expect(() => dataFileKey({ ...name, ...wrong })).toThrow('bug: ')
  })

  it.each([
    key.replace('spot_delta/', 'ticks/'),
    key.replaceAll('spot_delta', 'constructor'),
    key.replace('-17-', '-017-'),
    key.replace('-17-', '-0-'),
    key.replace('-17-', '-99999999999999999999-'),
    key.replace('.parquet', '.avro'),
    `x/${key}`,
    `${key}\n`,
    '',
  ])('%j is none of ours', (other) => {
    expect(parseDataFileKey(other)).toBeNull()
  })
})

describe('an offer', () => {
  it('survives JSON with everything that a manifest entry needs', () => {
    const [file] = sealRows(bufferOf(ticks, randomRows(ticks, 50, 3)), { compression: 'zstd' })
    const place = { location: `file:///w/${key}`, partition: [20_412, 'binance'] }
    const offer = JSON.parse(JSON.stringify(offerOf(file!, ticks, place)))
    expect(offer).toMatchObject({
      ...place,
      rows: 50,
      bytes: file!.bytes.length,
      splitOffsets: [4],
      schemaId: 0,
      specId: 0,
    })
    const ids = Object.values(ticks.columns).map((spec) => String(spec.id))
    expect(Object.keys(offer.valueCounts).sort()).toEqual(ids.sort())
    expect(Object.values(offer.valueCounts).every((count) => count === 50)).toBe(true)
    expect(offer.lowerBounds).toEqual(file!.lowerBounds)
    expect(Object.keys(offer.lowerBounds).length).toBeGreaterThan(15)
  })
})
