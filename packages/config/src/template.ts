import { checkNode } from './check.ts'
import type { Config } from './config.ts'
import { declaration } from './declaration.ts'
import { createFindings } from './findings.ts'
import { keyOf } from './key-path.ts'
import type { Leaf, Node } from './node.ts'
import { expectedText } from './read-value.ts'
import { type Notes, renderKey } from './render.ts'

/** Longest line of a comment. */
const LINE_CHARS = 100

/** What the first collector of a new file says. */
export interface TemplateOptions {
  readonly exchange: string
  readonly market: string
  /** Null: every table of the market. */
  readonly streams: readonly string[] | null
  readonly symbols: readonly string[]
  /** The warehouse directory. */
  readonly directory: string
  /** Where an editor finds the JSON Schema; null: the file does not say. */
  readonly schema: string | null
}

/** The line behind which every key stands with its default, commented out by one `#` at the beginning. */
export const DEFAULTS_BELOW =
  '# Everything below shows its default. Remove the first "#" of a line, and of its section, to change it.'

/** A commented file to begin with: what is collected, where it goes, and every other key with its default. */
export function renderTemplate(options: TemplateOptions): string {
  const { schema, directory } = options
  const { collectors, warehouse, ...others } = declaration.keys
  const defaults = defaultConfig()
  const head = schema === null ? [] : [`# yaml-language-server: $schema=${schema}`]
  const lines = [
    ...head,
    ...paragraph(collectors, 'collectors', [collectorOf(options)]),
    ...paragraph(warehouse, 'warehouse', { directory }),
    '',
    DEFAULTS_BELOW,
    ...Object.entries(others).flatMap(([name, node]) =>
      paragraph(node, name, defaults[name as keyof Config]).map((line) => (line === '' ? line : `#${line}`)),
    ),
  ]
  return `${lines.join('\n')}\n`
}

function collectorOf({ exchange, market, streams, symbols }: TemplateOptions): Record<string, unknown> {
  return { exchange, market, streams, symbols }
}

function paragraph(node: Node, name: string, value: unknown): string[] {
  return ['', ...renderKey(name, node, value, [name], '', notes)].filter(
    (line) => !line.endsWith(': undefined'),
  )
}

const notes: Notes = {
  above: (node, path) => wrapped(docOf(node), LINE_CHARS - 2 * path.length),
  behind: () => null,
  isHidden: () => false,
}

function docOf(node: Node): string {
  const takes = node.kind === 'leaf' ? ` Takes ${expectedText(node as Leaf<never>)}.` : ''
  return node.doc + takes + (node.usedBy === null ? ' Nothing uses it yet.' : '')
}

/** Lines of whole words. */
function wrapped(text: string, chars: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length >= chars) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** Every default; what must be given is null. */
export function defaultConfig(): Config {
  return checkNode(declaration, undefined, [], createFindings(keyOf)) as Config
}
