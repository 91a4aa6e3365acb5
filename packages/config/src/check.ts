import { childOf, keysEndingIn, written } from './declaration.ts'
import type { Findings } from './findings.ts'
import type { KeyPath } from './key-path.ts'
import { hint, nearestName } from './nearest.ts'
import {
  camelOf,
  type Leaf,
  type List,
  type Names,
  type Node,
  type OptionalSection,
  type Section,
} from './node.ts'
import { nowhere } from './place.ts'
import type { Raw, RawMap, RawScalar } from './raw.ts'
import { expectedText, hasShape, type LeafValue, readValue } from './read-value.ts'
import { quoted, shown } from './shown.ts'

/** Names that a hint looks through. */
const KNOWN_ELSEWHERE_MAX = 3

/**
 * The value of a node: what is written where it is right, else the default. Everything wrong is found, and told.
 * Values are frozen.
 */
export function checkNode(node: Node, raw: Raw | undefined, path: KeyPath, findings: Findings): unknown {
  if (raw !== undefined && node.usedBy === null) warnUnused(node, raw, path, findings)
  switch (node.kind) {
    case 'leaf':
      return checkLeaf(node as Leaf<LeafValue>, raw, path, findings)
    case 'section':
      return checkSection(node, raw, path, findings)
    case 'optional':
      return checkOptional(node, raw, path, findings)
    case 'list':
      return checkList(node, raw, path, findings)
    case 'names':
      return checkNames(node, raw, path, findings)
  }
}

function warnUnused(node: Node, raw: Raw, path: KeyPath, findings: Findings): void {
  const note = node.note === undefined ? '' : `. ${node.note}`
  findings.warning(path, raw.source, `is accepted, and nothing uses it yet${note}`)
}

function checkLeaf(
  leaf: Leaf<LeafValue>,
  raw: Raw | undefined,
  path: KeyPath,
  findings: Findings,
): LeafValue {
  const fallback = leaf.default ?? null
  if (raw === undefined) {
    findings.setSource(path, nowhere)
    return fallback
  }
  findings.setSource(path, raw.source)
  const read = raw.kind === 'scalar' ? readValue(leaf, raw) : { isGood: false as const }
  if (read.isGood) return read.value
  const { form } = leaf
  const nearest =
    form.kind === 'choice' && raw.kind === 'scalar' ? nearestName(String(raw.value), form.values) : null
  findings.problem(path, raw.source, `expected ${expectedText(leaf)}, got ${gotText(raw)}${hint(nearest)}`)
  return fallback
}

/** Sections are never absent: a key without a value (its own keys commented out) is an empty one. */
function checkSection(node: Section, raw: Raw | undefined, path: KeyPath, findings: Findings): unknown {
  const isNothing = raw === undefined || (raw.kind === 'scalar' && raw.value === null)
  if (!isNothing && raw.kind !== 'map') {
    findings.problem(path, raw.source, `expected keys and their values, got ${gotText(raw)}`)
  }
  const map = raw?.kind === 'map' ? raw : undefined
  if (map !== undefined) tellUnknownKeys(node, map, path, findings)
  const value = Object.entries(node.keys).map(([name, child]) => {
    const below = [...path, name]
    const given = map?.entries.get(name)?.value
    if (given === undefined && isRequired(child)) {
      findings.problem(below, map?.source ?? nowhere, `expected ${requiredText(child)}, got nothing`)
    }
    return [camelOf(name), checkNode(child, given, below, findings)]
  })
  return Object.freeze(Object.fromEntries(value))
}

function isRequired(node: Node): node is Leaf<string> {
  return node.kind === 'leaf' && node.default === undefined && !node.isNullable
}

function requiredText(leaf: Leaf<string>): string {
  return expectedText(leaf as Leaf<never>)
}

function checkOptional(
  node: OptionalSection,
  raw: Raw | undefined,
  path: KeyPath,
  findings: Findings,
): unknown {
  if (raw?.kind === 'scalar' && (raw.value === null || (raw.isLoose && raw.value === 'null'))) {
    findings.setSource(path, raw.source)
    return null
  }
  if (raw === undefined && node.default === null) {
    findings.setSource(path, nowhere)
    return null
  }
  return checkSection(node.section, raw, path, findings)
}

