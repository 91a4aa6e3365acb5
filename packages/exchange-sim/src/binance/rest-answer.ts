import type { Market as MarketName } from '@cryptoflow/model'
import type { EmissionContent } from '../emission-log.ts'
import type { FaultKind } from '../faults.ts'
import type { Flow } from './flow.ts'
import type { BinanceLimits } from './limits.ts'
import type { Listing } from './listing.ts'

/** An answer before it is sent. */
export interface RestAnswer {
  readonly status: number
  /** JSON. */
  readonly body: string
  readonly weight: number
  /** Events that it carries, to be logged when it has ended. */
  readonly contents: readonly EmissionContent[]
  readonly fault: FaultKind | null
}

/** What answers are made of. */
export interface RestWorld {
  readonly market: MarketName
  readonly flow: Flow
  readonly limits: BinanceLimits
}

export function plain(weight: number, body: string, contents: readonly EmissionContent[] = []): RestAnswer {
  return { status: 200, body, weight, contents, fault: null }
}

export function refused(code: number, msg: string): RestAnswer {
  return { status: 400, body: JSON.stringify({ code, msg }), weight: 1, contents: [], fault: null }
}

export const notFound: RestAnswer = { status: 404, body: '{}', weight: 1, contents: [], fault: null }

/** The symbol that a request names; a refusal when it names none or one that is not traded. */
export function symbolOf(query: URLSearchParams, { flow, market }: RestWorld): Listing | RestAnswer {
  const symbol = query.get('symbol')
  if (symbol === null || symbol === '') {
    return refused(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
  }
  return flow.listing(market, symbol) ?? refused(-1121, 'Invalid symbol.')
}

export function isRefusal(found: Listing | number | null | RestAnswer): found is RestAnswer {
  return typeof found === 'object' && found !== null && 'weight' in found
}

/** A whole number of the query, null when it is not there; a refusal when it is no such number. */
export function numberOf(query: URLSearchParams, name: string): number | null | RestAnswer {
  const text = query.get(name)
  if (text === null) return null
  if (/^[0-9]{1,20}$/.test(text)) return Number(text)
  const msg = `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`
  return refused(-1100, msg)
}
