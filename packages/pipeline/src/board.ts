/** Numbers that every thread of a process writes its own of and everybody may read at any time. */
const names = [
  'frames',
  'bytes',
  'appended',
  'durable',
  'read',
  'rows',
  'sealed',
  'accepted',
  'released',
  'retirable',
  'commits',
  'gaps',
  'duplicates',
  'deadLetters',
  'readTimeUs',
  'committedUs',
  'freeBytes',
  'fullInSeconds',
] as const

export type BoardName = (typeof names)[number]

/**
 * The process's progress: `appended`, `durable`, `read`, `sealed`, `accepted` and `released` are record
 * numbers, `retirable` the last that nothing will be made from again, `readTimeUs` the received time of the last record that became rows, `committedUs` the time of the last commit,
 * `freeBytes` what the journal's disk had when it was looked at last, 0 before, `fullInSeconds` when it will be full if
 * it goes on as in the last minutes, 0 when that cannot be seen; the rest counts.
 *
 * Each name has one writing thread, so plain loads and stores of whole float64 slots are enough.
 */
export interface Board {
  readonly shared: SharedArrayBuffer
  get(name: BoardName): number
  set(name: BoardName, value: number): void
  add(name: BoardName, more: number): void
}

export function openBoard(shared = new SharedArrayBuffer(names.length * 8)): Board {
  const values = new Float64Array(shared)
  const slot = new Map(names.map((name, index) => [name, index]))
  const at = (name: BoardName): number => slot.get(name) as number
  return {
    shared,
    get: (name) => values[at(name)] as number,
    set(name, value) {
      values[at(name)] = value
    },
    add(name, more) {
      values[at(name)] = (values[at(name)] as number) + more
    },
  }
}
