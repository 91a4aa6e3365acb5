import { expect } from 'vitest'
import type { Row } from './lane-fixture.ts'

/** For tests: rows as texts that can be compared and sorted. */
export function texts(rows: readonly Row[]): string[] {
  return rows.map((row) => JSON.stringify(row))
}

/** Compares long lists by their first difference: a whole diff would take minutes. */
export function expectSame(actual: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, i) => actual[i] !== line)
  if (at >= 0) expect(actual[at]).toBe(expected[at])
  expect(actual.length).toBe(expected.length)
}
