import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Market as MarketName } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import type { SimCounters } from '../counters.ts'
import type { EmissionContent } from '../emission-log.ts'
import { emissionOf } from '../fanout.ts'
import type { HeldLog } from '../held-log.ts'
import { instrumentContent } from './contents.ts'
import { exchangeInfoJson, type InstrumentListOptions, instrumentsAt } from './exchange-info.ts'
import type { WindowedUse } from './limits.ts'
import { notFound, plain, type RestAnswer, type RestWorld, refused } from './rest-answer.ts'
import { createBookAnswers } from './rest-books.ts'
import { fundingInfoAnswer, openInterestAnswer, premiumIndexAnswer } from './rest-futures.ts'
import type { Admission, RestPool } from './rest-pool.ts'
import { aggregatesAnswer, tradesAnswer } from './rest-trades.ts'

const PREFIXES: Readonly<Record<MarketName, string>> = {
  spot: '/api/v3',
  linear: '/fapi/v1',
  inverse: '/dapi/v1',
}
const EXCHANGE_INFO_WEIGHT = { spot: 20, linear: 1, inverse: 1 }

export interface RestOptions extends RestWorld {
  readonly clock: Clock
  readonly log: HeldLog
  readonly counters: SimCounters
  readonly instruments: InstrumentListOptions
  /** Shared by hosts with one budget. */
  readonly pool: RestPool
  /** The budget of funding intervals, as well shared. */
  readonly fundingUse: WindowedUse
  /** An answer shows the moment of its request and arrives this much later. */
  readonly delayMs: number
}

/** The REST side of a host: answers one request at a time, in the weights and words of the exchange. */
export function createRestHandler(
  options: RestOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { clock, counters, pool, delayMs } = options
  const answerOf = createAnswers(options)
  const record = createRecorder(options)

  return (request, response) => {
    const nowUs = clock.nowUs()
    const address = request.socket.remoteAddress ?? ''
    const url = URL.parse(request.url ?? '', 'http://localhost')
    const answer = request.method === 'GET' && url !== null ? answerOf(url, address, nowUs) : notFound
    const admission = pool.admit(address, answer.weight, nowUs)
    if (admission.status !== 418) {
      response.setHeader('X-MBX-USED-WEIGHT', admission.used)
      response.setHeader('X-MBX-USED-WEIGHT-1M', admission.used)
    }
    if (admission.status !== 200) {
      counters[admission.status === 429 ? 'restThrottled' : 'restBanned'] += 1
      response.setHeader('Retry-After', admission.seconds)
      write(response, admission.status, refusalBody(admission, options.limits.restWeightPerMinute))
      return
    }
    counters[answer.status === 200 ? 'restAnswered' : 'restRefused'] += 1
    if (answer.contents.length > 0) response.once('close', () => record(answer, response.writableFinished))
    if (answer.fault !== null) counters.faults[answer.fault] += 1
    if (delayMs <= 0) write(response, answer.status, answer.body)
    else {
      const cancel = clock.after(delayMs, () => write(response, answer.status, answer.body))
      response.once('close', cancel)
    }
  }
}

/** What each path is answered with, budgets apart. */
function createAnswers(options: RestOptions) {
  const { market } = options
  const prefix = PREFIXES[market]
  const bookAnswer = createBookAnswers(options)

  return (url: URL, address: string, nowUs: number): RestAnswer => {
    if (!url.pathname.startsWith(`${prefix}/`)) return notFound
    const query = url.searchParams
    switch (url.pathname.slice(prefix.length + 1)) {
      case 'ping':
        return plain(1, '{}')
      case 'time':
        return plain(1, JSON.stringify({ serverTime: Math.floor(nowUs / 1000) }))
      case 'exchangeInfo':
        return exchangeInfoAnswer(options, query, Math.floor(nowUs / 1000))
      case 'depth':
        return bookAnswer(query)
      case 'trades':
        return tradesAnswer(options, query)
      case 'aggTrades':
        return aggregatesAnswer(options, query)
      case 'premiumIndex':
        return market === 'spot' ? notFound : premiumIndexAnswer(options, query)
      case 'openInterest':
        return market === 'spot' ? notFound : openInterestAnswer(options, query)
      case 'fundingInfo':
        return market === 'spot' ? notFound : fundingInfo(options, address, nowUs)
      default:
        return notFound
    }
  }
}

function fundingInfo(options: RestOptions, address: string, nowUs: number): RestAnswer {
  const used = options.fundingUse.add(address, 1, nowUs)
  if (used <= options.limits.fundingRequestsPerFiveMinutes) return fundingInfoAnswer(options)
  const body = JSON.stringify({
    code: -1003,
    msg: 'Too many requests; please use the websocket for live updates.',
  })
  return { status: 429, body, weight: 0, contents: [], fault: null }
}

function exchangeInfoAnswer(options: RestOptions, query: URLSearchParams, nowMs: number): RestAnswer {
  const { instruments, flow, market } = options
  const wanted = market === 'spot' ? query.get('symbol') : null
  const all = instrumentsAt(instruments, flow.nowMs)
  const entries = all.filter(({ listed }) => wanted === null || listed.symbol === wanted)
  if (entries.length === 0) return refused(-1121, 'Invalid symbol.')
  const contents = entries.map(({ listed, status, json }) =>
    instrumentContent(
      { listed, stream: 'exchangeInfo', table: 'instruments', atMs: flow.nowMs },
      status,
      json,
    ),
  )
  return plain(EXCHANGE_INFO_WEIGHT[market], exchangeInfoJson(instruments, entries, nowMs), contents)
}

/**
 * Logs what an answer carried when it has ended: a symbol of the instrument list only when somebody got it and it is
 * another one than was logged before.
 */
function createRecorder({ log }: RestOptions): (answer: RestAnswer, isWhole: boolean) => void {
  const listed = new Map<string, string>()
  const isNews = (content: EmissionContent): boolean => {
    const raw = content.values?.raw ?? ''
    if (listed.get(content.symbol) === raw) return false
    listed.set(content.symbol, raw)
    return true
  }
  return ({ contents, fault }, isWhole) => {
    for (const content of contents) {
      if (content.table === 'instruments' && !(isWhole && isNews(content))) continue
      const fate = isWhole ? { copies: 1, fault } : { copies: 0, fault: 'outage' as const }
      log.append(emissionOf({ ...content, is_answer: true }, { ...fate, connection: null, wire: null }))
    }
  }
}

function refusalBody(admission: Exclude<Admission, { readonly status: 200 }>, limit: number): string {
  const advice = 'Please use WebSocket Streams for live updates to avoid '
  const msg =
    admission.status === 429
      ? `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE. ` +
        `${advice}polling the API.`
      : `Way too much request weight used; IP banned until ${admission.untilMs}. ${advice}bans.`
  return JSON.stringify({ code: -1003, msg })
}

function write(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8' })
  response.end(body)
}
