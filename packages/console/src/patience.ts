import { type Clock, systemClock } from '@cryptoflow/runtime'
import { openProgress, type ProgressLine, spanText } from './terminal.ts'

/** Nobody wonders before this. */
const PATIENCE_MS = 2000

/**
 * Progress of work that is mostly over at once: the latest text with the time that has passed, every two seconds, and
 * nothing at all for what is faster. To be ended.
 */
export function openPatience(clock: Clock, line: ProgressLine = openProgress(clock.nowUs)): ProgressLine {
  const beganUs = clock.nowUs()
  let latest = ''
  const cancel = clock.every(PATIENCE_MS, () =>
    line.show(`${latest}, ${spanText((clock.nowUs() - beganUs) / 1e6)}`),
  )
  return {
    show(text) {
      latest = text
    },
    end() {
      cancel()
      line.end()
    },
  }
}

/** Does the work; when it takes longer than two seconds, that and what it is are told. */
export async function patiently<T>(what: string, work: () => Promise<T>): Promise<T> {
  const progress = openPatience(systemClock())
  progress.show(what)
  try {
    return await work()
  } finally {
    progress.end()
  }
}
