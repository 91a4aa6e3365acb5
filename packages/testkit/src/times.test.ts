import { describe, expect, it } from 'vitest'
import { isRow, rfcTimeUs, timeTexts } from './times.ts'

describe('an RFC 3339 time', () => {
  it.each([
    ['2023-10-06T17:35:55.440295Z', 1_696_613_755_440_295],
    ['2023-10-06T17:35:55Z', 1_696_613_755_000_000],
    ['2023-10-06T17:35:55.4Z', 1_696_613_755_400_000],
    ['2023-10-06T17:35:55.440295999Z', 1_696_613_755_440_295],
    ['2023-10-06T19:35:55.440295+02:00', 1_696_613_755_440_295],
    ['2023-10-06t15:05:55.440295-02:30', 1_696_613_755_440_295],
    ['1970-01-01T00:00:00Z', 0],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000_000],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000_000],
  ])('%s is %d microseconds', (text, us) => {
    expect(rfcTimeUs(text)).toBe(us)
  })

  it.each([
    ...['2023-02-29T00:00:00Z', '2023-13-01T00:00:00Z', '2023-10-06T24:00:00Z', '2023-10-06T17:35:60Z'],
    ...['2023-10-06T17:35:55', '2023-10-06', '2023-10-06T17:35:55.Z', '2023-10-06T17:35:55+24:00', ''],
  ])('is none of %j', (text) => {
    expect(rfcTimeUs(text)).toBeNull()
  })
})

describe('texts for the place of a time', () => {
  const texts = timeTexts(3, 50)

  it('are the same for the same seed, and others for another', () => {
    expect(timeTexts(3, 50)).toEqual(texts)
    expect(timeTexts(4, 50)).not.toEqual(texts)
  })

  it('must be read where exchanges write so and a row can hold it', () => {
    const usual = texts.filter(({ isUsual }) => isUsual)
    expect(usual.length).toBeGreaterThan(50)
    expect(usual.every(({ us }) => us !== null && isRow(us))).toBe(true)
    const of = (text: string) => texts.find((time) => time.text === text)?.isUsual
    expect(of('2255-06-05T23:47:34.740991Z')).toBe(true)
    expect(of('2255-06-05T23:47:34.740992Z')).toBe(false)
    expect(of('0001-01-01T00:00:00Z')).toBe(false)
  })
})
