import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockOf, RecordCursor, readRecords, sliceBlock } from './block.ts'
import { recordsOf } from './testing/journals.ts'

const body = fc.record({
  kind: fc.constantFrom(...Object.values(RecordKind)),
  connection: fc.maxSafeNat(),
  receivedUs: fc.maxSafeNat(),
  payload: fc.uint8Array({ maxLength: 300 }),
})

const run = fc
  .tuple(
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100 }),
    fc.array(body, { minLength: 1, maxLength: 30 }),
  )
  .map(([first, bodies]) => bodies.map((record, i): JournalRecord => ({ number: first + i, ...record })))

describe('blockOf', () => {
  it('holds any dense run of records exactly, up to the largest numbers', () => {
    fc.assert(
      fc.property(run, (records) => {
        const block = blockOf(records)
        expect([block.first, block.last]).toEqual([records[0]!.number, records.at(-1)!.number])
        expect(recordsOf(block)).toEqual(records)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('refuses no records and records with a hole', () => {
    const record = { kind: RecordKind.clock, connection: 0, receivedUs: 1, payload: new Uint8Array(0) }
    expect(() => blockOf([])).toThrow('at least one record')
    expect(() =>
      blockOf([
        { number: 1, ...record },
        { number: 3, ...record },
      ]),
    ).toThrow('dense')
  })
})

describe('sliceBlock', () => {
  it('is the same as slicing the records', () => {
    fc.assert(
      fc.property(run, fc.nat(), fc.nat(), (records, a, b) => {
        const low = Math.min(a % records.length, b % records.length)
        const high = Math.max(a % records.length, b % records.length)
        const first = records[0]!.number
        const part = sliceBlock(blockOf(records), first + low, first + high)
        expect(recordsOf(part)).toEqual(records.slice(low, high + 1))
      }),
      { seed: 2, numRuns: 200 },
    )
  })
})

describe('RecordCursor', () => {
  it('fills one record again and again, with payloads that are views of the block', () => {
    const payload = Uint8Array.of(1, 2, 3)
    const records = [1, 2].map((number) => ({
      number,
      kind: RecordKind.frame,
      connection: 0,
      receivedUs: 5,
      payload,
    }))
    const block = blockOf(records)
    const [one, two] = [...readRecords(block)]
    expect(one).toBe(two)
    const cursor = new RecordCursor(block)
    expect(cursor.next()).toBe(true)
    expect(cursor.record.payload.buffer).toBe(block.bytes.buffer)
    expect([cursor.next(), cursor.next(), cursor.record.number]).toEqual([true, false, 2])
  })
})
