import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLError,
} from 'yaml'
import { type KeyPath, keyOf } from './key-path.ts'
import type { Problem, Source } from './place.ts'
import { emptyMap, type Raw, type RawMap } from './raw.ts'
import { quoted } from './shown.ts'
import { hasReference, substitute, type Variable } from './variables.ts'

/**
 * The largest file that is read, bytes. Ten thousand symbols take a quarter of it; the worst of this size keeps the
 * parser busy for seconds, and not for minutes.
 */
export const FILE_BYTES_MAX = 512 * 1024
/** Parts that a file may have with its aliases written out: a few lines can name billions. */
const PARTS_MAX = 100_000
/** Containers inside each other; the deepest key has five. */
const DEPTH_MAX = 20
/** Mistakes of spelling that are told of one file: the first is the one to mend, many follow from it. */
const MISTAKES_MAX = 10

/** A file as it was read. */
export interface YamlFile {
  readonly name: string
  readonly text: string
}

/** Why reading ends: the file is too much. */
class TooMuch extends Error {}

/**
 * Reads a YAML 1.2 file (core schema, no tags, one document) into places and values, with variables put in. Aliases
 * are followed. Everything wrong is reported; what could be read is returned.
 */
export function readYaml(
  file: YamlFile,
  environment: ReadonlyMap<string, Variable>,
  report: (problem: Problem) => void,
): RawMap {
  const lines = new LineCounter()
  const sourceAt = sourcesOf(file.name, lines)
  const tell = (offset: number, message: string): void => {
    const { line, column } = sourceAt(offset)
    report({ file: file.name, line, column, key: '', message })
  }
  const empty = emptyMap(sourceAt(0))
  const bytes = Buffer.byteLength(file.text)
  if (bytes > FILE_BYTES_MAX) {
    tell(0, `expected at most ${FILE_BYTES_MAX} bytes, got ${bytes}`)
    return empty
  }
  try {
    const document = parsed(file.text, lines)
    const mistakes = [...document.errors, ...document.warnings].slice(0, MISTAKES_MAX)
    for (const error of mistakes) tell(error.pos[0], syntaxText(error))
    if (document.errors.length > 0) return empty
    const root = new Reader(sourceAt, environment, report).read(document.contents, [], 0)
    if (root === null || (root.kind === 'scalar' && root.value === null)) return empty
    if (root.kind === 'map') return root
    tell(0, `expected keys and their values, got ${root.kind === 'list' ? 'a list' : 'a single value'}`)
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error
    tell(0, error.message)
  }
  return empty
}

function parsed(text: string, lineCounter: LineCounter): Document.Parsed {
  return parseDocument(text, {
    lineCounter,
    schema: 'core',
    // Texts of errors would repeat lines of the file, and with them what may be secret.
    prettyErrors: false,
    stringKeys: true,
    // The parser compares every key with every other; here it is one look into a map.
    uniqueKeys: false,
    resolveKnownTags: false,
    // Silent would also keep quiet about a second document.
    logLevel: 'error',
  })
}

/** What is wrong in the parser's words, its first line and without what it quotes of the file. */
function syntaxText({ code, message }: YAMLError): string {
  if (code === 'RESOURCE_EXHAUSTION') return `expected at most ${DEPTH_MAX} levels, got many more`
  if (code === 'MULTIPLE_DOCS') return 'expected one document, got several'
  return `expected YAML, got a mistake: ${message.split('\n')[0]?.replace(/"[^"]*"|: .*$/g, '...')}`
}

function sourcesOf(file: string, lines: LineCounter): (offset: number) => Source {
  return (offset) => {
    const { line, col } = lines.lineStarts.length === 0 ? { line: 1, col: 1 } : lines.linePos(offset)
    return { origin: 'file', file, line, column: col, variables: [], isSecret: false }
  }
}

/** Walks the parsed nodes once, in the order of the file. */
class Reader {
  private readonly anchors = new Map<string, unknown>()
  private parts = 0
  private readonly sourceAt: (offset: number) => Source
  private readonly environment: ReadonlyMap<string, Variable>
  private readonly report: (problem: Problem) => void

  constructor(
    sourceAt: (offset: number) => Source,
    environment: ReadonlyMap<string, Variable>,
    report: (problem: Problem) => void,
  ) {
    this.sourceAt = sourceAt
    this.environment = environment
    this.report = report
  }

  read(node: unknown, path: KeyPath, depth: number): Raw | null {
    this.parts++
    if (this.parts > PARTS_MAX)
      throw new TooMuch(`expected at most ${PARTS_MAX} values with aliases written out, got more`)
    if (depth > DEPTH_MAX) throw new TooMuch(`expected at most ${DEPTH_MAX} levels, got more`)
    if (isAlias(node)) return this.follow(node, path, depth)
    const source = this.sourceAt(startOf(node))
    if (isMap(node)) {
      this.remember(node.anchor, node)
      const map = emptyMap(source)
      for (const { key, value } of node.items) this.addEntry(map, key, value, path, depth)
      return map
    }
    if (isSeq(node)) {
      this.remember(node.anchor, node)
      const items = node.items.map((item, index) => this.read(item, [...path, index], depth + 1))
      return { kind: 'list', source, items: items.filter((item) => item !== null) }
    }
    if (!isScalar(node)) return { kind: 'scalar', source, value: null, isLoose: false }
    this.remember(node.anchor, node)
    return this.scalar(node.value, path, source)
  }

  private remember(anchor: string | undefined, node: unknown): void {
    if (anchor !== undefined) this.anchors.set(anchor, node)
  }

  private follow(alias: Alias, path: KeyPath, depth: number): Raw | null {
    const target = this.anchors.get(alias.source)
    if (target !== undefined) return this.read(target, path, depth + 1)
    const message = `expected an anchor ${quoted(alias.source)} before its alias, got none`
    this.tell(this.sourceAt(startOf(alias)), path, message)
    return null
  }

  private addEntry(map: RawMap, key: unknown, value: unknown, path: KeyPath, depth: number): void {
    const source = this.sourceAt(startOf(key))
    const name = isScalar(key) ? String(key.value) : null
    if (name === null) {
      this.tell(source, path, 'expected the name of a key, got a list or keys')
      return
    }
    const before = map.entries.get(name)
    const raw = this.read(value, [...path, name], depth + 1)
    if (before !== undefined) {
      const message = `expected each key once, got it again (first in line ${before.source.line})`
      this.tell(source, [...path, name], message)
    } else if (raw !== null) {
      // A value that is not there has no place of its own.
      map.entries.set(name, { source, value: value === null ? { ...raw, source } : raw })
    }
  }

  /** Null: what it should be is not known, which has been told. */
  private scalar(value: unknown, path: KeyPath, source: Source): Raw | null {
    if (typeof value === 'string' && hasReference(value)) {
      const { text, variables, isSecret, problems } = substitute(value, this.environment)
      for (const problem of problems) this.tell(source, path, problem)
      if (problems.length > 0) return null
      return {
        kind: 'scalar',
        source: { ...source, variables, isSecret },
        value: text,
        isLoose: variables.length > 0,
      }
    }
    const plain = typeof value === 'number' || typeof value === 'boolean' || value === null
    return { kind: 'scalar', source, value: plain ? value : String(value), isLoose: false }
  }

  private tell({ file, line, column }: Source, path: KeyPath, message: string): void {
    this.report({ file, line, column, key: keyOf(path), message })
  }
}

function startOf(node: unknown): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return range?.[0] ?? 0
}
