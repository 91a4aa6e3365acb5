/** Channels as the exchange writes them, without their symbol. */
export const channels = {
  trade: 'trade',
  depth100ms: 'depth@100ms',
  depth: 'depth',
  quote: 'bookTicker',
} as const

const encoder = new TextEncoder()

/** The same as bytes, so that the fast path interns them without making a string. */
export const channelBytes = {
  trade: encoder.encode(channels.trade),
  depth100ms: encoder.encode(channels.depth100ms),
  depth: encoder.encode(channels.depth),
  quote: encoder.encode(channels.quote),
} as const
