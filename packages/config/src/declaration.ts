import { collectors, singleKeys } from './keys-collectors.ts'
import { networkKeys } from './keys-network.ts'
import { operationKeys } from './keys-operations.ts'
import { storageKeys } from './keys-storage.ts'
import { type Node, type Section, section } from './node.ts'

const { s3tables, ...stored } = storageKeys

const about = { doc: 'What one collecting process does.', usedBy: 'pipeline' }

/** Every key of a checked configuration, in the order in which people read them. */
export const declaration = section(about, {
  collectors,
  ...stored,
  ...operationKeys,
  ...networkKeys,
  s3tables,
})

/** Names of the keys of a collector that may stand at the top level instead. */
export const singleNames: readonly string[] = Object.keys(singleKeys)

/** What may be written: the same and the keys of a single collector at the top level. */
export const written: Section = section(about, { ...declaration.keys, ...singleKeys })

/** The node of the keys below `node` by name; undefined: there is none of that name. */
export function childOf(node: Node, name: string): Node | undefined {
  if (node.kind === 'section') return Object.hasOwn(node.keys, name) ? node.keys[name] : undefined
  if (node.kind === 'optional') return childOf(node.section, name)
  if (node.kind === 'list') return /^(0|[1-9][0-9]{0,5})$/.test(name) ? node.of : undefined
  return node.kind === 'names' ? node.of : undefined
}

/** Every node from `node` down with its path, parents first. Names that the user chooses and indexes are `*`. */
export function* nodesOf(
  node: Node = declaration,
  path: readonly string[] = [],
): Generator<{ readonly path: readonly string[]; readonly node: Node }> {
  yield { path, node }
  if (node.kind === 'leaf') return
  if (node.kind === 'list' || node.kind === 'names') return yield* nodesOf(node.of, [...path, '*'])
  const { keys } = node.kind === 'optional' ? node.section : node
  for (const [name, child] of Object.entries(keys)) yield* nodesOf(child, [...path, name])
}

/** Made once: a file may have thousands of unknown keys. */
const keysByEnding = Map.groupBy(
  [...nodesOf()].map(({ path }) => path),
  (path) => path.at(-1) ?? '',
)

/** Keys anywhere whose last name is this one. */
export function keysEndingIn(name: string): readonly string[] {
  return (keysByEnding.get(name) ?? []).map((path) => path.join('.'))
}
