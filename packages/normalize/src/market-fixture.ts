import {
  type BookChecksum,
  type BookTop,
  decimalText,
  type ExchangeMarket,
  type Follows,
  type Market,
  type RestBookRule,
  type StreamBookRule,
  type StreamSpec,
  type TopSide,
} from '@cryptoflow/model'
import type { Level } from './lane-fixture.ts'

/** For tests: markets of two exchanges with a stream of every kind. */

/** Binance spot's rule: ids inside and between deltas are dense. */
export const denseRule: RestBookRule = {
  origin: 'rest',
  joins: (snapshotSeq, first, last) =>
    last <= snapshotSeq ? 'stale' : first <= snapshotSeq + 1 ? 'next' : 'gap',
  follows: (last, first, nextLast) => (nextLast <= last ? 'stale' : first <= last + 1 ? 'next' : 'gap'),
}

/** The rule of exchanges that name the sequence before. */
export const chainedRule: RestBookRule = {
  origin: 'rest',
  joins: (snapshotSeq, first, last, prev) =>
    last < snapshotSeq ? 'stale' : first <= snapshotSeq || prev === snapshotSeq ? 'next' : 'gap',
  follows: (last, _first, nextLast, prev) => (prev === last ? 'next' : nextLast <= last ? 'stale' : 'gap'),
}

/** The rule of numbers that only grow. */
export const growingRule: Follows = (last, _first, nextLast) => (nextLast > last ? 'next' : 'stale')

/** Numbers that a message names along with the one before may also fall. */
const linkedRule: Follows = (last, _first, nextLast, prev) =>
  prev === last ? 'next' : nextLast <= last ? 'stale' : 'gap'

/** Dense numbers that begin anew at 1. */
const renewedRule: Follows = (last, first, nextLast, prev) =>
  nextLast === 1 && last > 1 ? 'gap' : denseRule.follows(last, first, nextLast, prev)

/** Of the best three levels a side: a number that any other price, quantity or writing changes. */
export const fakeChecksum: BookChecksum = { depth: 3, of: checksumOf }

const TEXTS_MODULUS = 1_000_003

function checksumOf({ asks, bids, priceScale }: BookTop): number {
  const text = `${sideText(asks)}|${sideText(bids)}${priceScale < 0 ? '' : priceScale}`
  let sum = 7
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % TEXTS_MODULUS
  return sum
}

function sideText({ count, price, quantity }: TopSide): string {
  const texts: string[] = []
  for (let i = 0; i < count; i++) {
    for (const column of [price, quantity]) {
      texts.push(decimalText(column.mantissa(i) as bigint, column.scales[i] as number))
    }
  }
  return texts.join(' ')
}

/** The same from levels as texts, best first. */
export function checksumOfLevels(levels: readonly Level[], digits = ''): number {
  const side = (name: 'bid' | 'ask'): string =>
    levels
      .filter(([own]) => own === name)
      .slice(0, 3)
      .map(([, price, quantity]) => `${price} ${quantity}`)
      .join(' ')
  const text = `${side('ask')}|${side('bid')}${digits}`
  let sum = 7
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % TEXTS_MODULUS
  return sum
}

const inStream = { origin: 'stream', follows: null, depths: null, checksum: null } as const
/** By market of the exchange `other`: how its books go on. */
export const streamBookRules: Readonly<Record<Market, StreamBookRule>> = {
  spot: { ...inStream, depths: [4, 8], checksum: fakeChecksum },
  linear: { ...inStream, follows: denseRule.follows, joins: denseRule.joins },
  inverse: inStream,
}

const carried = {
  scope: 'symbol',
  route: 'all',
  within: null,
  idWindow: 0,
  book: null,
  poll: null,
} as const
const marketWide = { ...carried, scope: 'market' } as const
const poll = { everyMs: 60_000, request: () => ({ path: '/', weight: 1 }) }
const asked = { follows: null, book: null, route: null, within: null, idWindow: 0 } as const

