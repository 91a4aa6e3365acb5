import { CryptoFlowError } from '@cryptoflow/runtime'
import { printable } from './printable.ts'
import { isSecretName, MASK, masked } from './secrets.ts'

/** A value that JSON holds and a person may see. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain }

/** How large a copy may be. */
export interface PlainLimits {
  /** Characters of all texts together. */
  readonly charsMax: number
  /** Entries of one list or object. */
  readonly entriesMax: number
  readonly depthMax: number
}

/** What the fields of a log line may take, so that a line stays below 64 kB in the worst case. */
export const LINE_LIMITS: PlainLimits = { charsMax: 8192, entriesMax: 32, depthMax: 4 }
/** Characters of one text and of one name, before escapes. */
const TEXT_CHARS_MAX = 1024
const NAME_CHARS_MAX = 64
/** What a value costs besides its text, so that thousands of empty ones are bounded too. */
const VALUE_CHARS = 8
/** Lines of a stack that help to find a place. */
const STACK_LINES = 8

interface Budget {
  left: number
  readonly limits: PlainLimits
  readonly secrets: readonly string[]
}

/**
 * A copy of `value` that may be written anywhere: bounded in size and depth, printable, without secrets.
 *
 * Never throws: what cannot be read is named instead. Bytes are told by their number only, as they come from the
 * wire. The copy's objects have no prototype, so a field called `__proto__` is a field.
 */
export function plain(value: unknown, secrets: readonly string[], limits: PlainLimits): Plain {
  return copy(value, 0, { left: limits.charsMax, limits, secrets })
}

/** A text as `plain` writes it. */
export function plainText(text: string, secrets: readonly string[]): string {
  return printable(masked(text, secrets), TEXT_CHARS_MAX)
}

function copy(value: unknown, depth: number, budget: Budget): Plain {
  budget.left -= VALUE_CHARS
  if (budget.left <= 0) return '...'
  switch (typeof value) {
    case 'string':
      return spend(value, budget)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return spend(value.toString(), budget)
    case 'object':
      return value === null ? null : copyObject(value, depth, budget)
    default:
      return value === undefined ? null : `(${typeof value})`
  }
}

function spend(text: string, budget: Budget): string {
  const shown = plainText(text, budget.secrets)
  const kept = shown.length > budget.left ? `${shown.slice(0, Math.max(0, budget.left))}...` : shown
  budget.left -= kept.length
  return kept
}

function copyObject(value: object, depth: number, budget: Budget): Plain {
  try {
    if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    if (depth >= budget.limits.depthMax) return Array.isArray(value) ? '(list)' : '(object)'
    if (value instanceof Error) return copyEntries(errorEntries(value), depth, budget)
    if (value instanceof Map) return copyEntries(mapEntries(value), depth, budget)
    if (value instanceof Set) return copyList(value.values(), value.size, depth, budget)
    if (Array.isArray(value)) return copyList(value, value.length, depth, budget)
    return copyEntries(ownEntries(value), depth, budget)
  } catch {
    return '(unreadable)'
  }
}

function copyList(values: Iterable<unknown>, length: number, depth: number, budget: Budget): Plain {
  const list: Plain[] = []
  for (const value of values) {
    if (list.length >= budget.limits.entriesMax || budget.left <= 0) break
    list.push(copy(value, depth + 1, budget))
  }
  if (list.length < length) list.push(`(${length - list.length} more)`)
  return list
}

function copyEntries(entries: Iterable<readonly [string, unknown]>, depth: number, budget: Budget): Plain {
  const object: Record<string, Plain> = Object.create(null)
  let count = 0
  for (const [rawName, value] of entries) {
    if (value === undefined) continue
    if (count >= budget.limits.entriesMax || budget.left <= 0) {
      object['...'] = '(more)'
      break
    }
    count += 1
    const name = printable(rawName, NAME_CHARS_MAX)
    budget.left -= name.length
    object[name] = isSecretName(rawName) ? MASK : copy(value, depth + 1, budget)
  }
  return object
}

function* ownEntries(value: object): Generator<readonly [string, unknown]> {
  for (const name of Object.keys(value)) yield [name, (value as Record<string, unknown>)[name]]
}

function* mapEntries(map: ReadonlyMap<unknown, unknown>): Generator<readonly [string, unknown]> {
  for (const [name, value] of map) yield [String(name), value]
}

/** An expected failure needs no stack: its message and context say what happened. A bug needs nothing else. */
function errorEntries(error: Error): (readonly [string, unknown])[] {
  if (error instanceof CryptoFlowError) {
    const { message, kind, reaction, context, cause } = error
    return Object.entries({ message, kind, reaction, context, cause })
  }
  const { name, message, cause } = error
  const stack = error.stack?.split('\n').slice(1, STACK_LINES + 1)
  const code = 'code' in error ? error.code : undefined
  return Object.entries({ name, message, code, stack: stack?.map((line) => line.trim()), cause })
}
