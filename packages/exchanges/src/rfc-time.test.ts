import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_AT, load } from './bytes.ts'
import { FieldReader } from './json.ts'
import { readRfcTime, rfcTimeUs, scanRfcTime } from './rfc-time.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }

/** What the scanner reads; undefined when it leaves the text to the exact path. */
function scanned(text: string): number | undefined {
  const column = new Float64Array(1)
  load(encoder.encode(`${text}"`))
  const quote = scanRfcTime(FRAME_AT, column, 0)
  return quote === FRAME_AT + text.length ? column[0] : undefined
}

function read(json: string | null): [number, unknown] {
  const fields = new FieldReader({})
  return [readRfcTime(fields, json, 'time'), fields.refusal]
}

const secondUs = Date.UTC(2026, 8, 7, 1, 57, 58) * 1000

describe('a time as RFC 3339 writes it', () => {
  it.each([
    ['2026-09-07T01:57:58.894355Z', secondUs + 894_355],
    ['2026-09-07T01:57:58Z', secondUs],
    ['2026-09-07T01:57:58.9Z', secondUs + 900_000],
    ['2026-09-07T01:57:58.003Z', secondUs + 3_000],
    ['2026-09-07T01:57:58.89435Z', secondUs + 894_350],
    ['2026-09-07T01:57:58.8943559Z', secondUs + 894_355],
    ['2026-09-07T01:57:58.894355999Z', secondUs + 894_355],
    ['2026-09-07T01:57:58.000000999Z', secondUs],
    ['2024-02-29T23:59:59.999999999Z', Date.UTC(2024, 2, 1) * 1000 - 1],
    ['2009-01-03T00:00:00Z', Date.UTC(2009, 0, 3) * 1000],
    ['2009-01-02T23:59:59.999999Z', Number.NaN],
    ['1970-01-01T00:00:00Z', Number.NaN],
    ['0001-01-01T00:00:00.000000Z', Number.NaN],
    ['2255-06-05T23:47:34.740991Z', Number.MAX_SAFE_INTEGER],
  ])('%s is the same on both paths', (text, us) => {
    expect(rfcTimeUs(text)).toBe(us)
    expect(scanned(text)).toBe(us)
  })

  it.each([
    ['2026-09-07T03:57:58.894355+02:00', secondUs + 894_355],
    ['2026-09-06T20:27:58.894355-05:30', secondUs + 894_355],
    ['2026-09-07T01:57:58.894355-00:00', secondUs + 894_355],
    ['2009-01-03T01:00:00+02:00', Number.NaN],
    ['2255-06-05T23:47:34.740992Z', Number.POSITIVE_INFINITY],
    ['9999-12-31T23:59:59.999999999Z', Number.POSITIVE_INFINITY],
  ])('%s is left to the exact path', (text, us) => {
    expect(rfcTimeUs(text)).toBe(us)
    expect(scanned(text)).toBeUndefined()
  })

  it.each([
    '',
    '2026-09-07',
    '2026-09-07T01:57:58',
    '2026-09-07 01:57:58Z',
    '2026-09-07t01:57:58z',
    '2026-09-07T01:57:58.Z',
    '2026-09-07T01:57:58.1234567890Z',
    '2026-09-07T01:57:58,5Z',
    '2026-09-07T24:00:00Z',
    '2026-09-07T01:60:00Z',
    '2026-09-07T01:57:60Z',
    '2026-13-07T01:57:58Z',
    '2026-00-07T01:57:58Z',
    '2026-02-29T01:57:58Z',
    '2026-09-31T01:57:58Z',
    '2026-09-00T01:57:58Z',
    '2026-09-07T01:57:58+24:00',
    '2026-09-07T01:57:58+0200',
    '2026-9-7T01:57:58Z',
    '12026-09-07T01:57:58Z',
    '-026-09-07T01:57:58Z',
    '2026-09-07T01:57:58.894355Z\n',
    '2026-09-07T01:57:5:Z',
    '2026-09-07T01:57:58.89/355Z',
    '２026-09-07T01:57:58Z',
  ])('%s is none', (text) => {
    expect(rfcTimeUs(text)).toBeNull()
    expect(scanned(text)).toBeUndefined()
  })

  it('is read alike by both paths, with any number of digits and on any day', () => {
    const us = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2255, 0, 1) })
    const fraction = fc.stringMatching(/^\d{0,10}$/)
    fc.assert(
      fc.property(us, fraction, fc.constantFrom('Z', '+00:00', ''), (ms, digits, zone) => {
        const seconds = new Date(ms).toISOString().slice(0, 19)
        const text = seconds + (digits === '' ? '' : `.${digits}`) + zone
        const exact = rfcTimeUs(text)
        const fast = scanned(text)
        if (zone === 'Z' && digits.length <= 9) expect(fast).toBe(exact)
        else expect(fast).toBeUndefined()
        if (exact === null) expect(zone === '' || digits.length === 10).toBe(true)
        else if (!Number.isNaN(exact)) expect(exact).toBe(Math.floor(exact))
      }),
      seeded,
    )
  })

  it('is read alike by both paths when one character is another', () => {
    const text = '2026-09-07T01:57:58.894355Z'
    const change = fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...'0123456789-:.TZ/; '))
    fc.assert(
      fc.property(change, ([at, character]) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        const fast = scanned(changed)
        if (fast !== undefined) expect(fast).toBe(rfcTimeUs(changed))
        else expect([null, Number.POSITIVE_INFINITY]).toContain(rfcTimeUs(changed))
      }),
      { ...seeded, numRuns: 2000 },
    )
  })

  it('is no time when it is cut, whatever an earlier frame left behind it', () => {
    const text = '2026-09-07T01:57:58.894355Z'
    for (let bytes = 0; bytes < text.length; bytes++) {
      load(encoder.encode(`${text}"${text}"${text}"`))
      load(encoder.encode(text.slice(0, bytes)))
      expect(scanRfcTime(FRAME_AT, new Float64Array(1), 0)).toBe(0)
    }
  })

  it('refuses what is none, and what no column can hold', () => {
    expect(read('2026-09-07T01:57:58Z')).toEqual([secondUs, null])
    expect(read('0001-01-01T00:00:00Z')).toEqual([Number.NaN, null])
    const none = { kind: 'malformed', reason: 'malformed', detail: 'time is not a time' }
    expect(read('soon')[1]).toEqual(none)
    expect(read(null)[1]).toEqual(none)
    expect(read('2300-01-01T00:00:00Z')[1]).toMatchObject({ reason: 'number_out_of_range' })
  })
})
