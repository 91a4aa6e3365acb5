import type { ExchangeMarket, Subscription } from '@cryptoflow/model'
import type { ConnectionPlan } from './intake.ts'

/** Spreads streams over as few connections as the exchange's limit allows, a symbol's streams side by side. */
export function planConnections(
  market: ExchangeMarket,
  symbols: readonly string[],
  streams: readonly string[],
): ConnectionPlan[] {
  const all: Subscription[] = symbols.flatMap((symbol) => streams.map((stream) => ({ symbol, stream })))
  const most = market.session.streamsPerConnectionMax.value
  const plans: ConnectionPlan[] = []
  for (let i = 0; i < all.length; i += most) {
    plans.push({ exchange: market.exchange, market: market.market, subscriptions: all.slice(i, i + most) })
  }
  return plans
}

/**
 * The subscribe frames of a connection, each within the exchange's frame size. Ids are 1, 2, ...
 *
 * A frame that is one byte too long gets no answer at all from some exchanges, so the size is checked on the
 * encoded text and not estimated.
 */
export function subscribeFrames(market: ExchangeMarket, subscriptions: readonly Subscription[]): string[] {
  const names = subscriptions.map(({ stream, symbol }) => market.session.streamName(stream, symbol))
  const bytesMax = market.session.subscribeFrameBytesMax.value
  const frames: string[] = []
  let chunk: string[] = []
  for (const name of names) {
    const longer = [...chunk, name]
    const size = Buffer.byteLength(market.session.subscribeFrame(longer, frames.length + 1))
    if (chunk.length > 0 && size > bytesMax) {
      frames.push(market.session.subscribeFrame(chunk, frames.length + 1))
      chunk = [name]
    } else {
      chunk = longer
    }
  }
  if (chunk.length > 0) frames.push(market.session.subscribeFrame(chunk, frames.length + 1))
  return frames
}
