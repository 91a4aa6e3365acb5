import { createHash } from 'node:crypto'
import { assert, type EpochRequest } from '@cryptoflow/model'

/**
 * What makes two requests the same: SHA-256 in hex over the canonical JSON of the request.
 *
 * A contract, not a helper: the hash stands in control logs and ledgers (R11, R12), so neither it nor its
 * input may change without a version in the request.
 */
export function requestHash(request: EpochRequest): string {
  return createHash('sha256').update(canonicalJson(request)).digest('hex')
}

/** JSON with the keys of every object in code unit order and nothing between the tokens. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) return canonicalObject(value)
  if (typeof value === 'number') assert(Number.isFinite(value), 'a number in a request is finite')
  const text = JSON.stringify(value)
  assert(text !== undefined, 'a request holds JSON values only')
  return text
}

function canonicalObject(value: object): string {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}
