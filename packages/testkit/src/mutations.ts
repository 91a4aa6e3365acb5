import type { Chance } from './chance.ts'
import { LEVELS_MAX, WORD_BYTES_MAX } from './event-kinds.ts'
import {
  bytesOf,
  changed,
  isLeaf,
  isList,
  isMap,
  type JsonLeaf,
  type JsonMember,
  type JsonTree,
  type PlacedTree,
  partsOf,
  rewritten,
  textOf,
} from './json-tree.ts'

/** A message that is not quite as it was. */
export interface Mutation {
  readonly what: string
  readonly bytes: Uint8Array
  /**
   * `equal`: it means the same. `cut`, `deep`: it holds no events. `any`: whatever it is, nothing must break; of a
   * `huge` one only that much is looked at, since each takes a quarter of a second or more.
   */
  readonly promise: 'equal' | 'cut' | 'deep' | 'any' | 'huge'
}

/** Deepest nesting of arrays and objects that a message may have (design, hostile bytes). */
const DEPTH_MAX = 64
/** Every cut of a usual frame; of a longer one as many, chosen by chance. */
const CUTS_MAX = 400
const FLIPS = 120
const REWRITES = 6

/** Mutations of bytes, whatever they are; `share` of them, 0 to 1, chosen by chance. */
export function* byteMutations(bytes: Uint8Array, chance: Chance, share = 1): Generator<Mutation> {
  const cuts = Math.ceil(CUTS_MAX * share)
  const all = Array.from({ length: bytes.length }, (_, at) => at)
  for (const at of bytes.length > cuts ? chance.shuffled(all).slice(0, cuts) : all) {
    yield { what: `cut at ${at}`, bytes: bytes.slice(0, at), promise: 'cut' }
  }
  for (let flip = 0; flip < FLIPS * share && bytes.length > 0; flip++) {
    const at = chance.below(bytes.length)
    const flipped = bytes.slice()
    flipped[at] = flip % 2 === 0 ? (bytes[at] as number) ^ (1 << chance.below(8)) : chance.below(256)
    yield { what: `byte ${at} flipped`, bytes: flipped, promise: 'any' }
  }
}

/** The same message spelled otherwise: order of keys, white space, escapes, keys that nobody knows. */
export function* equalMutations(tree: JsonTree, chance: Chance, share = 1): Generator<Mutation> {
  const equal = (what: string, bytes: Uint8Array): Mutation => ({ what, bytes, promise: 'equal' })
  for (let round = 0; round < REWRITES * share; round++) {
    yield equal(
      'keys in another order',
      bytesOf(rewritten(tree, { members: (members) => chance.shuffled(members) })),
    )
    yield equal(
      'white space',
      bytesOf(tree, () => chance.pick(['', '', ' ', '\n', '\t', '\r\n', '   '])),
    )
    yield equal(
      'unknown keys',
      bytesOf(rewritten(tree, { members: (members) => withUnknown(members, chance) })),
    )
    yield equal(
      'escaped letters',
      bytesOf(
        rewritten(tree, {
          leaf: (leaf) => escapedLeaf(leaf, chance),
          members: (members) => members.map(({ key, value }) => ({ key: escapedText(key, chance), value })),
        }),
      ),
    )
  }
}

const unknownKeys = ['zzUnknown', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'ｅ', '']
const unknownValues = [
  '0',
  '"x"',
  'null',
  'true',
  '[]',
  '{}',
  '{"isAdmin":true}',
  '-1.5e300',
  '[[["1","2"]]]',
]

function withUnknown(members: readonly JsonMember[], chance: Chance): JsonMember[] {
  const known = new Set(members.map(({ key }) => key))
  const key = JSON.stringify(chance.pick(unknownKeys))
  const copy = [...members]
  if (!known.has(key)) {
    copy.splice(chance.below(copy.length + 1), 0, { key, value: { text: chance.pick(unknownValues) } })
  }
  return copy
}

function escapedLeaf(leaf: JsonLeaf, chance: Chance): JsonLeaf {
  return leaf.text.startsWith('"') ? { text: escapedText(leaf.text, chance) } : leaf
}

/** A text with one of its characters written as `\uXXXX`; one that has escapes already stays. */
function escapedText(quotedText: string, chance: Chance): string {
  const text = quotedText.slice(1, -1)
  if (text === '' || text.includes('\\') || chance.below(3) > 0) return quotedText
  const at = chance.below(text.length)
  const code = text.charCodeAt(at).toString(16).padStart(4, '0')
  return `"${text.slice(0, at)}\\u${code}${text.slice(at + 1)}"`
}

