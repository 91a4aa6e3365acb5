import type { Source } from './place.ts'

/** What was written, before anybody knows what it means, with the place of every part. */
export type Raw = RawMap | RawList | RawScalar

export interface RawMap {
  readonly kind: 'map'
  readonly source: Source
  readonly entries: Map<string, RawEntry>
}

export interface RawEntry {
  /** Where the key stands. */
  readonly source: Source
  readonly value: Raw
}

export interface RawList {
  readonly kind: 'list'
  readonly source: Source
  readonly items: Raw[]
}

export interface RawScalar {
  readonly kind: 'scalar'
  readonly source: Source
  readonly value: string | number | boolean | null
  /** A text to be read as whatever the key wants: from a flag, the environment, or a `${VARIABLE}`. */
  readonly isLoose: boolean
}

export function emptyMap(source: Source): RawMap {
  return { kind: 'map', source, entries: new Map() }
}

/** A text to be read as whatever the key wants. */
export function looseText(value: string, source: Source): RawScalar {
  return { kind: 'scalar', source, value, isLoose: true }
}
