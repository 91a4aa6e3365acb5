import { decimalFields } from './event-kinds.ts'
import type { PlainEvent } from './plain-events.ts'

/** One value of one event: where it stands, what it is, and its text; null when absent. */
export interface Slot {
  /** `0 price 3`: the third entry's of the first event. */
  readonly path: string
  readonly type: 'decimal' | 'number' | 'text'
  readonly value: string | null
}

/** Every value of the events. */
export function slotsOf(events: readonly PlainEvent[]): Slot[] {
  return events.flatMap((event, i) => slotsOfEvent(event, i))
}

function slotsOfEvent(event: PlainEvent, i: number): Slot[] {
  const { entries, detail, ...fields } = event
  return [
    ...Object.entries(fields).map(([key, value]) => slot(`${i} ${key}`, value, false)),
    ...entries.flatMap(([, price, quantity], row) => [
      { path: `${i} price ${row}`, type: 'decimal' as const, value: price },
      { path: `${i} quantity ${row}`, type: 'decimal' as const, value: quantity },
    ]),
    ...Object.entries(detail ?? {}).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([part, digits]) => slot(`${i} detail ${key}.${part}`, digits, false))
        : [slot(`${i} detail ${key}`, value, decimalFields.has(key))],
    ),
  ]
}

function slot(path: string, value: unknown, isDecimal: boolean): Slot {
  const type = isDecimal ? 'decimal' : typeof value === 'number' ? 'number' : 'text'
  return { path, type, value: value === null || value === undefined ? null : String(value) }
}
