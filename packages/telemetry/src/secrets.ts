/** What stands where a secret stood. */
export const MASK = '***'

/** Handed-in values shorter than this would blank out half of all text and protect nothing. */
const SECRET_CHARS_MIN = 4
/** Characters in which handed-in values are looked for; far more than is ever shown. */
const SEARCHED_CHARS_MAX = 65_536
/** Characters that the patterns see: their time must not grow with what a stranger sends. */
const MATCHED_CHARS_MAX = 4096

const SECRET_NAME =
  /secret|passw|passphrase|credential|authorization|cookie|^token$|(private|api|access|signing).?key|(session|auth|access|security|bearer|refresh).?token/i

/** Shapes that give a secret away wherever they stand, and what is left of them. */
const SECRET_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(-----END|$)/gs, MASK],
  [/(:\/\/)[^/@\s]{1,512}@/g, `$1${MASK}@`],
  [
    /([?&;][^=&\s]{0,64}(?:secret|token|signature|credential|passw|key)[^=&\s]{0,64}=)[^&\s"'#]+/gi,
    `$1${MASK}`,
  ],
  [/\b(Bearer\s+)[^\s"']+/gi, `$1${MASK}`],
  [/\b(Basic\s+)[\w+/=-]{16,}/gi, `$1${MASK}`],
  [/\b(AKIA|ASIA)[0-9A-Z]{8,16}/g, MASK],
]

/** Whether a field's name says that nobody may see its value. A commit token is no secret; a session token is. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/**
 * The text without the given secret values and without what looks like one: user and password of an address,
 * signatures and keys of a query, bearer tokens, private keys, AWS key ids. Text beyond 4096 characters is lost.
 */
export function masked(text: string, secrets: readonly string[]): string {
  let open = text.length > SEARCHED_CHARS_MAX ? text.slice(0, SEARCHED_CHARS_MAX) : text
  for (const secret of secrets) {
    if (secret.length >= SECRET_CHARS_MIN) open = open.replaceAll(secret, MASK)
  }
  open = open.slice(0, MATCHED_CHARS_MAX)
  for (const [shape, left] of SECRET_SHAPES) open = open.replace(shape, left)
  return open
}