function streamsOf(market: Market): StreamSpec[] {
  const delta = market === 'spot' ? 'spot_delta' : 'futures_delta'
  const image = market === 'spot' ? 'spot_ob' : 'futures_ob'
  return [
    { ...carried, name: 'trade', table: 'ticks', follows: denseRule.follows },
    { ...carried, name: 'aggregate', table: 'ticks', follows: denseRule.follows },
    { ...carried, name: 'depth', table: delta, follows: denseRule.follows, book: denseRule },
    { ...carried, name: 'chained', table: delta, follows: chainedRule.follows, book: chainedRule },
    { ...carried, name: 'plain', table: 'ticks', follows: null },
    { ...carried, name: 'quote', table: 'bbo', follows: growingRule },
    { ...carried, name: 'image', table: image, follows: growingRule },
    { ...carried, name: 'funding', table: 'funding', follows: null },
    { ...carried, name: 'liquidation', table: 'liquidations', follows: null },
    { ...marketWide, name: '!quote', table: 'bbo', follows: growingRule },
    { ...marketWide, name: '!funding', table: 'funding', follows: null },
    { ...marketWide, name: '!liquidation', table: 'liquidations', follows: null },
    { ...asked, name: 'trades', table: 'ticks', scope: 'symbol', poll: null },
    { ...asked, name: 'openInterest', table: 'open_interest', scope: 'symbol', poll },
    { ...asked, name: 'rates', table: 'funding', scope: 'market', poll },
    { ...asked, name: 'instrument', table: 'instruments', scope: 'market', poll },
    { ...asked, name: 'numbered', table: 'ticks', scope: 'symbol', poll, follows: denseRule.follows },
  ]
}

/** An exchange whose books begin in their streams: with a checksum, with a sequence, and with neither. */
function otherStreamsOf(market: Market): StreamSpec[] {
  const delta = market === 'spot' ? 'spot_delta' : 'futures_delta'
  const image = market === 'spot' ? 'spot_ob' : 'futures_ob'
  const linked = { ...inStream, follows: linkedRule }
  const cut = { ...streamBookRules.linear, depths: [2] }
  return [
    { ...carried, name: 'depth', table: delta, follows: null, book: streamBookRules[market] },
    { ...carried, name: 'linked', table: delta, follows: linkedRule, book: linked },
    { ...carried, name: 'cut', table: delta, follows: denseRule.follows, book: cut },
    { ...carried, name: 'trade', table: 'ticks', follows: null, idWindow: 4 },
    { ...carried, name: 'numbered', table: 'ticks', follows: denseRule.follows, idWindow: 4 },
    { ...carried, name: 'renewed', table: 'ticks', follows: renewedRule },
    { ...carried, name: 'quote', table: 'bbo', follows: growingRule },
    { ...carried, name: 'within', table: 'liquidations', within: 'trade', follows: null },
    { ...carried, name: 'whole', table: image, follows: null, changes: delta },
    { ...asked, name: 'instrument', table: 'instruments', scope: 'market', poll },
    { ...asked, name: 'told', table: 'ticks', scope: 'symbol', poll, idWindow: 4 },
  ]
}

export type FakeExchange = 'fake' | 'other'

function makeMarket(market: Market, exchange: FakeExchange = 'fake'): ExchangeMarket {
  return {
    exchange,
    market,
    aliases: [],
    decoderVersion: 'fake-1',
    quantityUnit: market === 'inverse' ? 'contracts' : 'base',
    session: undefined as never,
    streams: exchange === 'fake' ? streamsOf(market) : otherStreamsOf(market),
    collectors: {},
    decodeFrame: () => ({ kind: 'heartbeat' }),
    decodeAnswer: () => ({ kind: 'heartbeat' }),
    recognise: () => null,
    hears: () => null,
    symbolMeant: () => null,
  }
}

export const fakeMarkets = {
  spot: makeMarket('spot'),
  linear: makeMarket('linear'),
  inverse: makeMarket('inverse'),
} as const

export const otherMarkets = {
  spot: makeMarket('spot', 'other'),
  linear: makeMarket('linear', 'other'),
  inverse: makeMarket('inverse', 'other'),
} as const

export const fakeMarket = fakeMarkets.spot
