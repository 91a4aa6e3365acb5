/** Other addresses to talk to than the exchange's usual ones: a simulator, or its market-data-only hosts. */
export interface MarketUrls {
  readonly wsUrl?: string
  readonly restUrl?: string
}
