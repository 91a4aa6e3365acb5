export { binanceInverse, binanceLinear, binanceSpot } from './binance/index.ts'
export type { MarketOptions } from './market-options.ts'
export { exchangeMarkets, findMarket, hasMarket } from './registry.ts'
