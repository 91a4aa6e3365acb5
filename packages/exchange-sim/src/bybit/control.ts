/** What a client's text asks for; null where it is no JSON object with an `op`. */
export interface Request {
  readonly op: string
  readonly id: string
  readonly topics: readonly string[]
}

export function readRequest(text: string): Request | null {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof message !== 'object' || message === null) return null
  const { op, req_id: id, args } = message as Readonly<Record<string, unknown>>
  if (typeof op !== 'string') return null
  const topics = Array.isArray(args) ? args.filter((topic) => typeof topic === 'string') : []
  return { op, id: typeof id === 'string' ? id : '', topics }
}

export interface Reply {
  readonly op: string
  readonly id: string
  /** The connection, as the exchange names it. */
  readonly connection: number
}

/** One answer per request; `error` null: it is met. Source: bybit-exchange/docs 2026-07-24, v5/ws/connect. */
export function replyText({ op, id, connection }: Reply, error: string | null): string {
  return JSON.stringify({
    success: error === null,
    ret_msg: error ?? (op === 'ping' ? 'pong' : op),
    conn_id: `0970e817-426e-429a-a679-${String(connection).padStart(12, '0')}`,
    req_id: id,
    op,
  })
}
