import type { Config } from './config.ts'
import { nodesOf } from './declaration.ts'
import { camelOf, type Leaf } from './node.ts'
import { nowhere, type Problem, type Sources } from './place.ts'
import type { LeafValue } from './read-value.ts'
import { shown } from './shown.ts'

/** Values that may not change once data are stored, by key; plain JSON, to be kept beside the data. */
export type ImmutableValues = Readonly<Record<string, LeafValue>>

interface ImmutableKey {
  readonly path: readonly string[]
  readonly reason: string
}

const immutableKeys: readonly ImmutableKey[] = [...nodesOf()].flatMap(({ path, node }) => {
  const reason = (node as Partial<Leaf<never>>).immutable
  return reason === undefined ? [] : [{ path, reason }]
})

/** What is to be remembered of this configuration. */
export function immutableValues(config: Config): ImmutableValues {
  return Object.fromEntries(immutableKeys.map(({ path }) => [path.join('.'), valueAt(config, path)]))
}

/**
 * Compares with what was remembered when the data began: a value that differs is a problem, with the reason. Keys
 * that were not remembered (an older version wrote them) may have any value; `sources` tells where ours is from.
 */
export function checkImmutable(
  remembered: ImmutableValues,
  config: Config,
  sources: Sources = new Map(),
): readonly Problem[] {
  return immutableKeys.flatMap(({ path, reason }) => {
    const key = path.join('.')
    const before = Object.hasOwn(remembered, key) ? remembered[key] : undefined
    const value = valueAt(config, path)
    if (before === undefined || before === value) return []
    const { file, line, column } = sources.get(key) ?? nowhere
    const message = `expected ${shown(before)} as when the data began, got ${shown(value)}: ${reason}`
    return [{ file, line, column, key, message }]
  })
}

function valueAt(config: Config, path: readonly string[]): LeafValue {
  let value: unknown = config
  for (const name of path) value = (value as Readonly<Record<string, unknown>>)[camelOf(name)]
  return value as LeafValue
}
