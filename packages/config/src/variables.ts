// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration are written so.
import { isSecretName } from './shown.ts'

/** A variable of the environment, or of a `.env` file that stands in for it. */
export interface Variable {
  readonly name: string
  readonly value: string
  /** The `.env` file that it is from; null: the environment itself. */
  readonly file: string | null
  /** Its line in that file, from 1; 0: the environment itself. */
  readonly line: number
}

/** Longest text that variables may put together: a value may name the same long variable many times. */
const CHARS_MAX = 64 * 1024
const REFERENCE = /\$(\$\{|\{([^}]*)\})/g
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/** A text with its variables put in. */
export interface Substituted {
  readonly text: string
  readonly variables: readonly string[]
  readonly isSecret: boolean
  /** What is wrong, ready to be shown: `expected ..., got ...`. */
  readonly problems: readonly string[]
}

/** Whether the text has anything to put in. */
export function hasReference(text: string): boolean {
  return text.includes('${')
}

/**
 * Puts in `${NAME}` and `${NAME:-default}`; the default holds when the variable is empty or not set, as in a shell.
 * `$${` stands for `${` itself. What is put in is not looked at again.
 */
export function substitute(text: string, environment: ReadonlyMap<string, Variable>): Substituted {
  const variables: string[] = []
  const problems: string[] = []
  let length = text.length
  const whole = text.replace(REFERENCE, (found: string, escaped: string, inside: string | undefined) => {
    if (escaped === '${') return escaped
    const [, name, fallback] = INSIDE.exec(inside ?? '') ?? []
    if (name === undefined) {
      problems.push(`expected \${NAME} or \${NAME:-default}, got ${JSON.stringify(found.slice(0, 40))}`)
      return ''
    }
    variables.push(name)
    const value = environment.get(name)?.value
    if (value === undefined && fallback === undefined) {
      problems.push(`expected a variable ${name} in the environment, got none`)
    }
    const put = fallback !== undefined && (value === undefined || value === '') ? fallback : (value ?? '')
    length += put.length
    return length > CHARS_MAX ? '' : put
  })
  if (length > CHARS_MAX)
    problems.push(`expected at most ${CHARS_MAX} characters, got ${length} from variables`)
  return { text: whole, variables, isSecret: variables.some(isSecretName), problems }
}
