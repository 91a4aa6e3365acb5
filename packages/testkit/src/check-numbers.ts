import { decimalText, type ExchangeMarket, parseDecimal } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { treeOf } from './json-tree.ts'
import { decimalTexts, wholeNumberTexts } from './numbers.ts'
import { CONNECTION_SLOT, eventOf, type Place, type Probe, placesOf } from './places.ts'
import { isStreamChecksum } from './plain-events.ts'
import type { Reading } from './reading.ts'
import type { Slot } from './slots.ts'

/** Seeded numbers for each place, beside the borders. */
const GENERATED = 20

/**
 * Whatever number stands in a message, the events hold exactly that one, or the message is refused.
 *
 * Which parts of a message are numbers the check finds out by itself: it puts a number there that nobody sends and
 * looks where it comes out. The reference for a decimal is `parseDecimal`, for a whole number its digits.
 */
export function checkNumbers(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('numbers')
  const generated = Math.ceil(GENERATED * (cases.share ?? 1))
  const texts = {
    decimal: decimalTexts(cases.seed, generated),
    number: wholeNumberTexts(cases.seed, generated),
  }
  const fields = new Set<string>()
  for (const fixture of cases.fixtures) {
    if (fixture.golden.outcome.kind !== 'events') continue
    for (const place of placesOf({ market, cases }, fixture, probes, usedBatch())) {
      fields.add(place.type)
      for (const { path } of place.slots) fields.add(path.replace(/^\d+ /, ''))
      for (const text of texts[place.type]) {
        // With white space too: what knows only the usual spelling leaves the others to another reader.
        for (const space of ['', ' ']) judge(place, text, space, findings)
      }
    }
  }
  checkFound(market, cases, fields, findings)
  return findings.list()
}

/** What was not found was not checked. */
function checkFound(
  market: ExchangeMarket,
  cases: ConformanceCases,
  fields: ReadonlySet<string>,
  findings: Findings,
): void {
  if (!fields.has('decimal')) findings.add('no fixture has a decimal that comes out in an event')
  if (!fields.has('number')) findings.add('no fixture has a whole number that comes out in an event')
  if (market.streams.some(isStreamChecksum) && !fields.has('checksum')) {
    findings.add('no fixture has a checksum that comes out in an event')
  }
  if (cases.connectionSeqOf !== undefined && !fields.has(CONNECTION_SLOT)) {
    findings.add('no fixture has a number that is its place on the connection')
  }
}

type NumberPlace = Place<'decimal' | 'number'>

/**
 * Numbers that nobody sends: a decimal, a time, and for places of small numbers, such as hours, a count. Where a
 * fixture has that very number, the other one of the pair is taken.
 */
const probes: readonly Probe<'decimal' | 'number'>[] = (
  [
    ['decimal', '271828.1828', '314159.2653'],
    ['number', '1699999999877', '1699999999879'],
    ['number', '1973', '1979'],
  ] as const
).map(([type, text, other]) => ({
  type,
  text: (original) => (original === text ? other : text),
  isIn: (slot, probe, before) => slot.type === type && slot.value !== before && isProbe(slot.value, probe),
}))

/** Whether a value is the number, or the time in milliseconds or seconds that it is, as microseconds. */
function isProbe(value: string | null, probe: string): boolean {
  return value === probe || value === `${probe}000` || value === `${probe}000000`
}

function judge(place: NumberPlace, text: string, space: string, findings: Findings): void {
  const { reading, message } = place.readAt(text, space)
  const problem =
    reading.problem ??
    (place.type === 'decimal'
      ? decimalProblem(place, text, reading)
      : wholeProblem(place, text, reading, isJson(message)))
  if (problem !== null) findings.add(`${place.name} is ${JSON.stringify(text)}: ${problem}`)
}

function isJson(message: Uint8Array): boolean {
  return treeOf(message) !== null
}

/** JSON's grammar of numbers, with its white space. */
const JSON_NUMBER = /^[ \t\n\r]*-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?[ \t\n\r]*$/

/** The number that stands there; where no quotes stand, JSON decides what is one. */
function decimalAt(place: NumberPlace, text: string): ReturnType<typeof parseDecimal> {
  if (place.isText) return parseDecimal(text)
  return JSON_NUMBER.test(text) ? parseDecimal(text.trim()) : null
}

