import type { Form, Leaf } from './node.ts'
import type { RawScalar } from './raw.ts'
import { shown } from './shown.ts'

const BYTES_BY_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}
const SIZE = /^([0-9]+(?:\.[0-9]+)?) ?(B|[kKMGT]i?B)$/
const patterns = new Map<string, RegExp>()

/** A value that a key takes. */
export type LeafValue = string | number | boolean | null

/** The value, or null with nothing to say: it is not what the key takes. */
export type ReadValue = { readonly isGood: true; readonly value: LeafValue } | { readonly isGood: false }

const bad: ReadValue = { isGood: false }

/** What is written, read as the leaf wants it; a loose text is first turned into a number, a flag or null. */
export function readValue(leaf: Leaf<never> | Leaf<LeafValue>, raw: RawScalar): ReadValue {
  const value = raw.isLoose ? tightened(leaf.form, leaf.isNullable, String(raw.value)) : raw.value
  if (value === null) return leaf.isNullable ? { isGood: true, value } : bad
  return takes(leaf.form, value)
}

function takes(form: Form, value: string | number | boolean): ReadValue {
  switch (form.kind) {
    case 'flag':
      return typeof value === 'boolean' ? { isGood: true, value } : bad
    case 'choice':
      return typeof value === 'string' && form.values.includes(value) ? { isGood: true, value } : bad
    case 'text':
      return typeof value === 'string' && hasShape(form, value) ? { isGood: true, value } : bad
    default: {
      const number = form.kind === 'size' && typeof value === 'string' ? bytesOf(value) : value
      const isNumber = typeof number === 'number' && number >= form.min && number <= form.max
      return isNumber && (form.kind === 'number' || Number.isSafeInteger(number))
        ? { isGood: true, value: number }
        : bad
    }
  }
}

/** Whether a text has the shape; its length counts in code points. */
export function hasShape(
  shape: { readonly pattern: string; readonly charsMax: number },
  value: string,
): boolean {
  let pattern = patterns.get(shape.pattern)
  if (pattern === undefined) {
    pattern = new RegExp(shape.pattern, 'u')
    patterns.set(shape.pattern, pattern)
  }
  return value.length <= 2 * shape.charsMax && [...value].length <= shape.charsMax && pattern.test(value)
}

function tightened(form: Form, isNullable: boolean, text: string): LeafValue {
  if (isNullable && text === 'null') return null
  if (form.kind === 'flag') return text === 'true' ? true : text === 'false' ? false : text
  const isNumeric = form.kind === 'whole' || form.kind === 'number' || form.kind === 'size'
  return isNumeric && /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : text
}

/** Bytes of `20GB` or `64MiB`; null: it is no size. */
function bytesOf(text: string): number | null {
  const [, number, unit] = SIZE.exec(text) ?? []
  if (number === undefined || unit === undefined) return null
  return Number(number) * (BYTES_BY_UNIT[unit.toUpperCase()] as number)
}

/** A size as people write it, where a unit says it exactly: `64MiB`, `20GB`; else the number. */
export function sizeText(bytes: number): string {
  for (const unit of ['TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB']) {
    const per = BYTES_BY_UNIT[unit.toUpperCase()] as number
    if (bytes >= per && bytes % per === 0) return `${bytes / per}${unit}`
  }
  return String(bytes)
}

/** What a leaf takes, for people: `a whole number, 1 to 5000, or null`. */
export function expectedText({ form, isNullable }: Pick<Leaf<never>, 'form' | 'isNullable'>): string {
  return formText(form) + (isNullable ? ', or null' : '')
}

function formText(form: Form): string {
  switch (form.kind) {
    case 'flag':
      return 'true or false'
    case 'choice':
      return form.values.length === 1
        ? shown(form.values[0])
        : `one of ${form.values.map((value) => shown(value)).join(', ')}`
    case 'text':
      return form.says
    case 'size':
      return `bytes, ${sizeText(form.min)} to ${sizeText(form.max)}`
    case 'whole':
      return `a whole number, ${form.min} to ${form.max}`
    case 'number':
      return `a number, ${form.min} to ${form.max}`
  }
}
