import { SYMBOL_BYTES_MAX } from '@cryptoflow/model'

/** A symbol that somebody may send, and what must become of it. */
export interface HostileName {
  readonly name: string
  /** `read`: a name like others. `refused`: never a name. `either`: read byte for byte, or refused. */
  readonly must: 'read' | 'refused' | 'either'
}

/**
 * Names that broke somebody's program (design, hostile bytes); written by code where eyes would not see them.
 *
 * `symbolWith` puts a text into a symbol of the market's own form; the borders of length are those of the whole.
 */
export function hostileNames(symbolWith: (text: string) => string = String): readonly HostileName[] {
  const free = SYMBOL_BYTES_MAX - new TextEncoder().encode(symbolWith('')).length
  const wide = Math.floor(free / WIDE_BYTES)
  const all = (must: HostileName['must'], texts: readonly string[]): HostileName[] =>
    texts.map((text) => ({ name: symbolWith(text), must }))
  return [
    ...all('read', ['1000SHIBUSDT', '测试USDT', '币安人生USDT', 'A'.repeat(free), '测'.repeat(wide)]),
    ...all('refused', ['A'.repeat(free + 1), '测'.repeat(wide + 1), 'A'.repeat(100_000)]),
    { name: '', must: 'refused' },
    ...all('either', [...inherited, ...paths, ...controls, ...others]),
  ]
}

/** Bytes of one of the characters that fill the longest name beyond ASCII. */
const WIDE_BYTES = 3

/** What every object has. */
const inherited = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']

const paths = ['../../x', '/etc/passwd', 'C:\\x', '%2e%2e%2f']

/** Ends of lines, colours, and characters that turn the direction of what follows. */
const controls = [
  'A\u0000B',
  'A\nB',
  'A\r\nB',
  '\u001b[31mRED\u001b[0m',
  '\u202eTDSU',
  '\u200fABC',
  '\u2066A\u2069',
  '\ufeffABC',
]

const others = [
  "A'; DROP TABLE ticks;--",
  '$' + '{jndi:x}',
  '<b>A</b>',
  'A"B',
  'A\\B',
  'A B',
  'e\u0301A',
  'ßA',
  'İA',
  '𝒜B',
  'null',
  'undefined',
  '0',
  '-1',
  'NaN',
]

/** Bytes that no UTF-8 has: a lone continuation, an overlong slash, half a surrogate pair, a cut character. */
export const brokenBytes: readonly (readonly number[])[] = [
  [0x80],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xe6, 0xb5],
  [0xff],
]

/** The bytes with others in the place of every byte `mark`. */
export function withBytes(bytes: Uint8Array, mark: number, other: readonly number[]): Uint8Array {
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === mark ? other : [byte])))
}