function decimalProblem(place: NumberPlace, text: string, reading: Reading): string | null {
  const decimal = decimalAt(place, text)
  const isEvents = reading.outcome?.kind === 'events'
  if (decimal === null) return isEvents ? absenceProblem(place, text, reading) : null
  if (decimal === 'range') return isEvents ? 'it is out of range and not refused' : reasonProblem(reading)
  // What a zero means (no level, no rule, an invalid print) is the exchange's.
  const isZero = decimal.mantissa === 0n
  if (!isEvents) {
    return decimal.mantissa > 0n ? `it can be stored and is not read: ${reading.meaning.trim()}` : null
  }
  // A zero may be padding, or stand for a level that is not kept: then what comes after it has moved up.
  if (place.isOfOtherCount(reading)) return isZero ? null : 'another number of events or entries comes out'
  const expected = decimalText(decimal.mantissa, decimal.scale)
  for (const slot of place.slotsAfter(reading)) {
    if (slot.value !== expected && !(isZero && isAbsentOrZero(slot, expected))) {
      return `${slot.path} is ${slot.value} instead of ${expected}`
    }
  }
  return null
}

/** Zero may stand for absent, but not be written with other digits. */
function isAbsentOrZero(slot: Slot, expected: string): boolean {
  return slot.value === null || slot.value === 'null' || slot.value === expected.replace('-', '')
}

/** What is no number must be refused; only nothing at all may stand for an absent one. */
function absenceProblem(place: NumberPlace, text: string, reading: Reading): string | null {
  if (!isNothingAtAll(text)) return 'it is no number and not refused'
  const slot = place.slotsAfter(reading).find(({ value }) => value !== null && value !== 'null')
  return slot === undefined ? null : `${slot.path} is ${slot.value}`
}

function isNothingAtAll(text: string): boolean {
  return text === '' || text === 'null'
}

function wholeProblem(place: NumberPlace, text: string, reading: Reading, isValid: boolean): string | null {
  const isEvents = reading.outcome?.kind === 'events'
  const decimal = decimalAt(place, text)
  const exact = wholeOf(decimal)
  if (!isEvents) {
    const isLarge = isValid && /^\d+$/.test(text) && exact !== null && exact > BigInt(Number.MAX_SAFE_INTEGER)
    return isLarge ? reasonProblem(reading) : null
  }
  // Zero and less stand for nothing, and so do times before there was an exchange.
  const isAbsence = isNothingAtAll(text) || isNothing(decimal)
  if (place.isOfOtherCount(reading)) {
    return isAbsence ? null : 'another number of events or entries comes out'
  }
  for (const slot of place.slotsAfter(reading)) {
    const isTime = slot.path.endsWith('Us')
    if (slot.value === null) {
      if (!isAbsence && !(isTime && exact !== null) && !isKeptAsText(slot, text, reading))
        return `${slot.path} is absent`
    } else if (exact === null || !unitsOf(exact, isTime).includes(slot.value)) {
      return `${slot.path} is ${slot.value}`
    }
  }
  return null
}

/** An id that is no whole number below 2^53 is absent as a number, and kept byte for byte as a text. */
function isKeptAsText({ path }: Slot, text: string, { events }: Reading): boolean {
  return path.endsWith('Seq') && events[eventOf(path)]?.textId === text
}

function isNothing(decimal: ReturnType<typeof parseDecimal>): boolean {
  return decimal !== null && decimal !== 'range' && decimal.mantissa <= 0n
}

/** The whole number that a decimal is; null when it is none. */
function wholeOf(decimal: ReturnType<typeof parseDecimal>): bigint | null {
  if (decimal === null || decimal === 'range') return null
  const unit = 10n ** BigInt(decimal.scale)
  return decimal.mantissa % unit === 0n ? decimal.mantissa / unit : null
}

/** What a number may come out as: itself, or as microseconds the time that it is in some unit. */
function unitsOf(exact: bigint, isTimeSlot: boolean): readonly string[] {
  const values = isTimeSlot ? [exact, exact * 1000n, exact * 1_000_000n, exact / 1000n] : [exact]
  return values.filter((value) => value <= BigInt(Number.MAX_SAFE_INTEGER)).map(String)
}

const rangeReasons = new Set(['number_out_of_range', 'absurd_time'])

/** What is a number, but too large or too fine, is refused as just that. */
function reasonProblem(reading: Reading): string | null {
  const { reason } = (reading.outcome ?? {}) as { reason?: string }
  return reason === undefined || rangeReasons.has(reason)
    ? null
    : `it is out of range, but refused as ${reason}`
}
