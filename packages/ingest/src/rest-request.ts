import {
  type Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestPlain,
} from 'node:http'
import { request as requestSecure } from 'node:https'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Dialer } from '@cryptoflow/model'
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

/** Some exchanges answer nobody who does not say who they are. */
const HEADERS = { accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': 'cryptoflow' }

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
  { clock, dialer }: { readonly clock: Clock; readonly dialer: Dialer<Agent> },
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
    const answer = await get(url, dialer.agentOf(url), late.signal)
    cancelAnswer()
    const { headers, statusCode: status = 0 } = answer
    usedWeight = usedWeightOf(headers, usedWeightHeader)
    const body = await readBounded(answer, bounds.bodyBytesMax)
    const receivedUs = clock.nowUs()
    if (status !== 200) {
      const retryMs = retryAfterMs(headers['retry-after'], receivedUs)
      return failed(`the exchange answered ${status}: ${printable(body)}`, status, retryMs)
    }
    const wrong = notJson(headers['content-type'] ?? null, body)
    if (wrong !== null) return failed(wrong)
    return { kind: 'answered', body, receivedUs, usedWeight }
  } catch (error) {
    return failed(messageOf(late.signal.aborted ? late.signal.reason : error))
  } finally {
    cancelAnswer()
    cancelBody()
    stopped.removeEventListener('abort', stop)
  }
}

/** Resolves with the head of the answer. */
function get(url: string, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? requestSecure : requestPlain
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers: HEADERS, signal }, resolve)
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection may end just when it is used again; the next one is another or a new one.
      const isLate = sent.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted
      if (isLate) get(url, agent, signal).then(resolve, reject)
      else reject(error)
    })
    sent.end()
  })
}

function usedWeightOf(headers: IncomingHttpHeaders, header: string | null): number {
  const text = header === null ? undefined : headers[header]
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
}

/** Counted after decompression: a small answer can be a long one. */
async function readBounded(answer: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of plainBody(answer)) {
    size += chunk.length
    if (size > bytesMax) throw new Error(`the answer is longer than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function plainBody(answer: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = answer.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity') return answer
  if (encoding === 'gzip') return pipeline(answer, createGunzip(), () => {})
  answer.destroy()
  throw new Error(`the answer is encoded as ${printable(Buffer.from(encoding))}, expected gzip or nothing`)
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
