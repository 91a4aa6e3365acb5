import type { EmissionContent } from '../emission-log.ts'
import { fixedText } from '../fixed-text.ts'
import { hashOf } from '../instruments.ts'
import { type Place, toldContent } from '../stage/contents.ts'
import type { Listed } from './symbols.ts'

/** Every so often something about a symbol is another; each symbol has a moment of its own. */
const TURN_MS = 20_000
const TURNS = 5

/** What the list of instruments says of a symbol at a moment. */
export interface Entry {
  readonly listed: Listed
  /** `live`, or `suspend` while it cannot be traded. */
  readonly state: string
  /** Its JSON object. */
  readonly raw: string
}

/**
 * An instrument is suspended in every fifth turn, and one turn before that a change of its tick is announced. Trading
 * goes on: it is an announcement only.
 */
export function entryOf(listed: Listed, nowMs: number): Entry {
  const turn = Math.floor((nowMs + (hashOf(listed.instrument.symbol) % TURN_MS)) / TURN_MS)
  const state = turn % TURNS === TURNS - 1 ? 'suspend' : 'live'
  const changes = turn % TURNS === TURNS - 2 ? announced((turn + 2) * TURN_MS) : []
  return { listed, state, raw: rawOf(listed, state, changes) }
}

function announced(atMs: number): readonly object[] {
  return [{ param: 'tickSz', newValue: '0.0001', effTime: String(atMs) }]
}

/** Source: okx.com/docs-v5, "GET / Instruments", as of 2026-07-03. What does not apply is an empty text. */
function rawOf(listed: Listed, state: string, changes: readonly object[]): string {
  const { instrument, type, family, settle, contract, listedMs, expiryMs, market } = listed
  const isSpot = type === 'SPOT'
  return JSON.stringify({
    alias: type === 'FUTURES' ? 'quarter' : '',
    baseCcy: isSpot ? instrument.base : '',
    category: '1',
    contTdSwTime: '',
    ctMult: contract?.factor ?? '',
    ctType: isSpot ? '' : market,
    ctVal: contract?.value ?? '',
    ctValCcy: contract?.unit ?? '',
    expTime: expiryMs === null ? '' : String(expiryMs),
    futureSettlement: false,
    groupId: '1',
    instCategory: '1',
    instFamily: family,
    instId: instrument.symbol,
    instIdCode: hashOf(instrument.symbol) % 1_000_000,
    instType: type,
    lever: '100',
    listTime: String(listedMs),
    lotSz: lotStep(listed),
    minSz: lotStep(listed),
    optType: '',
    quoteCcy: isSpot ? instrument.quote : '',
    ruleType: 'normal',
    settleCcy: settle,
    state,
    stk: '',
    tickSz: tickStep(listed),
    uly: family.replace(/_.*$/, ''),
    upcChg: changes,
  })
}

function tickStep({ instrument: { priceDigits } }: Listed): string {
  return fixedText(1, priceDigits, priceDigits)
}

function lotStep({ instrument: { quantityDigits } }: Listed): string {
  return fixedText(1, quantityDigits, quantityDigits)
}

/** The row of an entry. */
export function instrumentContent(
  place: Omit<Place, 'symbol' | 'table'>,
  { listed, state, raw }: Entry,
): EmissionContent {
  const { instrument, type, settle, contract, listedMs, expiryMs } = listed
  const types = { SPOT: 'spot', SWAP: 'perpetual', FUTURES: 'future' } as const
  return toldContent(
    { ...place, symbol: instrument.symbol, table: 'instruments' },
    {},
    {
      base: instrument.base,
      quote: instrument.quote,
      settle: settle === '' ? null : settle,
      type: types[type],
      status: state,
      tick_size: tickStep(listed),
      lot_size: lotStep(listed),
      contract_size: contract?.worth ?? null,
      contract_unit: contract?.unit ?? null,
      listed_ts: `${listedMs}000`,
      expiry_ts: expiryMs === null ? null : `${expiryMs}000`,
      raw,
    },
  )
}
