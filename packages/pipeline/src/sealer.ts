import type { Clock } from '@cryptoflow/runtime'
import type { LaneHost } from './lane-host.ts'
import type { LastSeal, Publisher } from './publisher.ts'
import { VERSION } from './version.ts'

export interface SealerParts {
  readonly writer: string
  readonly lane: Pick<LaneHost, 'cut'>
  readonly publisher: Pick<Publisher, 'submit'>
  readonly clock: Clock
}

/** Turns the lane's rows into epochs: barrier, files, image, then the sealed request to the publisher. */
export interface Sealer {
  /** A barrier at the lane's last record. Nothing happens when no record came since the last one. */
  now(): Promise<void>
  /** Waits until everything cut so far is accepted; throws what went wrong with it. */
  submitted(): Promise<void>
}

export function sealer(parts: SealerParts, last: LastSeal | null): Sealer {
  let epoch = (last?.epoch ?? 0) + 1
  let from = (last?.to ?? 0) + 1
  let submits: Promise<void> = Promise.resolve()
  return {
    async now() {
      const cut = await parts.lane.cut(epoch)
      if (cut.to < from) return
      const request = {
        writer: parts.writer,
        epoch,
        from,
        to: cut.to,
        tables: cut.tables,
        progress: cut.progress,
        sealedAtMs: Math.floor(parts.clock.nowUs() / 1000),
        version: VERSION,
      }
      epoch += 1
      from = cut.to + 1
      // Submitted in order but not waited for: rows of the next epoch are read meanwhile.
      submits = submits.then(() => parts.publisher.submit(request, cut.image))
      submits.catch(() => {})
    },
    submitted: () => submits,
  }
}
