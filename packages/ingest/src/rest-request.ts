import { type Clock, messageOf } from '@cryptoflow/runtime'
import { retryAfterMs } from './retry-after.ts'

/** What became of a request. */
export type RestOutcome =
  | {
      readonly kind: 'answered'
      readonly body: Uint8Array
      /** When the last byte was there. */
      readonly receivedUs: number
      /** Weight of the minute that is used, as the answer says; NaN when it does not. */
      readonly usedWeight: number
    }
  | {
      readonly kind: 'failed'
      readonly reason: string
      /** HTTP status; 0 when there was no usable answer. */
      readonly status: number
      /** How long the exchange asked to wait; null when it did not say. */
      readonly retryAfterMs: number | null
      readonly usedWeight: number
    }

export interface RestBounds {
  readonly answerWithinMs: number
  readonly bodyWithinMs: number
  readonly bodyBytesMax: number
}

/**
 * One GET. Never throws: whatever goes wrong is an outcome. Redirects are not followed, and a body that is not JSON
 * (a page of somebody in between) is no answer, whatever its status says.
 */
export async function requestOnce(
  url: string,
  usedWeightHeader: string | null,
  bounds: RestBounds,
  clock: Clock,
  stopped: AbortSignal,
): Promise<RestOutcome> {
  const late = new AbortController()
  const stop = (): void => late.abort(new Error('stopped'))
  stopped.addEventListener('abort', stop)
  if (stopped.aborted) stop()
  const giveUp = (what: string, ms: number): (() => void) =>
    clock.after(ms, () => late.abort(new Error(`${what} within ${ms / 1000} s`)))
  const cancelBody = giveUp('no complete answer', bounds.bodyWithinMs)
  const cancelAnswer = giveUp('no answer', bounds.answerWithinMs)
  let usedWeight = Number.NaN
  const failed = (reason: string, status = 0, retryMs: number | null = null): RestOutcome => ({
    kind: 'failed',
    reason,
    status,
    retryAfterMs: retryMs,
    usedWeight,
  })
  try {
    const answer = await fetch(url, {
      signal: late.signal,
      redirect: 'manual',
      headers: { accept: 'application/json' },
    })
    cancelAnswer()
    usedWeight = usedWeightOf(answer, usedWeightHeader)
    const body = await readBounded(answer, bounds.bodyBytesMax)
    const receivedUs = clock.nowUs()
    if (answer.status !== 200) {
      const retryMs = retryAfterMs(answer.headers.get('retry-after') ?? undefined, receivedUs)
      return failed(`the exchange answered ${answer.status}: ${printable(body)}`, answer.status, retryMs)
    }
    const wrong = notJson(answer.headers.get('content-type'), body)
    if (wrong !== null) return failed(wrong)
    return { kind: 'answered', body, receivedUs, usedWeight }
  } catch (error) {
    return failed(late.signal.aborted ? messageOf(late.signal.reason) : causeOf(error))
  } finally {
    cancelAnswer()
    cancelBody()
    stopped.removeEventListener('abort', stop)
  }
}

function usedWeightOf(answer: Response, header: string | null): number {
  const text = header === null ? null : answer.headers.get(header)
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}

/** Counted after decompression: a small answer can be a long one. */
async function readBounded(answer: Response, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > bytesMax) throw new Error(`the answer is longer than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Null when it is JSON by its type, where it names one, and by its first byte. */
function notJson(type: string | null, body: Uint8Array): string | null {
  if (type !== null && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type.trim())) {
    return `the answer is ${printable(Buffer.from(type))}, expected JSON: ${printable(body)}`
  }
  const first = body.find((byte) => byte > 0x20)
  const isJson = first === 0x7b || first === 0x5b
  return isJson ? null : `the answer does not begin like JSON: ${printable(body)}`
}

/** The first bytes of a foreign text, safe for a log line. */
function printable(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes.subarray(0, 200)).toString('latin1'))
}

/** What fetch hides behind "fetch failed". */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${messageOf(cause)}`
}
