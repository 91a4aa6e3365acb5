import type { Market as MarketName } from '@cryptoflow/model'
import { Flow, type FlowMessage, type FlowOptions } from '../binance/flow.ts'
import { streamsOf } from '../binance/streams.ts'
import { wireName } from '../binance/text.ts'

export const START_MS = 1_700_000_000_000

/** Every kind of symbol in all three markets. */
export const flowOptions: FlowOptions = {
  markets: [
    { market: 'spot', symbols: ['BTCUSDT', 'ETHBTC'] },
    { market: 'linear', symbols: ['BTCUSDT', 'ETHUSDT', 'TSLAUSDT', 'BTCUSDT_261225'] },
    { market: 'inverse', symbols: ['BTCUSD_PERP', 'BTCUSD_261225'] },
  ],
  seed: 11,
  startMs: START_MS,
  tradesPerSecond: 10,
  levelsPerDiff: 10,
  liquidationsPerMinute: 60,
}

/** Names of all streams that the options' markets have. */
export function allStreams(options: Pick<FlowOptions, 'markets'>): [MarketName, string][] {
  return options.markets.flatMap(({ market, symbols }) =>
    streamsOf(market).flatMap(({ name, scope }): [MarketName, string][] =>
      scope === 'market' ? [[market, name]] : symbols.map((symbol) => [market, wireName(symbol, name)]),
    ),
  )
}

export function openAll(flow: Flow, options: Pick<FlowOptions, 'markets'>): Flow {
  for (const [market, name] of allStreams(options)) flow.open(market, name)
  return flow
}

/** Everything that all streams tell within so many milliseconds. */
export function flowTo(untilMs: number, stepMs = 10, options = flowOptions): FlowMessage[] {
  const flow = openAll(new Flow(options), options)
  const messages: FlowMessage[] = []
  for (let ms = 0; ms <= untilMs; ms += stepMs) {
    flow.advance(START_MS + ms, (message) => messages.push(message))
  }
  return messages
}

/** A message as plain data. */
export function plainOf({ market, streamName, text, contents, kind }: FlowMessage) {
  return { market, streamName, text: text.of(1), contents, kind }
}

// biome-ignore lint/suspicious/noExplicitAny: wire messages have any shape, and tests say which
export type Json = Record<string, any>

/** Messages of one stream of a market, parsed. */
export function parsedOf(messages: readonly FlowMessage[], market: MarketName, streamName: string) {
  return messages
    .filter((message) => message.market === market && message.streamName === streamName)
    .map((message) => JSON.parse(message.text.of(1)) as Json)
}
