import type { Ack, Refusal, SessionSpec } from '@cryptoflow/model'
import type { StreamRequest } from './wire.ts'

/** `first`: subscribes on a new connection; `end`, `again`: the two halves of a subscription that is renewed. */
export type RequestKind = 'first' | 'end' | 'again'

/**
 * What a refusal means. `none`: nothing that is asked for. `all`: the request is lost. `renewal`: a subscription could
 * not be renewed. `some`: these names are refused, and the request must be sent again for the names in `again`.
 */
export type Verdict =
  | { readonly kind: 'none' | 'all' | 'renewal' }
  | { readonly kind: 'some'; readonly refused: readonly string[]; readonly again: readonly string[] }

/** The requests of a connection that wait for their answer. */
export interface Requests {
  /** How many of the first subscriptions wait, sent or not. */
  readonly firstsWaiting: number
  /** How many of any kind wait. */
  readonly waiting: number
  /** Names that are subscribed or asked for, and not refused. */
  readonly standing: ReadonlySet<string>
  add(kind: RequestKind, request: StreamRequest): void
  /** It went out; an answer to what did not is none. */
  sent(id: number): void
  ack(ack: Ack): void
  /** The first data of a wire name; counts where only data confirms. */
  heard(kind: 'first' | 'again', name: string): void
  refuse(refusal: Refusal): Verdict
  /** Nobody waits for this answer any more; false when it is there. */
  expire(id: number): boolean
}

interface Waiting {
  readonly kind: RequestKind
  readonly id: number
  /** Names whose answer is missing. */
  readonly names: Set<string>
  isSent: boolean
}

/**
 * Knows what answers mean, by the exchange's way to confirm: `frame`, the request of that id is answered; `stream`,
 * the streams that the answer names; `data`, a stream by its first message. Unknown ids, unknown streams, second
 * answers and answers before the question mean nothing.
 */
export function requestsOf(
  confirms: SessionSpec['confirms'],
  names: Iterable<string>,
  answered: (kind: RequestKind, names: readonly string[]) => void,
): Requests {
  const standing = new Set(names)
  const refused = new Set<string>()
  const waiting = new Map<number, Waiting & { readonly all: readonly string[] }>()

  const settle = (id: number): void => {
    const request = waiting.get(id)
    if (request === undefined) return
    waiting.delete(id)
    answered(request.kind, request.all)
  }
  const confirm = (requests: readonly Waiting[], name: string): void => {
    for (const { id, names: left } of requests) if (left.delete(name) && left.size === 0) settle(id)
  }
  const sentOf = (kind: RequestKind): Waiting[] =>
    [...waiting.values()].filter((request) => request.isSent && request.kind === kind)
  const isUnasked = (name: string): boolean =>
    [...waiting.values()].some(
      ({ kind, names: left, isSent }) => kind === 'first' && !isSent && left.has(name),
    )
  const isRenewed = (name: string): boolean =>
    [...waiting.values()].some(({ kind, names: left }) => kind !== 'first' && left.has(name))
  const sentWith = (id: number | null): Waiting | undefined =>
    [...waiting.values()].find((request) => request.isSent && request.id === id)

  /** The whole request, or something that we did not ask for. */
  const refuseAll = ({ id, streams = [] }: Refusal): Verdict => {
    const request = sentWith(id)
    const isForeign = streams.length > 0 && request === undefined
    if (isForeign || streams.some((name) => refused.has(name))) return { kind: 'none' }
    return { kind: request === undefined || request.kind === 'first' ? 'all' : 'renewal' }
  }
  const refuseSome = (id: number | null, ours: readonly string[]): Verdict => {
    const holders = sentOf('first').filter((request) => ours.some((name) => request.names.has(name)))
    const request = holders.find((holder) => holder.id === id) ?? holders[0]
    for (const name of ours) {
      standing.delete(name)
      refused.add(name)
      for (const holder of holders) holder.names.delete(name)
    }
    // Where one answer speaks for the frame, a refused stream took the others with it.
    const again = confirms === 'frame' && request !== undefined ? [...request.names] : []
    if (again.length > 0) waiting.delete((request as Waiting).id)
    for (const { id: empty, names: left } of holders) if (left.size === 0) waiting.delete(empty)
    return { kind: 'some', refused: ours, again }
  }
  return {
    get firstsWaiting() {
      return [...waiting.values()].filter(({ kind }) => kind === 'first').length
    },
    get waiting() {
      return waiting.size
    },
    standing,
    add(kind, { id, names: all }) {
      waiting.set(id, { kind, id, all, names: new Set(all), isSent: false })
    },
    sent(id) {
      const request = waiting.get(id)
      if (request !== undefined) request.isSent = true
    },
    ack({ id, streams = [] }) {
      if (confirms === 'frame' && sentWith(id) !== undefined) settle(id as number)
      if (confirms !== 'stream') return
      // Where ids are named, they tell the end of a subscription, which names the stream too, from its new beginning.
      const renewals = sentOf('again').filter((request) => id === null || request.id === id)
      for (const name of streams) confirm([...sentOf('first'), ...renewals], name)
    },
    heard(kind, name) {
      if (confirms === 'data') confirm(sentOf(kind), name)
    },
    refuse(refusal) {
      const ours = [...new Set(refusal.streams)].filter((name) => standing.has(name) && !isUnasked(name))
      if (ours.length === 0) return refuseAll(refusal)
      return ours.some(isRenewed) ? { kind: 'renewal' } : refuseSome(refusal.id, ours)
    },
    expire: (id) => waiting.delete(id),
  }
}
