/**
 * JSON as the tokens it is written in, so that a message can be written otherwise without touching a digit:
 * numbers, texts and keys stay the characters that they were.
 */
export type JsonTree = JsonLeaf | JsonList | JsonMap

/** A number, a text with its quotes, `true`, `false` or `null`, as written. */
export interface JsonLeaf {
  readonly text: string
}

export interface JsonList {
  readonly items: readonly JsonTree[]
}

export interface JsonMap {
  readonly members: readonly JsonMember[]
}

export interface JsonMember {
  /** With its quotes, as written. */
  readonly key: string
  readonly value: JsonTree
}

/** Which child, then which child of it: a list's item or an object's member, by index. */
export type TreePath = readonly number[]

export interface PlacedTree {
  readonly path: TreePath
  /** The path in words, the same for all items of a list: `.data.b[][]`. */
  readonly shape: string
  readonly tree: JsonTree
}

export function isLeaf(tree: JsonTree): tree is JsonLeaf {
  return 'text' in tree
}

export function isList(tree: JsonTree): tree is JsonList {
  return 'items' in tree
}

export function isMap(tree: JsonTree): tree is JsonMap {
  return 'members' in tree
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The tokens of a JSON text; null when the bytes are no UTF-8 or no JSON. */
export function treeOf(bytes: Uint8Array): JsonTree | null {
  try {
    const text = decoder.decode(bytes)
    JSON.parse(text)
    return readTree({ text, at: 0 })
  } catch {
    // Not JSON, or so deep that reading it ends in the engine's stack: nothing to rewrite either way.
    return null
  }
}

interface Reader {
  readonly text: string
  at: number
}

const TOKEN = /[ \t\n\r]*([{}[\],:]|"(?:[^"\\]|\\.)*"|[^ \t\n\r{}[\],:"]+)/y

/** The text is known to be JSON, so the reader only has to find where tokens end. */
function token(reader: Reader): string {
  TOKEN.lastIndex = reader.at
  const found = TOKEN.exec(reader.text)?.[1] ?? ''
  reader.at = TOKEN.lastIndex
  return found
}

function readTree(reader: Reader, first = token(reader)): JsonTree {
  if (first === '[') {
    const items: JsonTree[] = []
    for (let next = token(reader); next !== ']'; next = token(reader)) {
      items.push(readTree(reader, next === ',' ? token(reader) : next))
    }
    return { items }
  }
  if (first !== '{') return { text: first }
  const members: JsonMember[] = []
  for (let next = token(reader); next !== '}'; next = token(reader)) {
    const key = next === ',' ? token(reader) : next
    token(reader)
    members.push({ key, value: readTree(reader) })
  }
  return { members }
}

/** The tree as bytes; `space` is asked for what to write between tokens. */
export function bytesOf(tree: JsonTree, space: () => string = () => ''): Uint8Array {
  return encoder.encode(space() + written(tree, space) + space())
}

function written(tree: JsonTree, space: () => string): string {
  if (isLeaf(tree)) return tree.text
  if (isList(tree)) return `[${tree.items.map((item) => space() + written(item, space) + space()).join(',')}]`
  const members = tree.members.map(
    ({ key, value }) => `${space()}${key}${space()}:${space()}${written(value, space)}${space()}`,
  )
  return `{${members.join(',')}}`
}

/** Every part of a tree, itself first. */
export function partsOf(tree: JsonTree, path: TreePath = [], shape = ''): PlacedTree[] {
  const here = { path, shape, tree }
  if (isLeaf(tree)) return [here]
  if (isList(tree)) {
    return [here, ...tree.items.flatMap((item, i) => partsOf(item, [...path, i], `${shape}[]`))]
  }
  return [
    here,
    ...tree.members.flatMap(({ key, value }, i) =>
      partsOf(value, [...path, i], `${shape}.${key.slice(1, -1)}`),
    ),
  ]
}

/** The tree with what `change` makes of the part at `path`. */
export function changed(tree: JsonTree, path: TreePath, change: (part: JsonTree) => JsonTree): JsonTree {
  const [index, ...rest] = path
  if (index === undefined) return change(tree)
  if (isLeaf(tree)) throw new Error('bug: the path leads into a leaf')
  if (isList(tree)) {
    return { items: tree.items.map((item, i) => (i === index ? changed(item, rest, change) : item)) }
  }
  const members = tree.members.map((member, i) =>
    i === index ? { key: member.key, value: changed(member.value, rest, change) } : member,
  )
  return { members }
}

/** The tree with every object's members, and every leaf, as `member` and `leaf` make them. */
export function rewritten(
  tree: JsonTree,
  rewrite: {
    readonly members?: (members: readonly JsonMember[]) => readonly JsonMember[]
    readonly leaf?: (leaf: JsonLeaf) => JsonLeaf
  },
): JsonTree {
  if (isLeaf(tree)) return rewrite.leaf?.(tree) ?? tree
  if (isList(tree)) return { items: tree.items.map((item) => rewritten(item, rewrite)) }
  const members = tree.members.map(({ key, value }) => ({ key, value: rewritten(value, rewrite) }))
  return { members: rewrite.members?.(members) ?? members }
}

/** The value of a leaf that is a text; null for any other. */
export function textOf(leaf: JsonLeaf): string | null {
  return leaf.text.startsWith('"') ? (JSON.parse(leaf.text) as string) : null
}
