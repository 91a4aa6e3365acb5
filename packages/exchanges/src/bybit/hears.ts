import type { Market } from '@cryptoflow/model'
import { field, isObject, type JsonObject, parseJson } from '../json.ts'
import { outsideOf, symbolStart } from './outside.ts'
import { isInverseForm, isLinearForm } from './symbols.ts'

/**
 * Whose frame it is that somebody recorded under no market's name: all markets write alike, each on a socket of its
 * own. Source: bybit-exchange/docs 2026-07-24, v5/ws/connect.
 */

const CATEGORY = /\/v5\/public\/(\w+)\/?$/
const markets: readonly string[] = ['spot', 'linear', 'inverse']

/**
 * Whether a recorded frame is this market's: told by the path of its address, which names the category. Without one
 * the order of its keys tells spot from contracts, and the form of the symbol linear from inverse. Null: nothing tells,
 * so of options, spreads and old protocols, which every market reads as outside.
 */
export function hears(market: Market, url: string | null, frame: Uint8Array): boolean | null {
  const path = url === null ? undefined : URL.parse(url)?.pathname
  const category = CATEGORY.exec(path ?? '')?.[1]
  if (category !== undefined && markets.includes(category)) return category === market
  const json = parseJson(frame)
  const topic = isObject(json) && outsideOf(json) === null ? field(json, 'topic') : undefined
  if (!isObject(json) || typeof topic !== 'string') return null
  const isSpot = isSpotOrder(json)
  if (isSpot === true || market === 'spot') return isSpot === null ? null : isSpot === (market === 'spot')
  const symbol = topic.slice(symbolStart(topic))
  if (isInverseForm(symbol)) return market === 'inverse'
  if (!isLinearForm(symbol)) return null
  if (market === 'inverse') return false
  return isSpot === null ? null : true
}

/**
 * Whether the two keys that all messages have stand as spot writes them, `ts` before `type`; contracts write `type`
 * first. Null where one of them is missing. In no document but for its examples; observed in recordings of all markets.
 */
function isSpotOrder(json: JsonObject): boolean | null {
  const keys = Object.keys(json)
  const [ts, type] = [keys.indexOf('ts'), keys.indexOf('type')]
  return ts < 0 || type < 0 ? null : ts < type
}
