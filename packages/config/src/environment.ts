import { nodesOf, singleNames } from './declaration.ts'
import type { KeyPath } from './key-path.ts'
import { editDistance } from './nearest.ts'
import type { Source } from './place.ts'
import { isSecretName } from './shown.ts'
import type { Variable } from './variables.ts'

const PREFIX = 'CRYPTOFLOW_'
/** Two letters wrong are a slip; more are the name of something else. */
const SLIP_MAX = 2

/** A variable that sets a key. */
export interface EnvironmentSetting {
  readonly path: KeyPath
  readonly text: string
  readonly source: Source
}

/** The variable that sets a key: `CRYPTOFLOW_JOURNAL__RETENTION__DAYS`, `CRYPTOFLOW_COLLECTORS__0__SYMBOLS`. */
export function variableOf(path: KeyPath): string {
  return PREFIX + path.map((part) => String(part).toUpperCase()).join('__')
}

/**
 * The variables that set keys, or that try to: those with the prefix and `__`, or whose name is a key's, a letter
 * or two apart. Other names with the prefix belong to somebody else. An empty value sets nothing.
 */
export function settingsOf(environment: Iterable<Variable>): EnvironmentSetting[] {
  const known = [
    ...singleNames,
    ...[...nodesOf()].filter(({ path }) => path.length === 1).map(({ path }) => path[0] ?? ''),
  ]
  return [...environment].flatMap(({ name, value, file, line }) => {
    if (!name.startsWith(PREFIX) || value === '') return []
    const path = name.slice(PREFIX.length).toLowerCase().split('__')
    const isMeant = path.length > 1 || known.some((key) => isSlipOf(key, path[0] ?? ''))
    const source: Source = {
      origin: 'environment',
      file: file ?? name,
      line,
      column: line === 0 ? 0 : 1,
      variables: [],
      isSecret: isSecretName(name),
    }
    return isMeant ? [{ path, text: value, source }] : []
  })
}

function isSlipOf(key: string, name: string): boolean {
  return Math.abs(key.length - name.length) <= SLIP_MAX && editDistance(key, name) <= SLIP_MAX
}
