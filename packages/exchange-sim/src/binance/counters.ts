import type { FaultKind } from '../faults.ts'

/** What a simulator has done so far; numbers only grow. */
export interface SimCounters {
  /** Trades and diffs generated, sent or not. */
  generated: number
  /** Market-data frames handed to sockets, damaged ones and second copies included. */
  framesSent: number
  connections: number
  /** Faults that took place, by kind. */
  readonly faults: Record<FaultKind, number>
  /** Requests answered with an acknowledgement, and with an error. */
  controlAccepted: number
  controlRefused: number
  /** Text frames too long to be answered. */
  controlIgnored: number
  pingsSent: number
  pongTimeouts: number
  /** Connections closed for sending too many messages. */
  messageFloods: number
  /** Connections closed because they did not read. */
  slowConsumers: number
  handshakesRefused: number
  /** REST requests answered with 200, with 429 and with another status. */
  restAnswered: number
  restThrottled: number
  restRefused: number
}

export function createCounters(): SimCounters {
  return {
    generated: 0,
    framesSent: 0,
    connections: 0,
    faults: { gap: 0, duplicate: 0, disconnect: 0, malformed: 0 },
    controlAccepted: 0,
    controlRefused: 0,
    controlIgnored: 0,
    pingsSent: 0,
    pongTimeouts: 0,
    messageFloods: 0,
    slowConsumers: 0,
    handshakesRefused: 0,
    restAnswered: 0,
    restThrottled: 0,
    restRefused: 0,
  }
}
