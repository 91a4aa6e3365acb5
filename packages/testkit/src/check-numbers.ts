import { decimalText, type EventBatch, type ExchangeMarket, parseDecimal } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { bytesOf, changed, isLeaf, type JsonTree, type PlacedTree, partsOf, treeOf } from './json-tree.ts'
import { decimalTexts, wholeNumberTexts } from './numbers.ts'
import { type Reading, read } from './reading.ts'
import { type Slot, slotsOf } from './slots.ts'

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
  const decimals = decimalTexts(cases.seed, GENERATED)
  const wholes = wholeNumberTexts(cases.seed, GENERATED)
  const found = { decimal: 0, number: 0 }
  for (const fixture of cases.fixtures) {
    const tree = treeOf(fixture.bytes)
    if (tree === null || fixture.golden.outcome.kind !== 'events') continue
    const batch = usedBatch()
    for (const { path, shape } of numberPlaces(tree)) {
      const place = placeOf(market, fixture, tree, path, shape, batch)
      if (place === null) continue
      found[place.type] += 1
      for (const text of place.type === 'decimal' ? decimals : wholes) {
        // With white space too: what knows only the usual spelling leaves the others to another reader.
        for (const space of ['', ' ']) judge(place, text, space, findings)
      }
    }
  }
  if (found.decimal === 0) findings.add('no fixture has a decimal that comes out in an event')
  if (found.number === 0) findings.add('no fixture has a whole number that comes out in an event')
  return findings.list()
}

/** The first and the last leaf of every shape: between them a list's items are alike. */
function numberPlaces(tree: JsonTree): PlacedTree[] {
  const leaves = partsOf(tree).filter(({ tree: part }) => isLeaf(part))
  const byShape = Map.groupBy(leaves, ({ shape }) => shape)
  return [...byShape.values()].flatMap((alike) =>
    alike.length === 1 ? alike : [alike[0] as PlacedTree, alike.at(-1) as PlacedTree],
  )
}

/** A part of a message whose number comes out in slots of its events. */
interface Place {
  readonly name: string
  readonly type: 'decimal' | 'number'
  /** Whether the number stands in quotes. */
  readonly isText: boolean
  readonly slots: readonly Slot[]
  readonly eventsCount: number
  readAt(text: string, space: string): { readonly reading: Reading; readonly message: Uint8Array }
}

/** Numbers that nobody sends. */
const DECIMAL_PROBE = '271828.1828'
const TIME_PROBE = '1700000000123'
/** For places of small numbers, such as hours. */
const COUNT_PROBE = '1973'

function placeOf(
  market: ExchangeMarket,
  fixture: Fixture,
  tree: JsonTree,
  path: readonly number[],
  shape: string,
  batch: EventBatch,
): Place | null {
  for (const isText of [true, false]) {
    const readAt = (text: string, space: string): { reading: Reading; message: Uint8Array } => {
      const token = isText ? JSON.stringify(text) : text
      const message = bytesOf(
        changed(tree, path, () => ({ text: token })),
        () => space,
      )
      return { reading: read(market, message, fixture.answer, batch), message }
    }
    for (const [type, probe] of [
      ['decimal', DECIMAL_PROBE],
      ['number', TIME_PROBE],
      ['number', COUNT_PROBE],
    ] as const) {
      const { events } = readAt(probe, '').reading
      const slots = slotsOf(events).filter((slot) => slot.type === type && isProbe(slot.value, probe))
      if (slots.length === 0) continue
      return { name: `${fixture.name}${shape}`, type, isText, slots, eventsCount: events.length, readAt }
    }
  }
  return null
}

/** Whether a value is the number, or the time in milliseconds or seconds that it is, as microseconds. */
function isProbe(value: string | null, probe: string): boolean {
  return value === probe || value === `${probe}000` || value === `${probe}000000`
}

function judge(place: Place, text: string, space: string, findings: Findings): void {
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
function decimalAt(place: Place, text: string): ReturnType<typeof parseDecimal> {
  if (place.isText) return parseDecimal(text)
  return JSON_NUMBER.test(text) ? parseDecimal(text.trim()) : null
}

function decimalProblem(place: Place, text: string, reading: Reading): string | null {
  const decimal = decimalAt(place, text)
  const isEvents = reading.outcome?.kind === 'events'
  if (decimal === null) return isEvents ? absenceProblem(place, text, reading) : null
  if (decimal === 'range') return isEvents ? 'it is out of range and not refused' : reasonProblem(reading)
  // What a zero means (no level, no rule, an invalid print) is the exchange's.
  const isZero = decimal.mantissa === 0n
  if (!isEvents) {
    return decimal.mantissa > 0n ? `it can be stored and is not read: ${reading.meaning.trim()}` : null
  }
  if (reading.events.length !== place.eventsCount) return isZero ? null : 'another number of events comes out'
  const expected = decimalText(decimal.mantissa, decimal.scale)
  for (const slot of slotsAfter(place, reading)) {
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
function absenceProblem(place: Place, text: string, reading: Reading): string | null {
  if (!isNothingAtAll(text)) return 'it is no number and not refused'
  const slot = slotsAfter(place, reading).find(({ value }) => value !== null && value !== 'null')
  return slot === undefined ? null : `${slot.path} is ${slot.value}`
}

function isNothingAtAll(text: string): boolean {
  return text === '' || text === 'null'
}

function wholeProblem(place: Place, text: string, reading: Reading, isValid: boolean): string | null {
  const isEvents = reading.outcome?.kind === 'events'
  const decimal = decimalAt(place, text)
  const exact = wholeOf(decimal)
  if (!isEvents) {
    const isLarge = isValid && /^\d+$/.test(text) && exact !== null && exact > BigInt(Number.MAX_SAFE_INTEGER)
    return isLarge ? reasonProblem(reading) : null
  }
  // Zero and less stand for nothing, and so do times before there was an exchange.
  const isAbsence = isNothingAtAll(text) || isNothing(decimal)
  if (reading.events.length !== place.eventsCount) {
    return isAbsence ? null : 'another number of events comes out'
  }
  for (const slot of slotsAfter(place, reading)) {
    const isTime = slot.path.endsWith('Us')
    if (slot.value === null) {
      if (!isAbsence && !(isTime && exact !== null)) return `${slot.path} is absent`
    } else if (exact === null || !unitsOf(exact, isTime).includes(slot.value)) {
      return `${slot.path} is ${slot.value}`
    }
  }
  return null
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

/** The slots of the place in another reading; one that is not there is absent. */
function slotsAfter(place: Place, reading: Reading): readonly Slot[] {
  const found = new Map(slotsOf(reading.events).map((slot) => [slot.path, slot]))
  return place.slots.map((slot) => found.get(slot.path) ?? { ...slot, value: null })
}
