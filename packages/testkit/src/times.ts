import fc from 'fast-check'

/** A text in the place of a time, and what may become of it. */
export interface TimeText {
  readonly text: string
  /** Microseconds that it says, cut and not rounded; null when it says no time. */
  readonly us: number | null
  /** Whether it must be read: RFC 3339 in UTC, as exchanges write it, and in range. */
  readonly isUsual: boolean
}

/** 2009-01-03, when there was nothing to trade yet: earlier times may stand for absent ones. */
const FIRST_US = 1_230_940_800_000_000

const RFC = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/

/**
 * The microseconds that an RFC 3339 time says (RFC 3339, July 2002, section 5.6); null when it is none. A leap second
 * is none here: no exchange sends one.
 */
export function rfcTimeUs(text: string): number | null {
  const match = RFC.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as number[]
  const ms = utcMs([year, month, day, hour, minute, second] as Parts)
  if (ms === null) return null
  const [, , , , , , , fraction = '', , sign, hours = '0', minutes = '0'] = match
  if (Number(hours) > 23 || Number(minutes) > 59) return null
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  return (ms - offsetMs) * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
}

type Parts = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number]

/** Milliseconds since 1970; null for a day or an hour that no calendar has. */
function utcMs([year, month, day, hour, minute, second]: Parts): number | null {
  if (hour > 23 || minute > 59 || second > 59) return null
  const date = new Date(0)
  // Unlike Date.UTC this leaves the years below 100 where they are.
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}

const borders: readonly string[] = [
  // Fraction digits from none to nine, with zeros cut and kept, and more than nine.
  ...[
    '',
    '.4',
    '.40',
    '.123',
    '.123456',
    '.123456789',
    '.999999999',
    '.000000',
    '.0000009',
    '.1234567891',
  ].map((fraction) => `2023-10-06T17:35:55${fraction}Z`),
  ...'2024-02-29T23:59:59.999999Z|2000-02-29T00:00:00Z|2100-02-28T00:00:00Z|2023-12-31T23:59:59Z'.split('|'),
  ...'0001-01-01T00:00:00Z|1970-01-01T00:00:00Z|1969-12-31T23:59:59.999999Z|2009-01-03T00:00:00Z'.split('|'),
  ...'2255-06-05T23:47:34.740991Z|2255-06-05T23:47:34.740992Z|9999-12-31T23:59:59.999999Z'.split('|'),
  // Offsets and other spellings that are allowed, and that few send.
  ...'2023-10-06T17:35:55+00:00|2023-10-06T17:35:55-00:00|2023-10-06T17:35:55.5+09:00'.split('|'),
  ...'2023-10-06t17:35:55z|2023-10-06 17:35:55Z|2023-10-06T17:35:55-23:59'.split('|'),
  // What looks like a time and is none.
  ...'2023-02-29T00:00:00Z|2100-02-29T00:00:00Z|2023-13-01T00:00:00Z|2023-00-01T00:00:00Z'.split('|'),
  ...'2023-10-32T00:00:00Z|2023-10-00T00:00:00Z|2023-04-31T00:00:00Z|2023-10-06T24:00:00Z'.split('|'),
  ...'2023-10-06T17:60:55Z|2023-10-06T17:35:61Z|2023-10-06T17:35:55.Z|2023-10-06T17:35:55,5Z'.split('|'),
  ...'2023-10-06T17:35:55|2023-10-06T17:35Z|2023-10-06|17:35:55Z|2023-10-06T17:35:55.5+25:00'.split('|'),
  ...'2023-10-6T17:35:55Z|23-10-06T17:35:55Z|-2023-10-06T17:35:55Z|+2023-10-06T17:35:55Z'.split('|'),
  ...'２０２３-10-06T17:35:55Z| 2023-10-06T17:35:55Z|2023-10-06T17:35:55Z |2023-10-06T17:35:55ZZ'.split('|'),
  ...'2023-10-06T17:35:5 Z|2023-1a-06T17:35:55Z|2023:10:06T17-35-55Z|2023-10-06T17:35:55.1e3Z'.split('|'),
  ...'|null|now|0|1696613755|1696613755000|NaN|Infinity'.split('|'),
]

const randomTime = fc
  .tuple(
    fc.integer({ min: FIRST_US / 1_000_000, max: 4_102_444_800 }),
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 9 }),
  )
  .map(([seconds, fraction]) => {
    const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
    return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`
  })

/** Texts for a time's place: every border, and `count` seeded ones between 2009 and 2100. */
export function timeTexts(seed: number, count: number): readonly TimeText[] {
  return [...borders, ...fc.sample(randomTime, { seed, numRuns: count })].map((text) => {
    const us = rfcTimeUs(text)
    const isUsual = /^[-\dT:]{19}(\.\d{1,9})?Z$/.test(text) && us !== null && isRow(us)
    return { text, us, isUsual }
  })
}

/** Whether a time can be a row's; an earlier one may be taken for absent, a later one no number holds exactly. */
export function isRow(us: number): boolean {
  return us >= FIRST_US && us <= Number.MAX_SAFE_INTEGER
}
