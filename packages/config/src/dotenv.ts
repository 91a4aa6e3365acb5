import type { Problem } from './place.ts'
import type { Variable } from './variables.ts'

const LINE = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/
const DOUBLE = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/
const SINGLE = /^'([^']*)'\s*(?:#.*)?$/
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * Reads lines of `KEY=VALUE`, `export` before it allowed. A value in single quotes is as it stands, in double quotes
 * it may have `\n`, `\"`, `\\` and `\$`; without quotes it ends at ` #`. No variables are put in, no value spans
 * lines. The last of two equal keys wins. Problems never repeat what a line holds.
 */
export function parseDotenv(
  file: string,
  text: string,
): { readonly variables: readonly Variable[]; readonly problems: readonly Problem[] } {
  const variables: Variable[] = []
  const problems: Problem[] = []
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const trimmed = whole.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const line = index + 1
    const [, name, written] = LINE.exec(trimmed) ?? []
    const value = written === undefined ? null : unquotedValue(written)
    if (name === undefined || value === null) {
      const message = name === undefined ? 'expected KEY=VALUE' : 'expected a value with its quotes closed'
      problems.push({
        file,
        line,
        column: whole.length - whole.trimStart().length + 1,
        key: name ?? '',
        message,
      })
    } else {
      variables.push({ name, value, file, line })
    }
  }
  return { variables, problems }
}

function unquotedValue(written: string): string | null {
  if (written.startsWith('"')) {
    const inside = DOUBLE.exec(written)?.[1]
    return inside === undefined ? null : inside.replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char)
  }
  if (written.startsWith("'")) return SINGLE.exec(written)?.[1] ?? null
  return written.replace(/(^|\s+)#.*$/, '').trim()
}
