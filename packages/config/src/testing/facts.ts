import type { MarketFact, MarketFacts } from '../facts.ts'

const channel = (name: string, table: string, isPolled = false, scope: 'symbol' | 'market' = 'symbol') => ({
  name,
  table,
  scope,
  isPolled,
  carrier: name,
  remembersIds: false,
})

const shared = {
  quantityUnit: 'base',
  addressRoutes: [],
  bookDepths: [],
  bookPoll: null,
  streamsPerConnectionMax: 1024,
  connectsPerFiveMinutesMax: 300,
  symbolMeant: (symbol: string): string | null => {
    const meant = symbol.replace(/[^\p{L}\p{N}_]/gu, '').toUpperCase()
    return meant === symbol ? null : meant
  },
} as const

const spot: MarketFact = {
  exchange: 'binance',
  market: 'spot',
  tables: {
    ticks: ['trade'],
    spot_delta: ['depth@100ms'],
    spot_ob: ['depth@100ms'],
    bbo: ['bookTicker'],
    instruments: ['exchangeInfo'],
  },
  channels: [
    channel('trade', 'ticks'),
    channel('aggTrade', 'ticks'),
    channel('depth@100ms', 'spot_delta'),
    channel('depth', 'spot_delta'),
    channel('bookTicker', 'bbo'),
    channel('depth@rest', 'spot_ob', true),
    channel('exchangeInfo', 'instruments', true, 'market'),
  ],
  routes: ['stream'],
  ...shared,
  bookPoll: { name: 'depth@rest', table: 'spot_ob', levelsMax: 5000 },
}

const linear: MarketFact = {
  exchange: 'binance',
  market: 'linear',
  tables: {
    ticks: ['aggTrade'],
    futures_delta: ['depth@100ms'],
    futures_ob: ['depth@100ms'],
    bbo: ['bookTicker'],
    liquidations: ['forceOrder'],
    funding: ['markPrice@1s', 'fundingInfo'],
    open_interest: ['openInterest'],
    instruments: ['exchangeInfo'],
  },
  channels: [
    channel('trade', 'ticks'),
    channel('aggTrade', 'ticks'),
    channel('depth@100ms', 'futures_delta'),
    channel('bookTicker', 'bbo'),
    channel('markPrice@1s', 'funding'),
    channel('forceOrder', 'liquidations'),
    channel('!forceOrder@arr', 'liquidations', false, 'market'),
    channel('fundingInfo', 'funding', true, 'market'),
    channel('openInterest', 'open_interest', true),
    channel('exchangeInfo', 'instruments', true, 'market'),
  ],
  routes: ['public', 'market'],
  ...shared,
}

/** Facts in the shape of two real markets. */
export const facts: MarketFacts = [spot, linear]