const scalars = ['0', '-1', '1.5', '""', '"x"', 'null', 'true', `"${'x'.repeat(2 * WORD_BYTES_MAX)}"`]
const otherValues = [...scalars, '[]', '{}', '[["1","1"]]', '{"e":"trade"}']

/** Messages of another shape: keys gone or double, values of another type, nesting without end. */
export function* shapeMutations(tree: JsonTree, chance: Chance, share = 1): Generator<Mutation> {
  const isChosen = (): boolean => chance.below(100) < 100 * share
  for (const { path, shape, tree: part } of oncePerShape(partsOf(tree))) {
    const with_ = (what: string, change: (part: JsonTree) => JsonTree): Mutation[] => {
      if (!isChosen()) return []
      const bytes = bytesOf(changed(tree, path, change))
      return [{ what: `${shape || 'the message'} ${what}`, bytes, promise: 'any' }]
    }
    for (const text of otherValues) yield* with_(`is ${text.slice(0, 20)}`, () => ({ text }))
    if (isLeaf(part)) yield* with_('is of the other type', otherType)
    if (isMap(part)) yield* memberMutations(part, with_, chance)
    if (isList(part)) yield* with_('has its items twice', () => ({ items: [...part.items, ...part.items] }))
  }
  for (const depth of [DEPTH_MAX + 1, 20_000]) {
    const deep: JsonTree = { text: '['.repeat(depth) + ']'.repeat(depth) }
    if (isChosen()) yield { what: `nested ${depth} deep`, bytes: bytesOf(deep), promise: 'deep' }
    if (isMap(tree) && isChosen()) {
      const members = [...tree.members, { key: '"zzDeep"', value: deep }]
      yield { what: `with a key ${depth} deep`, bytes: bytesOf({ members }), promise: 'deep' }
    }
  }
}

function* memberMutations(
  map: { readonly members: readonly JsonMember[] },
  with_: (what: string, change: (part: JsonTree) => JsonTree) => Mutation[],
  chance: Chance,
): Generator<Mutation> {
  for (const [i, member] of map.members.entries()) {
    const rest = map.members.filter((_, other) => other !== i)
    const doubled = { key: member.key, value: { text: chance.pick(otherValues) } }
    yield* with_(`is without ${member.key}`, () => ({ members: rest }))
    yield* with_(`has ${member.key} twice`, () => ({ members: [...map.members, member] }))
    yield* with_(`has another ${member.key} in front`, () => ({ members: [doubled, ...map.members] }))
    yield* with_(`has another ${member.key} behind`, () => ({ members: [...map.members, doubled] }))
  }
}

function otherType(part: JsonTree): JsonTree {
  const leaf = part as JsonLeaf
  return { text: textOf(leaf) ?? JSON.stringify(leaf.text) }
}

/** A list that may be one of levels. */
export interface LongList {
  readonly shape: string
  /**
   * The message with that list twice, to see whether events grow by it; null where items have no keys, as levels have
   * none on most wires.
   */
  readonly doubled: Uint8Array | null
  /** The message with one item more than it may have levels: dear, so that it is made on demand. */
  huge(): Mutation
}

/** One list of each shape that is not an item of another list. */
export function* hugeMutations(tree: JsonTree): Generator<LongList> {
  const lists = partsOf(tree).filter(({ tree: part }) => isList(part) && part.items.length > 0)
  for (const { path, shape, tree: part } of oncePerShape(lists)) {
    if (!isList(part) || shape.endsWith('[]')) continue
    const item = part.items[0] as JsonTree
    const withItems = (items: readonly JsonTree[]): Uint8Array =>
      bytesOf(changed(tree, path, () => ({ items })))
    const hasKeys = partsOf(item).some(({ tree: inner }) => isMap(inner))
    yield {
      shape,
      doubled: hasKeys ? withItems([...part.items, ...part.items]) : null,
      huge: () => {
        const items = Array.from({ length: LEVELS_MAX + 1 }, () => item)
        return { what: `${shape} has ${items.length} items`, bytes: withItems(items), promise: 'huge' }
      },
    }
  }
}

function oncePerShape(parts: readonly PlacedTree[]): PlacedTree[] {
  const seen = new Set<string>()
  return parts.filter(({ shape }) => !seen.has(shape) && seen.add(shape))
}