function checkList(node: List, raw: Raw | undefined, path: KeyPath, findings: Findings): unknown {
  findings.setSource(path, raw?.source ?? nowhere)
  const isDefault = node.default === null && raw?.kind === 'scalar' && raw.value === null
  if (raw === undefined || isDefault) return node.default === null ? null : Object.freeze([])
  const parts = partsOf(node, raw)
  if (parts === null) {
    findings.problem(path, raw.source, `expected a list, got ${gotText(raw)}`)
    return Object.freeze([])
  }
  if (parts.length < node.min || parts.length > node.max) {
    const bounds = parts.length < node.min ? `at least ${node.min}` : `at most ${node.max}`
    findings.problem(
      path,
      raw.source,
      `expected a list of ${bounds}, got ${parts.length === 0 ? 'an empty list' : parts.length}`,
    )
  }
  if (parts.length > node.max) return Object.freeze([])
  return Object.freeze(
    node.of.kind === 'leaf'
      ? checkLeaves(node.of, parts, path, findings)
      : parts.map((part, index) => checkNode(node.of, part, [...path, index], findings)),
  )
}

/** Plain values, each once; wrong ones are told and left out. */
function checkLeaves(leaf: Node, parts: readonly Raw[], path: KeyPath, findings: Findings): unknown[] {
  const seen = new Map<unknown, number>()
  let kept = 0
  return parts.flatMap((part, index) => {
    const problems = findings.problemCount
    const value = checkNode(leaf, part, [...path, index], findings)
    if (findings.problemCount > problems) return []
    const before = seen.get(value)
    if (before === undefined) {
      seen.set(value, index)
      findings.setSource([...path, kept++], part.source)
      return [value]
    }
    const message = `expected each once, got ${gotText(part)} again (first as [${before}])`
    findings.problem([...path, index], part.source, message)
    return []
  })
}

/** A single value is a list of one; a loose text may have commas between its values. */
function partsOf(node: List, raw: Raw): readonly Raw[] | null {
  if (raw.kind === 'list') return raw.items
  if (node.of.kind !== 'leaf' || raw.kind !== 'scalar' || !raw.isLoose) return null
  return String(raw.value)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((value): RawScalar => ({ ...raw, value }))
}

function checkNames(node: Names, raw: Raw | undefined, path: KeyPath, findings: Findings): unknown {
  const value: Record<string, unknown> = Object.create(null)
  const isNothing = raw === undefined || (raw.kind === 'scalar' && raw.value === null)
  if (!isNothing && raw.kind !== 'map') {
    findings.problem(path, raw.source, `expected ${node.says} and their values, got ${gotText(raw)}`)
  }
  if (raw?.kind !== 'map') return Object.freeze(value)
  for (const [name, entry] of raw.entries) {
    if (!hasShape({ pattern: node.pattern, charsMax: 64 }, name)) {
      findings.problem([...path, name], entry.source, `expected a key of ${node.says}, got ${quoted(name)}`)
    } else {
      findings.setSource([...path, name], entry.source)
      value[name] = checkNode(node.of, entry.value, [...path, name], findings)
    }
  }
  return Object.freeze(value)
}

/** An unknown name is told with the nearest that is known here, else with the keys that end so elsewhere. */
function tellUnknownKeys(node: Section, map: RawMap, path: KeyPath, findings: Findings): void {
  const known = path.length === 0 ? written : node
  for (const [name, entry] of map.entries) {
    if (childOf(known, name) === undefined) {
      findings.problem([...path, name], entry.source, unknownText(known, name))
    }
  }
}

/** `expected a known key, got "..."`, with what was probably meant. */
export function unknownText(node: Node, name: string): string {
  const known = node.kind === 'section' ? Object.keys(node.keys) : []
  const nearest = nearestName(name, known)
  const others = nearest === null ? keysEndingIn(name).slice(0, KNOWN_ELSEWHERE_MAX) : []
  const meant = nearest === null ? others : [nearest]
  const question = meant.length === 0 ? '' : `; did you mean ${meant.map(quoted).join(' or ')}?`
  return `expected a known key, got ${quoted(name)}${question}`
}

/** What was found, for people; what came out of a secret variable is not repeated. */
export function gotText(raw: Raw): string {
  if (raw.kind === 'map') return 'keys and values'
  if (raw.kind === 'list') return 'a list'
  return raw.source.isSecret ? '***' : typeof raw.value === 'string' ? shown(raw.value) : plainText(raw.value)
}

function plainText(value: number | boolean | null): string {
  return value === null ? 'nothing' : String(value)
}
