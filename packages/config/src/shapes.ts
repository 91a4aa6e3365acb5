import type { TextShape } from './node.ts'

/** How texts in the configuration must look. Patterns are the subset that JSON Schema and `RegExp` share. */

/** No control character, no direction mark: such a text would lie to whoever reads it on a terminal. */
const VISIBLE = '[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]'

/** An exchange's or a market's name. */
export const plainName: TextShape = {
  pattern: '^[a-z][a-z0-9_-]*$',
  says: 'a name in lower case letters, digits, "-" and "_"',
  charsMax: 32,
}

/** A symbol as the exchange writes it: anything that can be seen, without blanks and commas. */
export const symbolText: TextShape = {
  pattern: '^[^\\s,\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2066-\\u2069]+$',
  says: 'a symbol as the exchange writes it, without blanks and commas',
  charsMax: 64,
}

/** A table or channel. */
export const streamText: TextShape = { ...symbolText, says: 'a table or one of the exchange’s own channels' }

/** A pattern for symbols. */
export const globText: TextShape = { ...symbolText, says: 'a symbol, or a pattern with "*" and "?"' }

/** A number that is compared with prices and quantities: a text, because a float would round it. */
export const decimalText: TextShape = {
  pattern: '^[0-9]{1,20}(\\.[0-9]{1,18})?$',
  says: 'a decimal number in quotes, such as "0.05"',
  charsMax: 39,
}

/** A window of time, with the step in which it comes again. */
export const windowText: TextShape = {
  pattern: '^[1-9][0-9]{0,5}[smhd](/[1-9][0-9]{0,5}[smhd])?$',
  says: 'a window such as "1m", or "24h/5m" with its step',
  charsMax: 15,
}

/** A file or directory. */
export const pathText: TextShape = { pattern: `^${VISIBLE}+$`, says: 'a path', charsMax: 4096 }

/** Without a user, a path or a query: credentials in addresses end up in logs. */
export const wsAddress: TextShape = {
  pattern: '^wss?://[^\\s/@?#]+$',
  says: 'a ws:// or wss:// address of host and port, without a path',
  charsMax: 512,
}

/** The same for REST. */
export const restAddress: TextShape = {
  pattern: '^https?://[^\\s/@?#]+$',
  says: 'an http:// or https:// address of host and port, without a path',
  charsMax: 512,
}

/** An address with a path, and still without a user or a query. */
export const endpointAddress: TextShape = {
  pattern: '^https?://[^\\s/@?#]+(/[^\\s@?#]*)?$',
  says: 'an http:// or https:// address without a user and a query',
  charsMax: 512,
}

/** The path part of an address, or a whole WebSocket address without a user and a query. */
export const routeAddress: TextShape = {
  pattern: '^(/[^\\s?#]*|wss?://[^\\s/@?#]+(/[^\\s@?#]*)?)$',
  says: 'a path that begins with "/", or a ws:// or wss:// address',
  charsMax: 512,
}

const OCTET = '(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'

/** An address of this machine, IPv4 or IPv6. */
export const ipAddress: TextShape = {
  pattern: `^(${OCTET}(\\.${OCTET}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f.:]*)$`,
  says: 'an IP address',
  charsMax: 45,
}

/** A name or an address to listen on. */
export const hostName: TextShape = {
  pattern: '^[0-9A-Za-z:.-]+$',
  says: 'a host name or an IP address',
  charsMax: 253,
}

// S3 user guide, page "s3-tables-buckets-naming": buckets are 3 to 63 lower case letters, digits and hyphens,
// namespaces and tables 1 to 255 lower case letters, digits and underscores.

/** A table bucket. */
export const bucketName: TextShape = {
  pattern: '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$',
  says: 'a table bucket: 3 to 63 lower case letters, digits and "-"',
  charsMax: 63,
}

/** A namespace or a table. */
export const tableName: TextShape = {
  pattern: '^[a-z0-9][a-z0-9_]*$',
  says: 'lower case letters, digits and "_"',
  charsMax: 255,
}
