import { childOf, nodesOf, written } from './declaration.ts'
import { variableOf } from './environment.ts'
import { type KeyPath, keyOf, pathOf } from './key-path.ts'
import { hint, nearestName } from './nearest.ts'
import type { Leaf, Node } from './node.ts'
import { expectedText, type LeafValue, sizeText } from './read-value.ts'
import { quoted } from './shown.ts'

/** What there is to say about a key. */
export interface ExplainedKey {
  readonly isKnown: boolean
  /** Lines for people, without a line end behind the last. */
  readonly text: string
}

interface Located {
  readonly node: Node
  readonly usedBy: string | null
  readonly note: string | undefined
}

/** Explains a key or a section: `journal.retention.days`, `ingest`, `collectors.symbols`; an empty key lists all. */
export function explain(key: string): ExplainedKey {
  if (key === '') return { isKnown: true, text: keyLines(written, []).join('\n') }
  const path = pathOf(key)
  const located = path === null ? null : locate(path)
  if (path === null || located === null) {
    const known = [...nodesOf()].map((each) => each.path.filter((part) => part !== '*').join('.'))
    const nearest = nearestName(key, known) ?? known.find((other) => other.endsWith(`.${key}`)) ?? null
    return { isKnown: false, text: `there is no key ${quoted(key)}${hint(nearest)}` }
  }
  return { isKnown: true, text: lines(path, located).join('\n') }
}

/** Indexes of lists may be left out. */
function locate(path: KeyPath): Located | null {
  let node: Node = written
  let usedBy: string | null = written.usedBy ?? null
  let note: string | undefined
  for (const part of path) {
    const child: Node | undefined =
      childOf(node, String(part)) ?? (node.kind === 'list' ? childOf(node.of, String(part)) : undefined)
    if (child === undefined) return null
    node = child
    if (node.usedBy !== undefined) {
      usedBy = node.usedBy
      note = node.note
    }
  }
  return { node, usedBy, note }
}

function lines(path: KeyPath, { node, usedBy, note }: Located): string[] {
  const use = usedBy === null ? `not used yet${note === undefined ? '' : `: ${note}`}` : `used by ${usedBy}`
  const head = [keyOf(path), `  ${node.doc}`]
  if (node.kind === 'leaf') return [...head, ...leafLines(node as Leaf<LeafValue>, path), `  ${use}`]
  if (node.kind === 'list' && node.of.kind === 'leaf') {
    return [
      ...head,
      `  takes a list of ${expectedText(node.of as Leaf<never>)}`,
      ...setLines(path),
      `  ${use}`,
    ]
  }
  return [...head, `  ${use}`, ...keyLines(node, path)]
}

function leafLines(leaf: Leaf<LeafValue>, path: KeyPath): string[] {
  const { default: value, immutable } = leaf
  const standard =
    value === undefined
      ? 'must be given'
      : `default ${leaf.form.kind === 'size' ? sizeText(Number(value)) : value}`
  return [
    `  takes ${expectedText(leaf)}; ${standard}`,
    ...(immutable === undefined ? [] : [`  never changes once data are stored: ${immutable}`]),
    ...setLines(path),
  ]
}

/** Only names of lower case letters, digits and "_" can be told in the name of a variable. */
function setLines(path: KeyPath): string[] {
  const isPlain = path.every((part) => typeof part === 'number' || /^[a-z0-9_]+$/.test(part))
  return isPlain ? [`  variable ${variableOf(path)}`] : []
}

/** The keys below with the beginning of what they say. */
function keyLines(node: Node, path: KeyPath): string[] {
  const base = node.kind === 'list' || node.kind === 'names' ? node.of : node
  const keys = base.kind === 'section' ? base.keys : base.kind === 'optional' ? base.section.keys : {}
  return Object.entries(keys).map(([name, child]) => `  ${keyOf([...path, name])}: ${child.doc}`)
}
