import type { Market } from '@cryptoflow/model'
import { field, isObject, parseJson } from '../json.ts'
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
 * the form of the symbol tells linear from inverse; spot writes its symbols as linear does. Null: nothing tells, so of
 * options, spreads and old protocols, which every market reads as outside.
 */
export function hears(market: Market, url: string | null, frame: Uint8Array): boolean | null {
  const path = url === null ? undefined : URL.parse(url)?.pathname
  const category = CATEGORY.exec(path ?? '')?.[1]
  if (category !== undefined && markets.includes(category)) return category === market
  if (market === 'spot') return null
  const json = parseJson(frame)
  const topic = isObject(json) && outsideOf(json) === null ? field(json, 'topic') : undefined
  if (typeof topic !== 'string') return null
  const symbol = topic.slice(symbolStart(topic))
  if (isInverseForm(symbol)) return market === 'inverse'
  return isLinearForm(symbol) && market === 'inverse' ? false : null
}
