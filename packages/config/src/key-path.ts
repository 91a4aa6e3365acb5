import { quoted } from './shown.ts'

/** The way to a value: names of keys, and indexes of lists from 0. */
export type KeyPath = readonly (string | number)[]

/** Names that need no quotes. */
const PLAIN = /^[^.[\]"\s\p{C}]+$/u
const PART = /\.?(?:"((?:[^"\\]|\\.)*)"|\[([0-9]{1,6})\]|([^.[\]"]+))/y

/** `collectors[0].poll_every_ms.openInterest`; names with dots or brackets are in quotes. */
export function keyOf(path: KeyPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      return `${index === 0 ? '' : '.'}${PLAIN.test(part) ? part : quoted(part)}`
    })
    .join('')
}

/** The path that `keyOf` writes so; an index may also be written as a name (`collectors.0`). Null: it is none. */
export function pathOf(key: string): KeyPath | null {
  const path: (string | number)[] = []
  PART.lastIndex = 0
  while (PART.lastIndex < key.length) {
    const isFirst = PART.lastIndex === 0
    const isDotted = key[PART.lastIndex] === '.'
    const match = PART.exec(key)
    if (match === null) return null
    const [, inQuotes, index, plain] = match
    if (isFirst === isDotted && index === undefined) return null
    if (index !== undefined && (isDotted || isFirst)) return null
    const name = inQuotes === undefined ? plain : unquoted(inQuotes)
    if (name === null) return null
    path.push(index === undefined ? (name as string) : Number(index))
  }
  return path.length === 0 ? null : path
}

function unquoted(text: string): string | null {
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return null
  }
}
