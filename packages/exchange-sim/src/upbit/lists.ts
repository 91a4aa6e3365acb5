import type { EmissionContent } from '../emission-log.ts'
import { hashOf, type Instrument } from '../instruments.ts'
import { toldContent } from '../stage/contents.ts'
import type { HouseAnswer } from '../stage/house.ts'
import { errorText } from './dialect.ts'
import { DEPTH_MAX } from './images.ts'
import { RestGate, type Verdict } from './limits.ts'
import type { SymbolTeller } from './symbol.ts'

/**
 * The REST side: the list of markets, and books. Source: docs.upbit.com/kr v1.6.4, List trading pairs, List orderbooks;
 * Rate limits, read 2026-10-07.
 */

/** Name of the list among the adapter's streams. */
const STREAM = 'market/all'
const NO_SUCH: HouseAnswer = { status: 404, body: errorText(404, 'Code not found'), contents: [] }

/** Every so often a symbol's cautions are others; each symbol has a moment of its own. */
const CAUTION_MS = 20_000
const cautions = [
  'PRICE_FLUCTUATIONS',
  'TRADING_VOLUME_SOARING',
  'DEPOSIT_AMOUNT_SOARING',
  'GLOBAL_PRICE_DIFFERENCES',
  'CONCENTRATION_OF_SMALL_ACCOUNTS',
] as const

const koreanNames: ReadonlyMap<string, string> = new Map([
  ['BTC', '비트코인'],
  ['ETH', '이더리움'],
  ['XRP', '리플'],
])

/** Groups of requests by path. */
const groups: ReadonlyMap<string, 'market' | 'orderbook'> = new Map([
  ['/v1/market/all', 'market'],
  ['/v1/orderbook', 'orderbook'],
])

/** An element of an answer, and the event that it is. */
interface Told {
  readonly json: string
  readonly content: EmissionContent
}

/** Answers REST requests, all of which come from one address. */
export class RestDesk {
  private readonly tellers: ReadonlyMap<string, SymbolTeller>
  /** Each group of requests has a budget of its own. */
  private readonly gates = { market: new RestGate(), orderbook: new RestGate() }

  constructor(tellers: ReadonlyMap<string, SymbolTeller>) {
    this.tellers = tellers
  }

  /** Null where nothing of the exchange is. */
  answer(url: URL, nowMs: number): HouseAnswer | null {
    if (!url.pathname.startsWith('/v1/')) return null
    const group = groups.get(url.pathname)
    if (group === undefined) return NO_SUCH
    const verdict = this.gates[group].judge(nowMs)
    if (verdict.status !== 200) return refusal(verdict)
    const told =
      group === 'market' ? this.markets(url.searchParams, nowMs) : this.books(url.searchParams, nowMs)
    if (told === null) return NO_SUCH
    return {
      status: 200,
      body: `[${told.map(({ json }) => json).join(',')}]`,
      contents: told.map(({ content }) => content),
      // The minute's number never changes: it is there for old clients.
      headers: { 'remaining-req': `group=${group}; min=600; sec=${verdict.left}` },
    }
  }

  private markets(query: URLSearchParams, nowMs: number): Told[] {
    const isDetailed = (query.get('is_details') ?? query.get('isDetails')) === 'true'
    return [...this.tellers.values()].map(({ listing: { instrument } }) => {
      const json = entryJson(instrument, nowMs, isDetailed)
      return { json, content: instrumentContent(instrument, json, nowMs) }
    })
  }

  /** Null where one of the markets is none. */
  private books(query: URLSearchParams, nowMs: number): Told[] | null {
    const asked = Number(query.get('count') ?? DEPTH_MAX)
    const depth = asked >= 1 && asked <= DEPTH_MAX ? asked : DEPTH_MAX
    const tellers = (query.get('markets') ?? '').split(',').map((symbol) => this.tellers.get(symbol))
    if (!tellers.every((teller) => teller !== undefined)) return null
    return tellers.map((teller) => teller.answered(depth, nowMs))
  }
}

function refusal(verdict: Exclude<Verdict, { readonly status: 200 }>): HouseAnswer {
  const { status } = verdict
  const message =
    verdict.status === 418
      ? `Too many requests: blocked for ${Math.ceil(verdict.ms / 1000)} seconds`
      : 'Too many requests'
  return { status, body: errorText('too_many_requests', message), contents: [] }
}

/** A market of the list. It has neither a status nor steps: what changes are its warning and its cautions. */
function entryJson({ symbol, base }: Instrument, nowMs: number, isDetailed: boolean): string {
  const names = `"market":"${symbol}","korean_name":"${koreanNames.get(base) ?? base}","english_name":"${base}"`
  if (!isDetailed) return `{${names}}`
  const turn = Math.floor((nowMs + (hashOf(symbol) % CAUTION_MS)) / CAUTION_MS)
  const flags = cautions.map((name, index) => `"${name}":${turn % cautions.length === index}`)
  return `{${names},"market_event":{"warning":${turn % 9 === 8},"caution":{${flags.join(',')}}}}`
}

function instrumentContent({ symbol, base, quote }: Instrument, raw: string, atMs: number) {
  return toldContent(
    { exchange: 'upbit', market: 'spot', symbol, stream: STREAM, table: 'instruments', atMs },
    {},
    {
      base,
      quote,
      settle: null,
      type: 'spot',
      status: null,
      tick_size: null,
      lot_size: null,
      contract_size: null,
      contract_unit: null,
      listed_ts: null,
      expiry_ts: null,
      raw,
    },
  )
}
