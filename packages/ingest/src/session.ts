import { type Backoff, backoffMs, type Chance, CryptoFlowError } from '@cryptoflow/runtime'
import type { ConnectPools } from './connect-pool.ts'
import {
  type Connection,
  type ConnectionEnd,
  type ConnectionMemory,
  type ConnectionOptions,
  openConnection,
} from './connection.ts'
import type { ReplaceCause } from './intake.ts'
import { resyncPace } from './resync-pace.ts'

/** Timers end at 24 days. */
const TIMER_MS_MAX = 2 ** 31 - 1

export interface SessionOptions extends ConnectionOptions {
  readonly chance: Chance
  readonly backoff: Backoff
  readonly connectPools: ConnectPools
}

/** Subscriptions that survive reconnects. */
export interface Session {
  /** Replaces the connection of this number, if it is this session's and nothing is on its way to replace it yet. */
  replace(connection: number, cause: ReplaceCause): void
  /** Subscribes a book that begins in its stream again, where the connection that is heard carries it. */
  want(symbol: string, stream: string): void
  /** See Ingest. */
  deadLetters(connection: number, count: number, frames: number): void
  /** Closes the connection and does not come back; resolves when the last frame is with the intake. */
  stop(): Promise<void>
}

/**
 * Holds one connection, and a second one for the moment of a replacement.
 *
 *     waiting -> connecting -> live -> live + successor -> live (the successor)
 *        ^------------+---------+            |
 *                                       successor ended: live, waiting for another one
 *
 * `live` is heard. It is lost: connect again with backoff, which is forgotten once a connection was steady. It is to
 * be replaced: where all its streams know their duplicates, a successor is subscribed and heard beside it for a
 * while, then `live` is closed; otherwise `live` is closed first. `pending` is the one thing waited for: a delay, the
 * end of a connection that was replaced, a turn to connect, or the end of the overlap.
 */
