import { IcebergError } from './errors.ts'
import type { Rest } from './types.ts'

/** A JSON object as parsed; its keys may come from strangers, so only constant keys are read. */
export type JsonObject = { readonly [key: string]: unknown }

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown

// The library types of es2024 do not have the reviver's third argument and rawJSON yet; the engine does.
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON

/**
 * JSON without loss: whole numbers beyond 2^53 become bigint, and a fraction that a double cannot hold as
 * written stays verbatim. Throws IcebergError `malformed`.
 */
export function parseJson(text: string): unknown {
  try {
    return parse(text, keepNumber)
  } catch (error) {
    throw new IcebergError('malformed', 'reading JSON, found text that is none', { cause: String(error) })
  }
}

function keepNumber(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context.source ?? String(value)
  if (/^-?\d+$/.test(source)) return BigInt(source)
  return String(value) === source ? value : rawJson(source)
}

/** Compact JSON; a bigint is printed as the number it is. */
export function printJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? rawJson(`${item}`) : item,
  )
}

/** The value as an object; `what` names it in the error. */
export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unexpected(what, value, 'object')
  return value as JsonObject
}

export function asList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw unexpected(what, value, 'list')
  return value
}

export function asText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw unexpected(what, value, 'text')
  return value
}

/** A whole number that a double holds exactly. */
export function asInteger(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value)) throw unexpected(what, value, 'whole number')
  return value as number
}

/** A 64-bit whole number. */
export function asLong(value: unknown, what: string): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
  return BigInt(asInteger(value, what))
}

/** An object with text values only, such as table properties. */
export function asTexts(value: unknown, what: string): Readonly<Record<string, string>> {
  const object = asObject(value, what)
  for (const item of Object.values(object)) asText(item, what)
  return object as Readonly<Record<string, string>>
}

/** `{ rest }` with the keys outside `known`, or nothing when there are none; to be spread. */
export function restOf(object: JsonObject, known: readonly string[]): { readonly rest?: Rest } {
  const unknown = Object.entries(object).filter(([key]) => !known.includes(key))
  return unknown.length === 0 ? {} : { rest: Object.fromEntries(unknown) }
}

function unexpected(what: string, value: unknown, expected: string): IcebergError {
  const found = value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value
  return new IcebergError('malformed', `reading ${what}, found ${found}, expected ${expected}`)
}
