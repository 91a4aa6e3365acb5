import type { MarketFamily } from './limits.ts'

/** What a client asked for in a text frame, or the reply to a frame that asks for nothing known. */
export type ControlRequest =
  | {
      readonly kind: 'subscribe' | 'unsubscribe'
      readonly streams: readonly string[]
      readonly id: ControlId
    }
  | { readonly kind: 'list' | 'isCombined'; readonly id: ControlId }
  | { readonly kind: 'setCombined'; readonly combined: boolean; readonly id: ControlId }
  | {
      readonly kind: 'error'
      readonly reply: string
      /** The connection ends behind the reply. */
      readonly isFatal: boolean
    }

const ID_RULES: Readonly<Record<MarketFamily, string>> = {
  spot: 'request ID must be an integer, an alphanumeric string or null',
  futures: 'request ID must be an unsigned integer',
}

export type ControlId = number | string | null

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'] as const

/**
 * Reads a client's text frame; never throws. Futures hosts take unsigned whole numbers only as ids, and disconnect
 * who sends no JSON. Source: the exchange's derivatives docs, 2023-06-22, and issue 471 of binance-connector-python.
 */
export function readControl(text: string, family: MarketFamily): ControlRequest {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    const reply = errorReply(3, 'Invalid JSON: expected value at line 1 column 1')
    return { kind: 'error', reply, isFatal: family === 'futures' }
  }
  const fields = new Map(isObject(message) ? Object.entries(message) : [])
  const id = fields.get('id') ?? null
  if (!isId(id, family)) return invalid(ID_RULES[family], null)
  const method = fields.get('method')
  if (typeof method !== 'string') {
    return invalid(`missing field \`method\` at line 1 column ${text.length}`, id)
  }
  return readMethod(method, fields.get('params'), id)
}

/** The reply that acknowledges a request; asked-for values stand in `result`. */
export function resultReply(result: readonly string[] | boolean | null, id: ControlId): string {
  return JSON.stringify({ result, id })
}

/** The reply to a request that cannot be met; code 2 is an invalid request, 3 is invalid JSON. */
export function errorReply(code: 0 | 1 | 2 | 3, msg: string, id?: ControlId): string {
  return JSON.stringify(id === undefined ? { error: { code, msg } } : { error: { code, msg }, id })
}

/** Well-formed is enough to be acknowledged; whether the stream exists shows only in what comes. */
export function isStreamName(text: unknown): text is string {
  return typeof text === 'string' && /^(?:[^@\s/!]+@[^\s/]+|![^\s/]+)$/.test(text)
}

function readMethod(method: string, params: unknown, id: ControlId): ControlRequest {
  switch (method) {
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
      if (!Array.isArray(params)) return invalid('missing field `params`', id)
      if (!params.every(isStreamName)) return invalid('invalid stream', id)
      return { kind: method === 'SUBSCRIBE' ? 'subscribe' : 'unsubscribe', streams: params, id }
    case 'LIST_SUBSCRIPTIONS':
      return { kind: 'list', id }
    case 'SET_PROPERTY':
    case 'GET_PROPERTY':
      return readProperty(method, Array.isArray(params) ? params : [], id)
    default:
      return invalid(`unknown variant ${method}, expected one of ${METHODS.join(', ')}`, id)
  }
}

function readProperty(method: string, params: readonly unknown[], id: ControlId): ControlRequest {
  if (typeof params[0] !== 'string') return invalid('property name must be a string', id)
  if (params[0] !== 'combined') return refused(errorReply(0, 'Unknown property', id))
  if (method === 'GET_PROPERTY') return { kind: 'isCombined', id }
  const combined = params[1]
  if (typeof combined === 'boolean') return { kind: 'setCombined', combined, id }
  return refused(errorReply(1, 'Invalid value type: expected Boolean', id))
}

function invalid(what: string, id: ControlId): ControlRequest {
  return refused(errorReply(2, `Invalid request: ${what}`, id))
}

function refused(reply: string): ControlRequest {
  return { kind: 'error', reply, isFatal: false }
}

function isId(id: unknown, family: MarketFamily): id is ControlId {
  if (family === 'futures') return id === null || (Number.isSafeInteger(id) && (id as number) >= 0)
  if (typeof id === 'string') return /^[A-Za-z0-9_-]{1,36}$/.test(id)
  return id === null || Number.isSafeInteger(id)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
