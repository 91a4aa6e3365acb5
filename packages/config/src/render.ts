// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration are written so.
import type { Config } from './config.ts'
import type { KeyPath } from './key-path.ts'
import { camelOf, type Leaf, type Node, type Section } from './node.ts'
import { type LeafValue, sizeText } from './read-value.ts'
import { quoted } from './shown.ts'

/** Longest line of a list before it is broken. */
const LINE_CHARS = 100
/** Text that YAML reads as text without quotes, also inside brackets. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/
const OTHER_THAN_TEXT = /^(true|false|null)$/i

/** What stands around a value. */
export interface Notes {
  /** Lines of comment above a key. */
  readonly above: (node: Node, path: KeyPath) => readonly string[]
  /** A comment behind its value. */
  readonly behind: (path: KeyPath) => string | null
  /** Whether the value is shown as `***`. */
  readonly isHidden: (path: KeyPath) => boolean
}

type Values = Readonly<Record<string, unknown>>

/** The lines of a section's keys as YAML that reads back to the same values; undefined ones are left out. */
export function renderSection(
  section: Section,
  value: Values | Config,
  path: KeyPath,
  pad: string,
  notes: Notes,
): string[] {
  return Object.entries(section.keys).flatMap(([name, node]) => {
    const own = (value as Values)[camelOf(name)]
    return own === undefined ? [] : renderKey(name, node, own, [...path, name], pad, notes)
  })
}

/** The lines of one key. */
export function renderKey(
  name: string,
  node: Node,
  value: unknown,
  path: KeyPath,
  pad: string,
  notes: Notes,
): string[] {
  const above = notes.above(node, path).map((line) => `${pad}# ${line}`)
  const key = `${pad}${textOf(name)}:`
  const below = renderBelow(node, value, path, pad, notes)
  if (below !== null) return [...above, key, ...below]
  const comment = notes.behind(path)
  const shownValue = notes.isHidden(path) ? '"***"' : inline(node, value, `${pad}  `)
  return [...above, `${key} ${shownValue}${comment === null ? '' : `  # ${comment}`}`]
}

/** Lines under the key; null: the value stands in the key's own line. */
function renderBelow(node: Node, value: unknown, path: KeyPath, pad: string, notes: Notes): string[] | null {
  const deeper = `${pad}  `
  if (value === null) return null
  if (node.kind === 'section') return renderSection(node, value as Values, path, deeper, notes)
  if (node.kind === 'optional') return renderSection(node.section, value as Values, path, deeper, notes)
  if (node.kind === 'names') {
    const entries = Object.entries(value as Values)
    if (entries.length === 0) return null
    return entries.flatMap(([name, item]) => renderKey(name, node.of, item, [...path, name], deeper, notes))
  }
  if (node.kind !== 'list' || node.of.kind !== 'section') return null
  const { of } = node
  const items = value as readonly Values[]
  if (items.length === 0) return null
  return items.flatMap((item, index) => {
    const [first = '', ...rest] = renderSection(of, item, [...path, index], `${deeper}  `, notes)
    return [`${deeper}- ${first.trimStart()}`, ...rest]
  })
}

function inline(node: Node, value: unknown, pad: string): string {
  if (value === null) return 'null'
  if (node.kind === 'leaf') return leafText(node as Leaf<LeafValue>, value as LeafValue)
  if (node.kind === 'names') return '{}'
  const { of } = node as { readonly of: Node }
  const items = value as readonly LeafValue[]
  return flowList(
    items.map((item) => leafText(of as Leaf<LeafValue>, item)),
    pad,
  )
}

function flowList(items: readonly string[], pad: string): string {
  const lines: string[] = []
  let line = ''
  for (const [index, item] of items.entries()) {
    const part = index === items.length - 1 ? item : `${item},`
    if (line !== '' && pad.length + line.length + part.length >= LINE_CHARS) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? part : `${line} ${part}`
  }
  return `[${[...lines, line].join(`\n${pad}`)}]`
}

function leafText({ form }: Leaf<LeafValue>, value: LeafValue): string {
  if (typeof value === 'string') return textOf(value)
  return form.kind === 'size' && typeof value === 'number' ? sizeText(value) : String(value)
}

/** In quotes where YAML would read something else; `${` stays what it is. */
function textOf(text: string): string {
  if (PLAIN.test(text) && !OTHER_THAN_TEXT.test(text)) return text
  return quoted(text.replaceAll('${', () => '$${'))
}
