import { type FaultKind, faultKinds, silentFaultKinds } from './faults.ts'

const kinds: readonly FaultKind[] = [...faultKinds, ...silentFaultKinds]

/** What a simulator has done so far, all markets together; numbers only grow. */
export interface SimCounters {
  /** Events of streams that were generated and logged, sent or not. REST answers are counted below. */
  generated: number
  /** Market-data frames handed to sockets, damaged ones and second copies included. */
  framesSent: number
  connections: number
  /** Faults that took place, by kind. */
  readonly faults: Record<FaultKind, number>
  /** Connections closed by a fault. */
  cutConnections: number
  /** Requests answered with an acknowledgement, and with an error. */
  controlAccepted: number
  controlRefused: number
  /** Text frames too long to be answered. */
  controlIgnored: number
  pingsSent: number
  /** Pings of the protocol that clients of houses sent. */
  pingsHeard: number
  pongTimeouts: number
  /** Connections closed for sending too many messages. */
  messageFloods: number
  /** Connections closed because they did not read. */
  slowConsumers: number
  /** Connections closed because they were too old, and how many were told so before. */
  expiredConnections: number
  shutdownNotices: number
  handshakesRefused: number
  /** REST requests answered with 200, with 429, with 418 and with another status. */
  restAnswered: number
  restThrottled: number
  restBanned: number
  restRefused: number
}

export function createCounters(): SimCounters {
  return {
    generated: 0,
    framesSent: 0,
    connections: 0,
    faults: Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<FaultKind, number>,
    cutConnections: 0,
    controlAccepted: 0,
    controlRefused: 0,
    controlIgnored: 0,
    pingsSent: 0,
    pingsHeard: 0,
    pongTimeouts: 0,
    messageFloods: 0,
    slowConsumers: 0,
    expiredConnections: 0,
    shutdownNotices: 0,
    handshakesRefused: 0,
    restAnswered: 0,
    restThrottled: 0,
    restBanned: 0,
    restRefused: 0,
  }
}

/** Both together. */
export function sumOf(a: Readonly<SimCounters>, b: Readonly<SimCounters>): SimCounters {
  const faults = kinds.map((kind) => [kind, a.faults[kind] + b.faults[kind]])
  const numbers = Object.entries(a).flatMap(([name, value]) =>
    typeof value === 'number' ? [[name, value + (b[name as keyof SimCounters] as number)]] : [],
  )
  return { ...Object.fromEntries(numbers), faults: Object.fromEntries(faults) } as SimCounters
}
