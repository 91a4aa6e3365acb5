import { visible } from './shown.ts'

/** Where a value stands. */
export interface Place {
  readonly origin: 'flag' | 'environment' | 'file' | 'default'
  /** The file's name; for a flag or a variable of the environment, its name. */
  readonly file: string
  /** From 1; 0 where there are no lines. */
  readonly line: number
  /** From 1, in UTF-16 units; 0 where there are no lines. */
  readonly column: number
}

/** Where an effective value comes from. */
export interface Source extends Place {
  /** Variables that it was put together from, as `${NAME}` in the file. */
  readonly variables: readonly string[]
  /** It came out of a variable whose name says that it is secret, and is never shown. */
  readonly isSecret: boolean
}

/** By key (`journal.retention.days`, `collectors[0].symbols`), lists with each of their values too. */
export type Sources = ReadonlyMap<string, Source>

/** Something to correct (or, as a warning, to know). */
export interface Problem {
  /** The file's name; for a variable of the environment or a flag, its name; `flags` where there is no file. */
  readonly file: string
  /** From 1; 0 where there are no lines. */
  readonly line: number
  /** From 1; 0 where there are no lines. */
  readonly column: number
  /** Empty when the problem is none of a single key. */
  readonly key: string
  /** `expected ..., got ...`, with `; did you mean "..."?` where something is near. */
  readonly message: string
}

/** Where values are that nobody set. */
export const nowhere: Source = {
  origin: 'default',
  file: 'default',
  line: 0,
  column: 0,
  variables: [],
  isSecret: false,
}

/** `file:line:column`, or the name alone where there are no lines. */
export function placeText({ file, line, column }: Pick<Place, 'file' | 'line' | 'column'>): string {
  return line === 0 ? visible(file) : `${visible(file)}:${line}:${column}`
}

/** One line: `file:line:column: key: expected ..., got ...`. */
export function problemText(problem: Problem): string {
  return [placeText(problem), ...(problem.key === '' ? [] : [problem.key]), problem.message].join(': ')
}

/** Where a value comes from, for people: `default`, `flag --threads`, `dev.yaml:3:5 with ${PORT}`. */
export function sourceText(source: Source): string {
  if (source.origin === 'default') return 'default'
  const place = placeText(source)
  const named = source.line === 0 ? `${source.origin} ${place}` : place
  return source.variables.length === 0
    ? named
    : `${named} with ${source.variables.map((name) => `$\{${name}}`).join(' ')}`
}

const originOrder: readonly Place['origin'][] = ['file', 'environment', 'flag', 'default']

/** In the order in which people look: the file from top to bottom, then the environment, then flags. */
export function inReadingOrder<P extends { readonly problem: Problem; readonly origin: Place['origin'] }>(
  found: readonly P[],
): Problem[] {
  const rank = ({ origin }: P): number => originOrder.indexOf(origin)
  return [...found]
    .sort(
      (a, b) => rank(a) - rank(b) || a.problem.line - b.problem.line || a.problem.column - b.problem.column,
    )
    .map(({ problem }) => problem)
}
