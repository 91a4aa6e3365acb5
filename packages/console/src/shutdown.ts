import type { Board } from '@cryptoflow/pipeline'
import type { Clock } from '@cryptoflow/runtime'
import type { Teller } from './tell.ts'
import { grouped } from './terminal.ts'

/** A terminal signals a whole group of processes, and whoever stands between may pass the signal on once more. */
const SAME_SIGNAL_US = 1_000_000

/** How often a stop that is under way says what it waits for. */
const PENDING_EVERY_MS = 5_000

/** Status of a process that a second signal ended: 128 and the number of SIGINT. */
const INTERRUPTED = 130

/** Calls `stop` at the first SIGINT or SIGTERM; a later one that is not its echo ends the process at once. */
export function onStopSignal(clock: Clock, stop: () => void): void {
  const signalled = stopOnce(clock, stop, () => process.exit(INTERRUPTED))
  process.on('SIGINT', signalled)
  process.on('SIGTERM', signalled)
}

/** What a signal does: the first stops, its echo does nothing, a later one ends at once. */
export function stopOnce(clock: Clock, stop: () => void, end: () => void): () => void {
  let stoppedUs: number | null = null
  return () => {
    if (stoppedUs === null) {
      stoppedUs = clock.nowUs()
      stop()
    } else if (clock.nowUs() - stoppedUs > SAME_SIGNAL_US) end()
  }
}

export interface StopBudget {
  readonly clock: Clock
  readonly withinMs: number
  /** What is still to be done, for a person. */
  pending(): string
  say(text: string): void
  /** The time is over. */
  end(): void
}

/** Says every few seconds what a stop waits for, and ends it when its time is over; the answer cancels. */
export function stopWithin({ clock, withinMs, pending, say, end }: StopBudget): () => void {
  const startedUs = clock.nowUs()
  const cancelTelling = clock.every(PENDING_EVERY_MS, () => {
    const seconds = Math.round((clock.nowUs() - startedUs) / 1e6)
    say(`stopping, ${seconds} of ${withinMs / 1000} s: ${pending()}`)
  })
  const cancelEnd = clock.after(withinMs, () => {
    cancelTelling()
    say(`not everything was done within ${withinMs / 1000} s (shutdown.within_ms): ${pending()}`)
    say('the journal keeps what is pending, and the next start goes on from there')
    end()
  })
  return () => {
    cancelTelling()
    cancelEnd()
  }
}

export interface Stopping extends Pick<StopBudget, 'clock' | 'withinMs' | 'pending'> {
  readonly teller: Pick<Teller, 'say' | 'end'>
  /** What a stop does, for a person. */
  readonly does: string
  /** Begins to stop; may be called again. */
  stop(): Promise<void>
}

/** A stop that ends the process when its time is over. Whoever begins it again gives it its time anew. */
export function openStop({ clock, withinMs, pending, teller, does, stop }: Stopping): {
  begin(): void
  /** All is done: nothing is waited for any more. */
  done(): void
} {
  let cancel = (): void => {}
  return {
    begin() {
      teller.say(`stopping: ${does} ...`)
      cancel()
      // Threads may be busy for long; what they hold is safe in the journal.
      const end = (): void => void teller.end().finally(() => process.exit(1))
      cancel = stopWithin({ clock, withinMs, pending, say: teller.say, end })
      stop().catch(() => {})
    },
    done: () => cancel(),
  }
}

/** Records on their way, by how far they came. */
export function pendingText(board: Pick<Board, 'get'>): string {
  const parts = [
    [board.get('appended') - board.get('durable'), 'records to be written to the journal'],
    [board.get('durable') - board.get('read'), 'records to be read'],
    [board.get('read') - board.get('sealed'), 'records to be sealed'],
    [board.get('sealed') - board.get('released'), 'records to be committed'],
  ] as const
  const waiting = parts.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`)
  return waiting.length === 0 ? 'nothing is pending' : waiting.join(', ')
}
