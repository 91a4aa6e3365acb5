import type { ExchangeMarket } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases } from './cases.ts'
import { createFindings, type Finding } from './finding.ts'
import { type Place, type Probe, placesOf } from './places.ts'
import type { Reading } from './reading.ts'
import { isRow, type TimeText, timeTexts } from './times.ts'

/** Seeded times for each place, beside the borders. */
const GENERATED = 20
/** A time that nobody sends, and what it is in microseconds. */
const PROBE = '2019-08-03T04:05:06.789012Z'
const PROBE_US = 1_564_805_106_789_012
/** Who reads the probe coarsely shows the place all the same. */
const COARSE_US = 1_000_000

const probes: readonly Probe<'time'>[] = [
  {
    type: 'time',
    text: () => PROBE,
    isIn: ({ path, value }, _probe, before) =>
      path.endsWith('Us') &&
      value !== null &&
      value !== before &&
      Math.abs(Number(value) - PROBE_US) < COARSE_US,
  },
]

/**
 * Where times are written as texts (RFC 3339), the events hold exactly the microseconds that were written, cut and not
 * rounded, or the message is refused. Times written as numbers are `checkNumbers`'.
 */
export function checkTimes(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('times')
  const texts = timeTexts(cases.seed, GENERATED)
  for (const fixture of cases.fixtures) {
    if (fixture.golden.outcome.kind !== 'events') continue
    for (const place of placesOf({ market, cases }, fixture, probes, usedBatch())) {
      for (const time of texts) {
        for (const space of ['', ' ']) {
          const { reading } = place.readAt(time.text, space)
          const problem = reading.problem ?? timeProblem(place, time, reading)
          if (problem !== null) findings.add(`${place.name} is ${JSON.stringify(time.text)}: ${problem}`)
        }
      }
    }
  }
  return findings.list()
}

function timeProblem(place: Place, { text, us, isUsual }: TimeText, reading: Reading): string | null {
  if (reading.outcome?.kind !== 'events') return isUsual ? 'it can be stored and is not read' : null
  if (place.isOfOtherCount(reading)) return 'another number of events or entries comes out'
  for (const { path, value } of place.slotsAfter(reading)) {
    if (value === null) {
      const mayBeAbsent = text === '' || text === 'null' || (us !== null && !isRow(us))
      if (!mayBeAbsent) return us === null ? 'it is no time and not refused' : `${path} is absent`
    } else if (us === null) return `${path} is ${value}, and it is no time`
    else if (value !== String(us)) return `${path} is ${value} instead of ${us}`
  }
  return null
}
