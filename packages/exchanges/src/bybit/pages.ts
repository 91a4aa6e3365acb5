import { field, isArray, isObject, parseJson } from '../json.ts'

/**
 * The token to ask for the next page with; null behind the last. It is set where nothing follows, too: then the page
 * after it has no rows.
 *
 * Source: bybit-exchange/docs 2026-07-24, v5/market/instrument.
 */
export function nextCursor(body: Uint8Array): string | null {
  const json = parseJson(body)
  const result = isObject(json) ? field(json, 'result') : undefined
  if (!isObject(result)) return null
  const list = field(result, 'list')
  const cursor = field(result, 'nextPageCursor')
  const hasRows = isArray(list) && list.length > 0
  return hasRows && typeof cursor === 'string' && cursor !== '' ? cursor : null
}
