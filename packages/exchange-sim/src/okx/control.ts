/**
 * What clients ask for, and the answers. Source: okx.com/docs-v5, "WebSocket / Subscribe" and "Unsubscribe", as of
 * 2026-02-23; texts of the codes: "Error Code / WebSocket / Public", as of 2026-07-20.
 */

/** A subscription, as the exchange names it. */
export interface Arg {
  readonly channel: string
  readonly instId?: string
  readonly instType?: string
}

/** Why something is refused. */
export interface Problem {
  readonly code: string
  readonly msg: string
}

export interface Request {
  /** Comes back in every answer; null where there is none. */
  readonly id: string | null
  readonly op: 'subscribe' | 'unsubscribe'
  readonly args: readonly Arg[]
}

const ID = /^[A-Za-z0-9]{1,32}$/
/** Characters that all `args` of one request may have. */
const ARGS_CHARACTERS_MAX = 64 * 1024

/** What a text asks for, or what is wrong with it; never throws. */
export function readRequest(text: string): Request | (Problem & { readonly id: string | null }) {
  const message = objectIn(text)
  const { id, op, args } = message ?? {}
  if (id !== undefined && !(typeof id === 'string' && ID.test(id)))
    return { id: null, code: '60033', msg: 'Parameter id error.' }
  const known = { id: typeof id === 'string' ? id : null }
  if (message === null || typeof op !== 'string' || !Array.isArray(args) || args.length === 0)
    return { ...known, code: '60012', msg: `Invalid request: ${text}` }
  if (op === 'login') return { ...known, code: '60028', msg: OTHER_URL }
  if (op !== 'subscribe' && op !== 'unsubscribe') return { ...known, code: '60019', msg: `Invalid op: ${op}` }
  if (JSON.stringify(args).length > ARGS_CHARACTERS_MAX)
    return { ...known, code: '60013', msg: 'Invalid args' }
  return { ...known, op, args: args.map(argOf) }
}

const OTHER_URL =
  'The current operation is not supported by this URL. Please use the correct WebSocket URL for the operation.'

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** A channel that is no text is none. */
function argOf(arg: unknown): Arg {
  const { channel, instId, instType } = Object(arg) as Readonly<Record<string, unknown>>
  return {
    channel: typeof channel === 'string' ? channel : '',
    ...(typeof instId === 'string' ? { instId } : {}),
    ...(typeof instType === 'string' ? { instType } : {}),
  }
}

/** The name that a subscription has here: `books:BTC-USDT`, `instruments/SWAP`. */
export function streamNameOf({ channel, instId, instType }: Arg): string {
  return instId === undefined ? `${channel}/${instType ?? ''}` : `${channel}:${instId}`
}

/** That there is no such channel, or none of such a symbol or type; the text as observed. */
export function noSuchThing({ channel, instId, instType }: Arg): Problem {
  const type = instType === undefined ? '' : `,instType:${instType}`
  const by = instId === undefined ? type : `,instId:${instId}`
  const rest = "doesn't exist. Please use the correct URL, channel and parameters referring to API document."
  return { code: '60018', msg: `Wrong URL or channel:${channel}${by} ${rest}` }
}

/** One answer for each subscription of a request. */
export function ackText({ id, op }: Request, arg: Arg, connection: string): string {
  return JSON.stringify({ ...(id === null ? {} : { id }), event: op, arg, connId: connection })
}

export function errorText(id: string | null, { code, msg }: Problem, connection: string): string {
  return JSON.stringify({ ...(id === null ? {} : { id }), event: 'error', code, msg, connId: connection })
}

/** The connection will be closed in about a minute. */
export function upgradeText(connection: string): string {
  const msg = 'The connection will soon be closed for a service upgrade. Please reconnect.'
  return JSON.stringify({ event: 'notice', code: '64008', msg, connId: connection })
}
