import type { ExchangeMarket } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture } from './cases.ts'
import { TEXT_ID_BYTES_MAX } from './event-kinds.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { brokenBytes, withBytes } from './hostile-names.ts'
import { eventOf, type Place, type Probe, placesOf } from './places.ts'
import { type Reading, read, type Subject } from './reading.ts'
import type { Slot } from './slots.ts'

/** Digits that no float64 holds, and other texts that somebody may send as an id. */
const hostileIds: readonly string[] = [
  ...'1|0|-1|007|1.0|1e3|9007199254740991|9007199254740993|17883351803770005|18446744073709551616'.split('|'),
  ...'20f43950-d8dd-5b31-9112-a178eb6023af|__proto__|constructor|null|A"B|A\\B|e\u0301|测试|\u202eX|A\u0000B'.split(
    '|',
  ),
  ...['', ' ', '\ud800', '9'.repeat(40)],
  ...[TEXT_ID_BYTES_MAX, TEXT_ID_BYTES_MAX + 1, 100_000].map((bytes) => 'x'.repeat(bytes)),
  '测'.repeat(TEXT_ID_BYTES_MAX / 3 + 1),
]

/** An id of the same form, which must be read too. */
function beside(id: string): string {
  const last = id.slice(-1)
  return `${id.slice(0, -1)}${/[0-8a-eA-E]/.test(last) ? String.fromCharCode(last.charCodeAt(0) + 1) : '1'}`
}

const probes: readonly Probe<'id'>[] = [
  {
    type: 'id',
    text: beside,
    // Ids may be made of several parts; a short part may stand in them by chance, but does not change them.
    isIn: ({ path, value }, probe, before) =>
      path.endsWith(' textId') && probe !== '' && value !== before && value?.includes(probe) === true,
  },
]

/**
 * An id that is a text comes out byte for byte, or the message is refused; no event has a broken one. Of an id that is
 * put together of several parts it is enough that each of them counts.
 */
export function checkIds(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('ids')
  const subject = { market, cases }
  const shown = new Set<string>()
  for (const fixture of cases.fixtures) {
    if (fixture.golden.outcome.kind !== 'events') continue
    for (const place of placesOf(subject, fixture, probes, usedBatch())) {
      for (const { stream } of place.readAt(place.probe, '').reading.events) shown.add(stream)
      for (const id of hostileIds) {
        for (const space of ['', ' ']) judge(place, id, space, findings)
      }
      checkBroken(subject, fixture, place, findings)
    }
  }
  for (const { name, idWindow } of market.streams) {
    if (idWindow > 0 && !shown.has(name)) findings.add(`no fixture has an id of ${name} that can be another`)
  }
  return findings.list()
}

function judge(place: Place, id: string, space: string, findings: Findings): void {
  const { reading } = place.readAt(id, space)
  const problem = reading.problem ?? idProblem(place, id, reading)
  if (problem !== null) findings.add(`${place.name} is ${JSON.stringify(id.slice(0, 80))}: ${problem}`)
}

function idProblem(place: Place, id: string, reading: Reading): string | null {
  if (reading.outcome?.kind !== 'events') return null
  if (place.isOfOtherCount(reading)) return 'another number of events or entries comes out'
  const after = place.slotsAfter(reading)
  for (const [i, slot] of place.slots.entries()) {
    // What is put together of several parts may write them in its own way: that one of them counts is known already.
    if (slot.value !== place.probe) continue
    const { path, value } = after[i] as Slot
    if (value === null) {
      const isAbsence = id === '' || id === 'null'
      if (!isAbsence && !isNumbered(path, id, reading)) return `${path} is absent`
    } else if (value !== id) return `${path} is ${JSON.stringify(value.slice(0, 80))}`
  }
  return null
}

/** An id below 2^53 may be kept as a number instead. */
function isNumbered(path: string, id: string, { events }: Reading): boolean {
  return String(events[eventOf(path)]?.lastSeq) === id
}

/** A byte that stands nowhere else in a message. */
const MARK = '~'

function checkBroken(subject: Subject, fixture: Fixture, place: Place, findings: Findings): void {
  if (!place.isText) return
  const { message } = place.readAt(`A${MARK}B`, '')
  for (const broken of brokenBytes) {
    const bytes = withBytes(message, MARK.charCodeAt(0), broken)
    const { problem, outcome } = read(subject, bytes, fixture.answer, usedBatch())
    const what = problem ?? (outcome?.kind === 'events' ? 'it is read, and is no UTF-8' : null)
    if (what !== null) findings.add(`${place.name} with the bytes ${broken.join(' ')}: ${what}`)
  }
}
