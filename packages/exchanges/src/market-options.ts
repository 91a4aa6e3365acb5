/** How to reach a market other than by the exchange's usual addresses, and what to ask of it. */
export interface MarketOptions {
  /** Scheme, host and port of its websocket, without a path: a simulator, or its market-data-only hosts. */
  readonly wsUrl?: string
  readonly restUrl?: string
  /** Paths by route, where they are not those that the adapter knows; a route with a host of its own takes a whole address. */
  readonly paths?: Readonly<Record<string, string>>
  /** Levels a side of subscribed books, where the subscriber chooses and the stream's name does not say it. */
  readonly bookDepth?: number
  /** Levels a side that are asked for where books are polled by REST; the least offered that holds as many is. */
  readonly bookPollDepth?: number
}
