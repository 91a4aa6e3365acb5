import type { EmissionContent } from '../emission-log.ts'
import { Budget } from '../stage/budget.ts'
import type { HouseAnswer } from '../stage/house.ts'
import { instrumentContent } from './lists.ts'
import type { SymbolTeller } from './symbol.ts'
import { fundingHours, settlement } from './told.ts'
import type { WideTeller } from './wide.ts'

/**
 * What is asked for by REST. Source: okx.com/docs-v5, "GET / Instruments", "GET / Open interest", "GET / Funding rate
 * history", "GET / Order book", as of 2026-02-23; its page of error codes, as of 2026-07-20.
 */

/** Requests of one endpoint about one thing in two seconds. Source as above. */
const requestsMax: ReadonlyMap<string, number> = new Map([
  ['public/instruments', 20],
  ['public/open-interest', 20],
  ['public/funding-rate-history', 10],
  ['public/time', 10],
  ['market/books', 40],
])
const WINDOW_MS = 2_000
/** Things whose requests are counted; far more than a house has. */
const BUDGETS_MAX = 10_000
const PREFIX = '/api/v5/'
/** How far back settlements are listed, and how many at most. */
const HISTORY_MS = 90 * 86_400_000
const HISTORY_MAX = 400
/** Levels a side of a book, 1 where nothing is said. */
const BOOK_LIMIT_MAX = 400
const HOUR_MS = 3_600_000

const NO_INSTRUMENT = "Instrument ID, Instrument ID code, or Spread ID doesn't exist."

export interface RestOptions {
  readonly market: EmissionContent['market']
  readonly tellers: ReadonlyMap<string, SymbolTeller>
  readonly wides: readonly WideTeller[]
  /** A request is refused for there being too many. */
  readonly throttled: () => void
}

/** The REST side of a house, with its limits. */
export class RestDesk {
  private readonly options: RestOptions
  private readonly budgets = new Map<string, Budget>()
  /** Settlements that have been answered with before: a repeat is no event. */
  private readonly answered = new Set<string>()

  constructor(options: RestOptions) {
    this.options = options
  }

  /** Null: there is no such endpoint. */
  answer(url: URL, nowMs: number): HouseAnswer | null {
    const endpoint = url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : ''
    const most = requestsMax.get(endpoint)
    if (most === undefined) return null
    const [type, symbol] = [url.searchParams.get('instType'), url.searchParams.get('instId')]
    // Books are counted by address alone.
    const thing = endpoint === 'market/books' ? '' : (type ?? symbol ?? '')
    if (!this.budgetOf(`${endpoint} ${thing}`, most).take(nowMs)) {
      this.options.throttled()
      return refusal(429, '50011', 'Too Many Requests')
    }
    switch (endpoint) {
      case 'public/time':
        return answerOf([`{"ts":"${nowMs}"}`], [])
      case 'public/funding-rate-history':
        return this.settlements(url.searchParams, nowMs)
      case 'market/books':
        return this.book(url.searchParams, nowMs)
      default:
        return this.list(endpoint, type, nowMs)
    }
  }

  private list(endpoint: string, type: string | null, nowMs: number): HouseAnswer {
    if (type === null) return refusal(400, '50014', 'Parameter instType can not be empty.')
    const wide = this.options.wides.find((one) => one.type === type)
    if (wide === undefined) return refusal(400, '51000', 'Parameter instType error')
    return endpoint === 'public/instruments' ? this.instruments(wide, nowMs) : interests(wide, nowMs)
  }

  private instruments(wide: WideTeller, nowMs: number): HouseAnswer {
    const entries = wide.entriesAt(nowMs)
    const { market } = this.options
    const place = { exchange: 'okx', market, stream: `public/instruments/${wide.type}`, atMs: nowMs }
    return answerOf(
      [...wide.strangersAt(nowMs), ...entries.map(({ raw }) => raw)],
      entries.map((entry) => instrumentContent(place, entry)),
    )
  }

  private book(query: URLSearchParams, nowMs: number): HouseAnswer {
    const symbol = query.get('instId')
    if (symbol === null) return refusal(400, '50014', 'Parameter instId can not be empty.')
    const teller = this.options.tellers.get(symbol)
    if (teller === undefined) return refusal(200, '51001', NO_INSTRUMENT)
    const limit = Number(query.get('sz') ?? 1)
    if (!(limit >= 1 && limit <= BOOK_LIMIT_MAX)) return refusal(400, '51000', 'Parameter sz error')
    const { json, content } = teller.answered(limit, nowMs)
    return answerOf([json], [content])
  }

  /** Newest first; `before` and `after` are times, outside of which nothing is listed. */
  private settlements(query: URLSearchParams, nowMs: number): HouseAnswer {
    const symbol = query.get('instId')
    if (symbol === null) return refusal(400, '50014', 'Parameter instId can not be empty.')
    const teller = this.options.tellers.get(symbol)
    if (teller === undefined) return refusal(200, '51001', NO_INSTRUMENT)
    const { listed } = teller
    const at = { exchange: 'okx', market: this.options.market, symbol, atMs: nowMs }
    const limit = Math.min(HISTORY_MAX, Number(query.get('limit') ?? HISTORY_MAX))
    const [before, after] = [Number(query.get('before') ?? 0), Number(query.get('after') ?? nowMs + 1)]
    // What has an end pays no funding, and has no settlements to list.
    const times = listed.type === 'SWAP' ? settledTimes(nowMs, fundingHours(listed) * HOUR_MS) : []
    const told = times
      .filter((time) => time > before && time < after)
      .slice(0, limit)
      .map((time) => settlement(listed, time, at))
    const news = told.filter(({ json }) => !this.answered.has(json))
    for (const { json } of news) this.answered.add(json)
    return answerOf(
      told.map(({ json }) => json),
      news.map(({ content }) => content),
    )
  }

  /** What one thing may be asked for. */
  private budgetOf(thing: string, most: number): Budget {
    const budget = this.budgets.get(thing) ?? new Budget(most, WINDOW_MS)
    if (this.budgets.size < BUDGETS_MAX) this.budgets.set(thing, budget)
    return budget
  }
}

function interests(wide: WideTeller, nowMs: number): HouseAnswer {
  if (wide.type === 'SPOT') return refusal(400, '51000', 'Parameter instType error')
  const told = wide.tellers.map((teller) => teller.interest(`public/open-interest/${wide.type}`, nowMs))
  return answerOf(
    told.map(({ json }) => json),
    told.map(({ content }) => content),
  )
}

function settledTimes(nowMs: number, everyMs: number): number[] {
  const last = Math.floor(nowMs / everyMs) * everyMs
  return Array.from({ length: Math.floor(HISTORY_MS / everyMs) }, (_, i) => last - i * everyMs)
}

function answerOf(elements: readonly string[], contents: readonly EmissionContent[]): HouseAnswer {
  return { status: 200, body: `{"code":"0","msg":"","data":[${elements.join(',')}]}`, contents }
}

function refusal(status: number, code: string, msg: string): HouseAnswer {
  return { status, body: JSON.stringify({ code, msg, data: [] }), contents: [] }
}
