import type { Clock } from '@cryptoflow/runtime'
import type { WebSocket } from 'ws'
import type { IngestCounters, Intake } from './intake.ts'

const CONGESTION_CHECK_MS = 20

/** The last resort when the disk cannot keep up: stop reading; what the exchange then drops shows as a gap. */
export function pauseUntilCalm(
  {
    intake,
    clock,
    counters,
  }: { readonly intake: Intake; readonly clock: Clock; readonly counters: IngestCounters },
  socket: WebSocket,
  cancels: Set<() => void>,
): void {
  if (socket.isPaused) return
  counters.pauses += 1
  socket.pause()
  const cancel = clock.every(CONGESTION_CHECK_MS, () => {
    if (intake.isCongested) return
    cancel()
    cancels.delete(cancel)
    socket.resume()
  })
  cancels.add(cancel)
}
