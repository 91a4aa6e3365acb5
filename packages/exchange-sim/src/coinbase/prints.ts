import { hashOf } from '../instruments.ts'
import { type Place, type Times, tradeContent } from '../stage/contents.ts'
import type { HouseMessage } from '../stage/house.ts'
import { advancedFrame, tradesEvent } from './advanced-dialect.ts'
import { matchText } from './exchange-dialect.ts'
import type { Past, Print } from './tape.ts'

/** What trades are in the words of both sockets. Trades of the past are contents only where they are news. */

/** From so many trades on a frame has two events. */
const TWO_EVENTS_FROM = 6

/** All trades of a product since the frame before, some newest first. */
export function tradesMessage(place: Place, prints: readonly Print[]): HouseMessage {
  const { symbol, atMs } = place
  const isNewestFirst = hashOf(`order ${symbol} ${atMs}`) % 2 === 0
  const half = prints.length < TWO_EVENTS_FROM ? prints.length : prints.length >> 1
  const events = [prints.slice(0, half), prints.slice(half)]
    .filter((part) => part.length > 0)
    .map((part) => tradesEvent('update', symbol, part, isNewestFirst))
  return advancedMessage(place, prints, events.join(','))
}

/** What a subscription begins with, newest first. */
export function pastTrades(place: Place, { prints, isNews }: Past): HouseMessage {
  return advancedMessage(place, isNews ? prints : [], tradesEvent('snapshot', place.symbol, prints, true))
}

function advancedMessage(place: Place, told: readonly Print[], events: string): HouseMessage {
  const { symbol, atMs } = place
  return {
    streamName: `market_trades:${symbol}`,
    kind: 'sequenced',
    contents: told.map((print) => contentOf(place, { sentMs: atMs }, print)),
    textFor: (peer) => advancedFrame(peer, 'market_trades', atMs, events),
  }
}

/** One trade of the Exchange socket as it is matched. */
export function matchMessage(place: Place, print: Print, sequence: number): HouseMessage {
  return exchangeMessage(place, [print], matchText('match', place.symbol, print, sequence))
}

/** The trade before a subscription. */
export function lastMatch(place: Place, { prints, isNews }: Past, sequence: number): HouseMessage {
  const last = prints.at(-1) as Print
  return exchangeMessage(place, isNews ? [last] : [], matchText('last_match', place.symbol, last, sequence))
}

function exchangeMessage(place: Place, told: readonly Print[], text: string): HouseMessage {
  return {
    streamName: `matches:${place.symbol}`,
    kind: 'sequenced',
    contents: told.map((print) => contentOf(place, {}, print)),
    textFor: () => text,
  }
}

function contentOf(place: Place, times: Times, { trade, price, quantity }: Print) {
  const { id, side, timeMs } = trade
  return tradeContent(
    place,
    { ...times, engineMs: timeMs },
    { id: String(id), first: id, last: id, side, price, quantity },
  )
}
