import { type KeyPath, keyOf } from './key-path.ts'
import { inReadingOrder, nowhere, type Place, type Problem, type Source, type Sources } from './place.ts'

/** More than this nobody reads at once; the number of the rest is told. */
const TOLD_MAX = 100

interface Found {
  readonly problem: Problem
  readonly origin: Place['origin']
}

/** What checking brings to light: problems, warnings, and where every value is from. */
export interface Findings {
  /** Something is wrong with the value of this key; whatever is compared with it is not worth telling. */
  problem(path: KeyPath, source: Source, message: string): void
  /** The same for what has been put into words by somebody else. */
  add(problem: Problem, origin: Place['origin']): void
  warning(path: KeyPath, source: Source, message: string): void
  setSource(path: KeyPath, source: Source): void
  sourceOf(path: KeyPath): Source
  /** Whether a problem was found with the key, something inside it, or something around it. */
  isBroken(path: KeyPath): boolean
  readonly problemCount: number
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly sources: Sources
}

/** `named` is how a key is told to people. */
export function createFindings(named: (path: KeyPath) => string): Findings {
  const problems: Found[] = []
  const warnings: Found[] = []
  const broken: KeyPath[] = []
  const sources = new Map<string, Source>()
  const found = (path: KeyPath, source: Source, message: string): Found => ({
    problem: { file: source.file, line: source.line, column: source.column, key: named(path), message },
    origin: source.origin,
  })
  return {
    problem(path, source, message) {
      broken.push(path)
      problems.push(found(path, source, message))
    },
    add(problem, origin) {
      problems.push({ problem, origin })
    },
    warning(path, source, message) {
      warnings.push(found(path, source, message))
    },
    setSource(path, source) {
      sources.set(keyOf(path), source)
    },
    sourceOf: (path) => sources.get(keyOf(path)) ?? nowhere,
    isBroken: (path) => broken.some((other) => isAlong(other, path)),
    get problemCount() {
      return problems.length
    },
    get problems() {
      return told(problems)
    },
    get warnings() {
      return told(warnings)
    },
    sources,
  }
}

/** One of the paths begins with the other. */
function isAlong(a: KeyPath, b: KeyPath): boolean {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false
  return true
}

function told(found: readonly Found[]): readonly Problem[] {
  const ordered = inReadingOrder(found)
  const rest = ordered.length - TOLD_MAX
  const last = ordered[TOLD_MAX]
  if (rest <= 0 || last === undefined) return Object.freeze(ordered)
  const more = { ...last, key: '', message: `and ${rest} more from here on` }
  return Object.freeze([...ordered.slice(0, TOLD_MAX), more])
}
