/** How the exchange writes times: RFC 3339 with as many digits behind the point as the writer had. */

/** No time at all, as snapshots may have it. */
export const NO_TIME_1970 = '1970-01-01T00:00:00Z'
/** No time at all, as updates of the Exchange socket rarely have it. */
export const NO_TIME_YEAR_1 = '0001-01-01T00:00:00.000000Z'

/** Six digits: `2026-04-07T14:30:00.123000Z`. */
export function microTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`
}

/** Nine digits or fewer, zeros at the end cut: `2026-04-07T14:30:00.123000755Z`. `nanos`: 0 to 999, below a microsecond. */
export function shortTime(ms: number, nanos = 0): string {
  const [whole = '', millis = ''] = new Date(ms).toISOString().slice(0, -1).split('.')
  const fraction = `${millis}000${String(nanos).padStart(3, '0')}`.replace(/0+$/, '')
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`
}
