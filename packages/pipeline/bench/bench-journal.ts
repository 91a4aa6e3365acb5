import { openJournal } from '@cryptoflow/journal'
import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { openCapture } from '../src/capture.ts'
import { captureRecords } from '../src/capture-records.ts'

export interface BenchJournal {
  readonly directory: string
  readonly frames: number
  /** Of the frames. */
  readonly bytes: number
}

/** Every book asks once, and the captures have no hole that would make it ask again. */
const FIRST_RESYNC = 1

/**
 * Writes a journal as a collector would have written it that heard these captures at once: their records by
 * received time, for `seconds` from the first one on.
 */
export async function writeJournal(
  directory: string,
  files: readonly string[],
  seconds: number,
): Promise<BenchJournal> {
  const clock = systemClock()
  const journal = await openJournal({ directory, clock, version: 'bench', flushBytes: 1 << 20 })
  const feeds = await Promise.all(files.map((file) => openFeed(file)))
  const endUs = Math.min(...feeds.map(({ next }) => next?.receivedUs ?? Number.NaN)) + seconds * 1e6
  let frames = 0
  let bytes = 0
  for (;;) {
    const feed = earliest(feeds)
    if (feed === null || (feed.next as JournalRecord).receivedUs >= endUs) break
    const { number, kind, connection, receivedUs, payload } = feed.next as JournalRecord
    const written = journal.append(kind, feed.connections.get(connection) ?? 0, receivedUs, payload)
    if (kind === RecordKind.connect) feed.connections.set(number, written)
    if (kind === RecordKind.frame) {
      frames += 1
      bytes += payload.length
    }
    if (journal.isCongested) await journal.flush()
    await feed.advance()
  }
  journal.append(RecordKind.stop, 0, endUs, new Uint8Array(0))
  await journal.flush()
  await journal.close()
  return { directory, frames, bytes }
}

interface Feed {
  next: JournalRecord | null
  /** Numbers of connect records here, by those that the capture gave them. */
  readonly connections: Map<number, number>
  advance(): Promise<void>
}

async function openFeed(path: string): Promise<Feed> {
  const records = captureRecords(await openCapture(path), async () => FIRST_RESYNC)
  const feed: Feed = {
    next: null,
    connections: new Map(),
    async advance() {
      do {
        const { value, done } = await records.next()
        feed.next = done === true ? null : value
      } while (feed.next?.kind === RecordKind.start || feed.next?.kind === RecordKind.stop)
    },
  }
  await feed.advance()
  return feed
}

function earliest(feeds: readonly Feed[]): Feed | null {
  let found: Feed | null = null
  for (const feed of feeds) {
    if (feed.next !== null && (found?.next == null || feed.next.receivedUs < found.next.receivedUs))
      found = feed
  }
  return found
}
