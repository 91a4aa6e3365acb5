/**
 * What must not reach a terminal, a log viewer or a label as it is: control characters and escapes (Cc),
 * direction marks and everything invisible (Cf), lone surrogates, private and unassigned characters, and the two
 * line ends that only some programs know.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/gu
/** A comma would let two label sets share one text inside prom-client; a backslash makes the escapes certain. */
const HIDDEN_IN_LABEL = /[\p{C}\p{Zl}\p{Zp}\\,]/gu
/** Characters of a label before it is cut; symbols have at most 64 bytes. */
const LABEL_CHARS_MAX = 96

/**
 * The text on one line with everything that does not show written as `\u....`, of at most `charsMax` characters
 * before that; the rest is replaced by a count.
 */
export function printable(text: string, charsMax: number): string {
  const kept = text.length > charsMax ? text.slice(0, charsMax) : text
  const rest = text.length - kept.length
  const shown = kept.replace(HIDDEN, escaped)
  return rest === 0 ? shown : `${shown}... (${rest} more)`
}

/** A text as a label's value; texts of up to 96 characters that differ stay different. Empty is `none`. */
export function labelText(text: string): string {
  if (text === '') return 'none'
  return text.slice(0, LABEL_CHARS_MAX).replace(HIDDEN_IN_LABEL, escaped)
}

function escaped(char: string): string {
  const code = (char.codePointAt(0) as number).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}
