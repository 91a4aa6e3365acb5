import type { ExchangeMarket } from '@cryptoflow/model'
import { WebSocket } from 'ws'

/** Share of the exchange's message rate that we use: pings and pongs count there, too. */
const MESSAGE_RATE_SHARE = 0.4

/** What we say on one connection, at our share of the exchange's message rate. */
export interface Sender {
  /** Puts a text in line; `sent` is called at the moment when it goes out. */
  send(text: string, sent?: () => void): void
  /** Puts a ping at the head of the line, a text or (null) a protocol ping, unless one waits there already. */
  ping(text: string | null): void
}

interface Waiting {
  readonly text: string | null
  readonly isPing: boolean
  readonly sent: () => void
}

/** Distance of two messages to the exchange, milliseconds. */
export function paceMs(market: ExchangeMarket): number {
  return 1000 / (market.session.messagesPerSecondMax.value * MESSAGE_RATE_SHARE)
}

/** Sends what is put in line one by one, at least `everyMs` apart, while the socket is open. */
export function pacedSender(
  socket: Pick<WebSocket, 'readyState' | 'send' | 'ping'>,
  everyMs: number,
  after: (ms: number, callback: () => void) => void,
): Sender {
  const line: Waiting[] = []
  let isResting = false

  const next = (): void => {
    if (isResting || socket.readyState !== WebSocket.OPEN) return
    const message = line.shift()
    if (message === undefined) return
    isResting = true
    message.sent()
    if (message.text === null) socket.ping()
    else socket.send(message.text)
    after(everyMs, () => {
      isResting = false
      next()
    })
  }
  return {
    send(text, sent = () => {}) {
      line.push({ text, isPing: false, sent })
      next()
    },
    ping(text) {
      if (line[0]?.isPing === true) return
      line.unshift({ text, isPing: true, sent: () => {} })
      next()
    },
  }
}