export function startSession(options: SessionOptions): Session {
  const { market, plan, clock, chance, backoff, limits, counters, notice } = options
  const { session } = market
  const url = addressOf(session.routes[plan.route] as string)
  const pool = options.connectPools.of(url, session.connectsPerFiveMinutesMax.value, limits.connectEveryMs)
  const memory: ConnectionMemory = { patience: { ms: limits.staleAfterMs }, pace: resyncPace(clock) }
  const retiring = new Set<Promise<void>>()
  let live: Connection | null = null
  let successor: Connection | null = null
  let pending: (() => void) | null = null
  /** Set from the decision to replace until the new connection is subscribed. */
  let replacing: { readonly old: Connection; readonly cause: ReplaceCause } | null = null
  let isClosing = false
  let isStopping = false
  let isLost = false
  let attempt = 0

  const wait = (delayMs: number, then: () => void): void => {
    pending = clock.after(delayMs, () => {
      pending = null
      then()
    })
  }
  /** Waits until connections that were replaced have ended, so that there are never three, and for a turn; both may be now. */
  const connect = (): void => {
    if (retiring.size > 0) {
      let isCancelled = false
      pending = () => {
        isCancelled = true
      }
      void Promise.all(retiring).then(() => {
        if (!isCancelled) connect()
      })
      return
    }
    pending = () => {}
    const cancel = pool.request(() => {
      pending = null
      if (replacing !== null && live !== null && !plan.isOverlapSafe) closeFirst(live)
      else open()
    })
    if (pending !== null) pending = cancel
  }
  const open = (): void => {
    let isTold = false
    /** The host is told once how its connect ended. */
    const tell = (how: () => void): void => {
      if (!isTold) how()
      isTold = true
    }
    const connection = openConnection(options, memory, {
      subscribed: () => {
        tell(pool.succeeded)
        subscribed(connection)
      },
      replace: () => replace(connection, 'resync'),
      ended: (end) => {
        tell(() => (isStopping ? pool.abandoned() : pool.failed(end.reason)))
        ended(connection, end)
      },
    })
    if (live === null) live = connection
    else successor = connection
  }
  const closeFirst = (connection: Connection): void => {
    isClosing = true
    retire(connection)
  }
  const retire = (connection: Connection): void => {
    const closed = connection.close('replaced').finally(() => retiring.delete(closed))
    retiring.add(closed)
  }
  const subscribed = (connection: Connection): void => {
    if (isLost) counters.reconnects += 1
    isLost = false
    connection.after(limits.steadyAfterMs, () => {
      attempt = 0
    })
    const lifeMs = rotationMs(session.connectionLifeMs?.value ?? null, limits.rotateBeforeMs, chance)
    if (lifeMs !== null) connection.after(lifeMs, () => replace(connection, 'life'))
    if (connection === successor) wait(limits.overlapMs, handOver)
    else finishReplacing(connection, false)
  }
  const handOver = (): void => {
    const old = live as Connection
    live = successor as Connection
    successor = null
    retire(old)
    finishReplacing(live, true)
  }
  const finishReplacing = (by: Connection, overlapped: boolean): void => {
    // The one to be replaced may be acknowledged only now.
    if (replacing === null || replacing.old === by) return
    counters.replaced += 1
    notice({
      kind: 'replaced',
      connection: replacing.old.number,
      by: by.number,
      cause: replacing.cause,
      overlapped,
    })
    replacing = null
  }
  const replace = (connection: Connection, cause: ReplaceCause): void => {
    if (isStopping || connection !== live || pending !== null || replacing !== null) return
    replacing = { old: connection, cause }
    // An exchange that announces the end of every new connection is not to be stormed.
    const delayMs = attempt === 0 ? 0 : backoffMs(backoff, attempt, chance)
    attempt += 1
    if (delayMs === 0) connect()
    else wait(delayMs, connect)
  }
  const ended = (connection: Connection, end: ConnectionEnd): void => {
    if (isStopping) return
    if (connection === successor) {
      successor = null
      pending?.()
      retry(end)
    } else if (connection === live) {
      live = null
      if (successor !== null) promote(successor)
      else if (isClosing) {
        isClosing = false
        open()
      } else if (pending === null) retry(end)
    }
  }
  /** The old connection ended before its successor took over. */
  const promote = (connection: Connection): void => {
    live = connection
    successor = null
    pending?.()
    pending = null
    if (connection.isSubscribed) finishReplacing(connection, true)
  }
  const retry = ({ reason, blockMs }: ConnectionEnd): void => {
    attempt += 1
    isLost = true
    if (blockMs > 0) pool.block(blockMs)
    const delayMs = Math.max(backoffMs(backoff, attempt, chance), blockMs)
    notice({ kind: 'waiting', reason, delayMs })
    wait(delayMs, connect)
  }
  const heard = (): Connection[] => [live, successor].filter((connection) => connection !== null)

  connect()
  return {
    replace(number, cause) {
      for (const connection of heard()) if (connection.number === number) replace(connection, cause)
    },
    want(symbol, stream) {
      live?.want(symbol, stream)
    },
    deadLetters(number, count, frames) {
      for (const connection of heard())
        if (connection.number === number) connection.deadLetters(count, frames)
    },
    async stop() {
      isStopping = true
      pending?.()
      await Promise.all([...heard().map((connection) => connection.close('closed by us')), ...retiring])
    },
  }
}

function addressOf(url: string): string {
  if (/^wss?:\/\/[^/]/.test(url) && URL.canParse(url)) return url
  throw new CryptoFlowError(
    `connecting: found "${url}", expected an address that begins with ws:// or wss://`,
    {
      kind: 'config',
      reaction: 'stop',
      context: { url },
    },
  )
}

/** After how many milliseconds a new connection is replaced; null: never. Not all of a process at once. */
export function rotationMs(
  lifeMs: number | null,
  before: { readonly min: number; readonly max: number } | null,
  chance: Chance,
): number | null {
  if (lifeMs === null || before === null) return null
  const beforeMs = before.min + (before.max - before.min) * chance.next()
  return Math.min(Math.max(lifeMs / 2, lifeMs - beforeMs), TIMER_MS_MAX)
}
