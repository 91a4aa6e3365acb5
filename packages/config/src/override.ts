import { unknownText } from './check.ts'
import { childOf, singleNames, written } from './declaration.ts'
import type { Findings } from './findings.ts'
import type { KeyPath } from './key-path.ts'
import type { Node } from './node.ts'
import type { Source } from './place.ts'
import { emptyMap, looseText, type Raw, type RawMap } from './raw.ts'

/**
 * Keys of a single collector at the top level become the first of `collectors`; `stream` becomes `streams`. Both
 * forms in one file are a problem. True when the file had the single form.
 */
export function gatherSingle(root: RawMap, findings: Findings): boolean {
  const given = singleNames.filter((name) => root.entries.has(name))
  const first = given[0]
  if (first === undefined) return false
  const { source } = root.entries.get(first) as { readonly source: Source }
  if (root.entries.has('collectors')) {
    const message = 'expected either `collectors` or the keys of one collector at the top level, got both'
    findings.problem([first], source, message)
  }
  const collector = emptyMap(source)
  for (const name of given) {
    const entry = root.entries.get(name) as { readonly source: Source; readonly value: Raw }
    root.entries.delete(name)
    if (name === 'stream' && given.includes('streams')) {
      findings.problem([name], entry.source, 'expected either `stream` or `streams`, got both')
    } else {
      collector.entries.set(collectorKey(name), {
        source: entry.source,
        value: name === 'stream' ? asList(entry.value) : entry.value,
      })
    }
  }
  if (root.entries.has('collectors')) return false
  root.entries.set('collectors', { source, value: { kind: 'list', source, items: [collector] } })
  return true
}

function collectorKey(name: string): string {
  return name === 'stream' ? 'streams' : name
}

/** `stream: spot_delta` is a list of one. */
function asList(raw: Raw): Raw {
  return raw.kind !== 'scalar' || !raw.isLoose ? { kind: 'list', source: raw.source, items: [raw] } : raw
}

/**
 * Puts a text over whatever is at a key: from the environment or a flag. Keys of a single collector mean the only
 * collector there is. What it cannot mean is told.
 */
export function override(
  root: RawMap,
  path: KeyPath,
  text: string,
  source: Source,
  findings: Findings,
): void {
  const [first = ''] = path
  const isSingle = typeof first === 'string' && singleNames.includes(first)
  const count = collectorCount(root)
  if (isSingle && count > 1) {
    const message = `expected a key of one of the ${count} collectors (collectors[0].${collectorKey(String(first))}), got one of all`
    findings.problem(path, source, message)
    return
  }
  const whole = isSingle ? ['collectors', 0, collectorKey(String(first)), ...path.slice(1)] : path
  put(root, whole, text, source, findings)
}

function collectorCount(root: RawMap): number {
  const value = root.entries.get('collectors')?.value
  return value?.kind === 'list' ? value.items.length : 0
}

/** Walks down the declaration and what is written side by side, making containers where there are none. */
function put(root: RawMap, path: KeyPath, text: string, source: Source, findings: Findings): void {
  let node: Node = written
  let at: Raw = root
  for (const [depth, part] of path.entries()) {
    const child: Node | undefined = childOf(node, String(part))
    if (child === undefined) {
      findings.problem(path.slice(0, depth + 1), source, unknownText(node, String(part)))
      return
    }
    const isLast = depth === path.length - 1
    const next: Raw | null = stepInto(
      at,
      node,
      part,
      source,
      isLast ? looseText(text, source) : container(child, source),
    )
    if (next === null) {
      const size = at.kind === 'list' ? at.items.length : 0
      findings.problem(path, source, `expected an index of the list or the next, ${size}, got ${part}`)
      return
    }
    node = child
    at = next
  }
}

function container(node: Node, source: Source): Raw {
  return node.kind === 'list' ? { kind: 'list', source, items: [] } : emptyMap(source)
}

/** What is at `part` afterwards: what was there where both are containers of a kind, else `fresh`. Null: no such index. */
function stepInto(at: Raw, node: Node, part: string | number, source: Source, fresh: Raw): Raw | null {
  if (at.kind === 'list' && node.kind === 'list') {
    const index = Number(part)
    if (index > at.items.length) return null
    const next = kept(at.items[index], fresh)
    at.items[index] = next
    return next
  }
  if (at.kind !== 'map') return fresh
  const entry = at.entries.get(String(part))
  const next = kept(entry?.value, fresh)
  at.entries.set(String(part), { source: next === entry?.value ? entry.source : source, value: next })
  return next
}

function kept(there: Raw | undefined, fresh: Raw): Raw {
  return there !== undefined && fresh.kind !== 'scalar' && there.kind === fresh.kind ? there : fresh
}
