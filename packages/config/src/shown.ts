/** Characters of a value that a message repeats. */
const SHOWN_CHARS_MAX = 60
/** Control characters, line ends and direction marks: what makes a terminal lie. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu
/** Names of variables whose values nobody may see. */
const SECRET = /SECRET|TOKEN|PASSW|PRIVATE|CREDENTIAL|(API|ACCESS|SIGNING)_?KEY/i

/** The text with everything that does not show written as `\u....`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** In quotes, on one line, and as YAML and JSON read it back. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text))
}

/** A value as a message repeats it: short, and without the user and the query of an address. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value !== 'string') return String(value)
  const open = value
    .replace(/\/\/[^/@\s]*@/g, '//***@')
    .replace(/\?.*$/s, (query) => (query === '?' ? '?' : '?***'))
  const short = open.length > SHOWN_CHARS_MAX ? `${open.slice(0, SHOWN_CHARS_MAX)}...` : open
  return quoted(short)
}

/** Whether a variable's name says that its value is secret. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name)
}
