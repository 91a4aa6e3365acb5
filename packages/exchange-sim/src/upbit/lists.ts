import { hashOf, type Instrument } from '../instruments.ts'
import { toldContent } from '../stage/contents.ts'
import type { HouseAnswer } from '../stage/house.ts'
import { errorText } from './dialect.ts'
import { RestGate, type Verdict } from './limits.ts'

/**
 * The REST side: the list of markets. Source: docs.upbit.com/kr v1.6.4, List trading pairs; Rate limits, read
 * 2026-10-07.
 */

/** Name of the list among the adapter's streams. */
const STREAM = 'market/all'
const MARKETS_PATH = '/v1/market/all'
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

/** Answers REST requests, all of which come from one address. */
export class ListDesk {
  private readonly instruments: readonly Instrument[]
  private readonly gate = new RestGate()

  constructor(instruments: readonly Instrument[]) {
    this.instruments = instruments
  }

  /** Null where nothing of the exchange is. */
  answer(url: URL, nowMs: number): HouseAnswer | null {
    if (!url.pathname.startsWith('/v1/')) return null
    if (url.pathname !== MARKETS_PATH) return NO_SUCH
    const verdict = this.gate.judge(nowMs)
    if (verdict.status !== 200) return refusal(verdict)
    const isDetailed = (url.searchParams.get('is_details') ?? url.searchParams.get('isDetails')) === 'true'
    const rows = this.instruments.map((instrument) => ({
      instrument,
      raw: entryJson(instrument, nowMs, isDetailed),
    }))
    return {
      status: 200,
      body: `[${rows.map(({ raw }) => raw).join(',')}]`,
      contents: rows.map(({ instrument, raw }) => instrumentContent(instrument, raw, nowMs)),
      // The minute's number never changes: it is there for old clients.
      headers: { 'remaining-req': `group=market; min=600; sec=${verdict.left}` },
    }
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
