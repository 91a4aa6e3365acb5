import type { ExchangeMarket } from '@cryptoflow/model'
import { WebSocket } from 'ws'

/** Share of the exchange's message rate that we use: pings and pongs count there, too. */
const MESSAGE_RATE_SHARE = 0.4

/** Distance of two messages to the exchange, milliseconds. */
export function paceMs(market: ExchangeMarket): number {
  return 1000 / (market.session.messagesPerSecondMax.value * MESSAGE_RATE_SHARE)
}

/** Sends the subscribe frames one by one, ids from 1. */
export function sendPaced(
  socket: WebSocket,
  frames: readonly string[],
  everyMs: number,
  after: (ms: number, callback: () => void) => void,
  sent: (id: number) => void,
): void {
  const send = (index: number): void => {
    const frame = frames[index]
    if (frame === undefined || socket.readyState !== WebSocket.OPEN) return
    sent(index + 1)
    socket.send(frame)
    after(everyMs, () => send(index + 1))
  }
  send(0)
}
