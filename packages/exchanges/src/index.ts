export { binanceSpot } from './binance/index.ts'
export { exchangeMarkets, findMarket, hasMarket } from './registry.ts'
export type { MarketUrls } from './urls.ts'
