import { randomBytes } from 'node:crypto'
import { type IncomingMessage, get as plainGet } from 'node:http'
import { get as secureGet } from 'node:https'
import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import { type Clock, messageOf } from '@cryptoflow/runtime'
import { bad, type DoctorCheck, fine } from './doctor-check.ts'
import { clockCheck } from './doctor-local.ts'
import { asciiJson } from './text.ts'

/** Longest wait for one answer. */
const ANSWER_MS = 10_000

/** What became of a request: its status and headers, or what came between. */
export type ProbeAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly dateMs: number | null
      readonly ms: number
    }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/**
 * Asks the exchange of a market: REST with its clock, then every WebSocket route that carries some of these streams.
 * Costs one cheap request and a connect each.
 */
export async function checkMarket(
  market: ExchangeMarket,
  clock: Clock,
  streams: readonly StreamSpec[] = market.streams,
): Promise<DoctorCheck[]> {
  const who = `${market.exchange} ${market.market}`
  const { restUrl, routes, restBan } = market.session
  const bans = restBan?.statuses ?? []
  const checks = await checkRest(who, restUrl, bans, clock)
  // Routes may share an address.
  for (const [address, named] of Map.groupBy(Object.entries(routes), ([, url]) => url)) {
    const names = named.map(([name]) => name)
    const carried = streams.filter(({ route }) => route !== null && names.includes(route))
    if (carried.length === 0) continue
    const tables = [...new Set(carried.map(({ table }) => table))]
    checks.push(await checkRoute(`${who} ${names.join('+')} (${tables.join(', ')})`, address, bans, clock))
  }
  return checks
}

async function checkRest(
  who: string,
  restUrl: string,
  bans: readonly number[],
  clock: Clock,
): Promise<DoctorCheck[]> {
  const name = 'REST'
  const sentUs = clock.nowUs()
  const answer = await probe(restUrl, clock, {})
  const receivedUs = clock.nowUs()
  if (answer.kind === 'failed') return [failureCheck(name, placeOf(who, restUrl), answer)]
  const checks = [answerCheck(name, placeOf(who, restUrl), answer, bans)]
  if (answer.dateMs === null) return checks
  // A Date is cut to the second: half of one is what it says too little, on average.
  const theirsUs = (answer.dateMs + 500) * 1000
  return [...checks, clockCheck(((sentUs + receivedUs) / 2 - theirsUs) / 1e6, who)]
}

async function checkRoute(
  who: string,
  url: string,
  bans: readonly number[],
  clock: Clock,
): Promise<DoctorCheck> {
  const name = 'WebSocket'
  const place = placeOf(who, url)
  const answer = await probe(url.replace(/^ws/, 'http'), clock, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  })
  if (answer.kind === 'failed') return failureCheck(name, place, answer)
  if (answer.status === 101) return fine(name, `${place}: opens in ${Math.round(answer.ms)} ms`)
  const refused = statusCheck(name, place, answer.status, bans)
  return (
    refused ??
    bad('fail', name, `${place}: answers ${answer.status} instead of opening`, 'check ws_url and paths')
  )
}

function answerCheck(
  name: string,
  place: string,
  { status, ms }: ProbeAnswer & { kind: 'answered' },
  bans: readonly number[],
): DoctorCheck {
  // Whatever the root of an API answers, it is reached; only refusals of the caller count.
  return statusCheck(name, place, status, bans) ?? fine(name, `${place}: answers in ${Math.round(ms)} ms`)
}

/** Whose, and the host without its path: that is where things go wrong. */
function placeOf(who: string, url: string): string {
  return `${who}, ${URL.canParse(url) ? new URL(url).host : url}`
}

/** An answer that means: not you, not here, not now. `bans`: what the exchange answers to who asked too much. */
function statusCheck(
  name: string,
  place: string,
  status: number,
  bans: readonly number[],
): DoctorCheck | null {
  const found = `${place}: answers ${status}`
  if (bans.includes(status)) {
    const advice = 'stop what else asks, and wait; if it stays, run it from a region that the exchange serves'
    return bad('fail', name, `${found}, not served or shut out for asking too much`, advice)
  }
  switch (status) {
    case 403:
    case 451:
      return bad(
        'fail',
        name,
        `${found}, not served to this address`,
        'run it from a region that the exchange serves',
      )
    case 418:
    case 429:
      return bad(
        'warn',
        name,
        `${found}, too many requests from this address`,
        'stop what else asks, and wait',
      )
    default:
      return status >= 500
        ? bad('warn', name, `${found}, trouble on the other side`, 'try again in a while')
        : null
  }
}

const causes: Readonly<Record<string, readonly [found: string, advice: string]>> = {
  ENOTFOUND: ['there is no such name', 'check the address and the DNS of this machine'],
  EAI_AGAIN: ['no name server answers', 'check the DNS of this machine (resolv.conf)'],
  ECONNREFUSED: ['nobody listens there', 'check host and port; is the simulator or proxy running?'],
  ECONNRESET: ['the connection was cut', 'a firewall or proxy in between may forbid it'],
  ETIMEDOUT: ['nobody answers', 'a firewall may swallow it; is a proxy needed here?'],
  ENETUNREACH: ['there is no way to that network', 'check the route of this machine'],
  EHOSTUNREACH: ['there is no way to that host', 'check the route of this machine'],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'check the clock of this machine, and who is in between'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'its certificate is self-signed',
    'somebody in between reads along: find out who',
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'its certificate is of a private authority',
    'somebody in between reads along, or NODE_EXTRA_CA_CERTS is missing',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its certificate cannot be verified',
    'somebody in between reads along, or NODE_EXTRA_CA_CERTS is missing',
  ],
  EPROTO: ['it does not speak TLS', 'check the scheme of the address: ws or wss, http or https'],
}

/** The cause in words. */
export function failureCheck(
  name: string,
  place: string,
  { code, message }: ProbeAnswer & { kind: 'failed' },
): DoctorCheck {
  const known = Object.hasOwn(causes, code) ? causes[code] : undefined
  const [found, advice] = known ?? [asciiJson(message), 'check the address and the network']
  return bad('fail', name, `${place}: ${found} (${code})`, advice)
}

/** One GET, of which only the head of the answer is waited for. Never throws. */
export function probe(
  url: string,
  clock: Clock,
  headers: Readonly<Record<string, string>>,
  waitMs = ANSWER_MS,
): Promise<ProbeAnswer> {
  const beganUs = clock.nowUs()
  return new Promise((done) => {
    const failed = (code: string, message: string): void => done({ kind: 'failed', code, message })
    const answered = (response: IncomingMessage): void => {
      const date = Date.parse(response.headers.date ?? '')
      const dateMs = Number.isFinite(date) ? date : null
      const ms = (clock.nowUs() - beganUs) / 1000
      done({ kind: 'answered', status: response.statusCode ?? 0, dateMs, ms })
      response.destroy()
    }
    try {
      const get = url.startsWith('https:') ? secureGet : plainGet
      const request = get(url, { headers, agent: false }, answered)
      const cancel = clock.after(waitMs, () => {
        request.destroy()
        failed('ETIMEDOUT', `no answer within ${waitMs} ms`)
      })
      request.on('upgrade', (response, socket) => {
        answered(response)
        socket.destroy()
      })
      request.on('error', (error: NodeJS.ErrnoException) =>
        failed(error.code ?? 'an error', messageOf(error)),
      )
      request.on('close', cancel)
    } catch (error) {
      failed('an error', messageOf(error))
    }
  })
}
