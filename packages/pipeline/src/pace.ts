import { readRecords, sliceBlock } from '@cryptoflow/journal'
import type { JournalBlock } from '@cryptoflow/model'
import { type Clock, sleep } from '@cryptoflow/runtime'

/** Hands a block on in parts, each when its records are due. */
export type Pace = (block: JournalBlock) => AsyncGenerator<JournalBlock, void, void>

/** Records due this close together go in one part: people see no difference, and a part each costs more than it shows. */
const TOGETHER_US = 10_000

/** Longest silence between two records that is waited for, in record time: a journal may have stood still for days. */
const SILENCE_US_MAX = 60_000_000

/** As fast as they are taken. */
export async function* unpaced(block: JournalBlock): ReturnType<Pace> {
  yield block
}

/**
 * In the time that lay between the records when they were received, divided by `speed`. Whoever takes them too slowly
 * gets the next ones at once until they are back in time. Which records there are, and their order, is not changed.
 */
export function pacedBy(clock: Clock, speed: number): Pace {
  let dueUs = clock.nowUs()
  let lastUs = 0
  return async function* paced(block) {
    let from = block.first
    for (const { number, receivedUs } of readRecords(block)) {
      // What a capture begins with, or all of it, may have no time.
      if (lastUs > 0) dueUs += Math.min(receivedUs - lastUs, SILENCE_US_MAX) / speed
      lastUs = receivedUs
      if (dueUs - clock.nowUs() <= TOGETHER_US) continue
      if (number > from) yield sliceBlock(block, from, number - 1)
      from = number
      const waitUs = dueUs - clock.nowUs()
      if (waitUs > 0) await sleep(clock, waitUs / 1000)
    }
    yield sliceBlock(block, from, block.last)
  }
}
