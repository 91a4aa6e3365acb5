import type { EventBatch } from '@cryptoflow/model'
import type { Fixture } from './cases.ts'
import {
  bytesOf,
  changed,
  isLeaf,
  type JsonTree,
  type PlacedTree,
  partsOf,
  textOf,
  treeOf,
} from './json-tree.ts'
import type { PlainEvent } from './plain-events.ts'
import { type Reading, read, type Subject } from './reading.ts'
import { type Slot, slotsOf } from './slots.ts'

/** A value that nobody sends, and how it looks where it comes out. */
export interface Probe<Type extends string> {
  readonly type: Type
  /** Of the text that stands in the place by rights. */
  text(original: string): string
  /** Whether the slot holds the probe; `before` is what the same slot held without it, null when it was absent. */
  isIn(slot: Slot, probe: string, before: string | null): boolean
}

/** A part of a message whose value comes out in slots of its events. */
export interface Place<Type extends string = string> {
  /** Fixture, path in words and whether quotes stand there. */
  readonly name: string
  readonly type: Type
  /** Whether the value stands in quotes. */
  readonly isText: boolean
  /** What stands there in the fixture, without quotes. */
  readonly original: string
  /** With the probe in them. */
  readonly slots: readonly Slot[]
  readonly probe: string
  /** The message with a text in the place and white space between all tokens. */
  readAt(text: string, space: string): { readonly reading: Reading; readonly message: Uint8Array }
  /** What the slots hold in another reading; one that is not there is absent. */
  slotsAfter(reading: Reading): readonly Slot[]
  /** Whether the reading has other events, or events with other entries, than with the probe. */
  isOfOtherCount(reading: Reading): boolean
}

/**
 * The places of one fixture, found by putting probes there and looking where they come out.
 *
 * A value is tried as it is written, in quotes or bare, and in the other way too: what is taken in both ways must be
 * right in both. Of each place the first probe counts that comes out.
 */
export function placesOf<Type extends string>(
  subject: Subject,
  fixture: Fixture,
  probes: readonly Probe<Type>[],
  batch: EventBatch,
): Place<Type>[] {
  const tree = treeOf(fixture.bytes)
  if (tree === null) return []
  const before = slotsIn(read(subject, fixture.bytes, fixture.answer, batch))
  return leavesOf(tree).flatMap(({ path, shape, tree: leaf }) => {
    const token = isLeaf(leaf) ? leaf.text : ''
    return [true, false].flatMap((isText) => {
      const readAt = (text: string, space: string): ReturnType<Place['readAt']> => {
        const other = { text: isText ? JSON.stringify(text) : text }
        const message = bytesOf(
          changed(tree, path, () => other),
          () => space,
        )
        return { reading: read(subject, message, fixture.answer, batch), message }
      }
      const original = (isLeaf(leaf) ? textOf(leaf) : null) ?? token
      const found = foundBy(probes, original, before, readAt)
      const name = `${fixture.name}${shape}${isText ? '' : ' (bare)'}`
      return found === null ? [] : [placeOf({ ...found, name, isText, original, readAt })]
    })
  })
}

/** The first and the last leaf of every shape: between them a list's items are alike. */
function leavesOf(tree: JsonTree): PlacedTree[] {
  const leaves = partsOf(tree).filter(({ tree: part }) => isLeaf(part))
  const byShape = Map.groupBy(leaves, ({ shape }) => shape)
  return [...byShape.values()].flatMap((alike) =>
    alike.length === 1 ? alike : [alike[0] as PlacedTree, alike.at(-1) as PlacedTree],
  )
}

interface Found<Type> {
  readonly type: Type
  readonly probe: string
  readonly slots: readonly Slot[]
  readonly probed: Reading
}

function foundBy<Type extends string>(
  probes: readonly Probe<Type>[],
  original: string,
  before: readonly Slot[],
  readAt: Place['readAt'],
): Found<Type> | null {
  const held = new Map(before.map(({ path, value }) => [path, value]))
  for (const { type, text, isIn } of probes) {
    const probe = text(original)
    const { reading } = readAt(probe, '')
    const slots = slotsIn(reading).filter((slot) => isIn(slot, probe, held.get(slot.path) ?? null))
    if (slots.length > 0) return { type, probe, slots, probed: reading }
  }
  return null
}

type Known<Type extends string> = Found<Type> & Pick<Place, 'name' | 'isText' | 'original' | 'readAt'>

function placeOf<Type extends string>({ probed, ...known }: Known<Type>): Place<Type> {
  const counts = countsOf(probed)
  const marks = markOfEvents(probed.events, known.slots)
  return {
    ...known,
    isOfOtherCount: (reading) => countsOf(reading) !== counts,
    slotsAfter: (reading) => slotsAfter(reading, known.slots, marks),
  }
}

/** Every value of a reading: those of its events, and the place of the frame on its connection. */
function slotsIn({ events, connectionSeq }: Reading): Slot[] {
  const slots = slotsOf(events)
  if (Number.isNaN(connectionSeq)) return slots
  return [...slots, { path: CONNECTION_SLOT, type: 'number', value: String(connectionSeq) }]
}

/** The path of the slot that is the frame's and of no event. */
export const CONNECTION_SLOT = 'connectionSeq'

function countsOf({ events }: Reading): string {
  const entries = events.reduce((count, event) => count + event.entries.length, 0)
  return `${events.length} ${entries}`
}

/** Fields that say which event it is: an id may move from one to another of them when it grows. */
const identity = ['firstSeq', 'lastSeq', 'textId', 'firstTradeId', 'lastTradeId']

/** What an event is but for the slots of the place: events may come in another order when their numbers change. */
type Mark = (event: PlainEvent) => string

function markOfEvents(
  events: readonly PlainEvent[],
  slots: readonly Slot[],
): readonly { of: Mark; text: string }[] {
  return events.map((event, i) => {
    const own = new Set(slots.flatMap(({ path }) => (eventOf(path) === i ? [fieldOf(path)] : [])))
    if (identity.some((field) => own.has(field))) for (const field of identity) own.add(field)
    const of: Mark = (other) =>
      slotsOf([other])
        .filter(({ path }) => !own.has(fieldOf(path)))
        .map(({ path, value }) => `${path} ${value}`)
        .join('\n')
    return { of, text: of(event) }
  })
}

function slotsAfter(
  reading: Reading,
  slots: readonly Slot[],
  marks: readonly { of: Mark; text: string }[],
): readonly Slot[] {
  const { events } = reading
  const found = new Map(slotsIn(reading).map((slot) => [slot.path, slot]))
  return slots.map((slot) => {
    const i = eventOf(slot.path)
    const mark = marks[i]
    const isSame = (event: PlainEvent | undefined): boolean =>
      event !== undefined && mark !== undefined && mark.of(event) === mark.text
    const moved = isSame(events[i]) ? i : events.findIndex(isSame)
    const path = mark === undefined || moved === -1 ? slot.path : `${moved} ${fieldOf(slot.path)}`
    return found.get(path) ?? { ...slot, path, value: null }
  })
}

/** Of `3 price 0` the 3; NaN of the slot that is of no event. */
export function eventOf(path: string): number {
  return path === CONNECTION_SLOT ? Number.NaN : Number.parseInt(path, 10)
}

function fieldOf(path: string): string {
  return path.slice(path.indexOf(' ') + 1)
}
