import { type Format, formats } from './dialect.ts'

/**
 * What clients ask for: a JSON array of a ticket, of objects with a type and codes, and of a format. A request is the
 * whole list of what the connection wants. Source: docs.upbit.com/kr v1.6.4, WebSocket usage and errors, read 2026-10-07.
 */

/** One stream that is asked for. */
export interface Wish {
  /** `trade:KRW-BTC`, `orderbook.15:KRW-BTC`; null for one that nothing is told of. */
  readonly streamName: string | null
  readonly wantsSnapshot: boolean
  readonly wantsRealtime: boolean
}

export interface Request {
  readonly wishes: readonly Wish[]
  readonly format: Format
}

/** Why a request is refused, in the exchange's own words. */
export interface Problem {
  readonly name: 'WRONG_FORMAT' | 'NO_TICKET' | 'NO_TYPE' | 'NO_CODES' | 'INVALID_PARAM'
  readonly message: string
}

type Part = Readonly<Record<string, unknown>>

const WRONG_FORMAT: Problem = { name: 'WRONG_FORMAT', message: 'Format이 맞지 않습니다.' }
const NO_TICKET: Problem = { name: 'NO_TICKET', message: 'Ticket이 존재하지 않습니다.' }
const NO_TYPE: Problem = { name: 'NO_TYPE', message: 'Type이 존재하지 않습니다.' }
const NO_CODES: Problem = { name: 'NO_CODES', message: 'Codes가 존재하지 않습니다.' }
const INVALID_PARAM: Problem = { name: 'INVALID_PARAM', message: '잘못된 파라미터가 포함되어 있습니다.' }

/** Levels a side of books; any other number silently gives the most. Source: change of 2025-07-02. */
const DEPTHS: ReadonlySet<string> = new Set(['1', '5', '15'])
const DEPTH_MAX = '30'

/** Reads a client's text; one bad part is the end of the whole request. */
export function readRequest(text: string): Request | Problem {
  const parts = partsOf(text)
  if (parts === null) return WRONG_FORMAT
  if (!parts.some(({ ticket }) => typeof ticket === 'string' && ticket !== '')) return NO_TICKET
  const asked = parts.filter((part) => part.ticket === undefined && part.format === undefined)
  if (asked.length === 0) return NO_TYPE
  const wishes: Wish[] = []
  for (const part of asked) {
    const found = wishesOf(part)
    if ('name' in found) return found
    wishes.push(...found)
  }
  const wanted = parts.find(({ format }) => format !== undefined)?.format ?? 'DEFAULT'
  const format = formats.find((known) => known === wanted)
  return format === undefined ? INVALID_PARAM : { wishes, format }
}

function partsOf(text: string): readonly Part[] | null {
  try {
    const json: unknown = JSON.parse(text)
    const isList = Array.isArray(json) && json.every((part) => typeof part === 'object' && part !== null)
    return isList ? (json as Part[]) : null
  } catch {
    return null
  }
}

function wishesOf(part: Part): readonly Wish[] | Problem {
  const { type, codes, level = 0 } = part
  if (typeof type !== 'string' || type === '') return NO_TYPE
  if (type !== 'trade' && type !== 'orderbook') return INVALID_PARAM
  if (!Array.isArray(codes) || codes.length === 0) return NO_CODES
  const onlySnapshot = flagOf(part, 'is_only_snapshot', 'isOnlySnapshot')
  const onlyRealtime = flagOf(part, 'is_only_realtime', 'isOnlyRealtime')
  const areTexts = codes.every((code) => typeof code === 'string')
  if (!areTexts || onlySnapshot === null || onlyRealtime === null || typeof level !== 'number')
    return INVALID_PARAM
  return codes.map((code) => ({
    streamName: type === 'trade' ? `trade:${code}` : bookStream(code, level),
    wantsSnapshot: !onlyRealtime,
    wantsRealtime: !onlySnapshot,
  }))
}

/** Both spellings are taken; null where it is no boolean. */
function flagOf(part: Part, name: string, camelName: string): boolean | null {
  const flag = part[name] ?? part[camelName] ?? false
  return typeof flag === 'boolean' ? flag : null
}

/** Prices put together into steps are not offered here; of a step that is not offered the exchange tells nothing. */
function bookStream(code: string, level: number): string | null {
  if (level !== 0) return null
  const [symbol = '', depth = ''] = code.split('.')
  return `orderbook.${DEPTHS.has(depth) ? depth : DEPTH_MAX}:${symbol}`
}
