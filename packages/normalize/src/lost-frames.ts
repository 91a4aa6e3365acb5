import type { KeyState } from './key-state.ts'
import { interrupt, isSequenced } from './stream.ts'
import { cutStreamBook, streamBookDamage } from './stream-book-flow.ts'

/** What frames of a connection that are not there cost the streams that it carries. */

/**
 * An unreadable frame may have been an update of any book without a sequence; a count over the connection does not
 * tell, since a frame's number may be all of it that can be read.
 */
export function doubtBooks(keys: readonly KeyState[], connection: number, frame: number): void {
  for (const state of keys) {
    for (const stream of state.streams) {
      const isProven = stream.streamBook === null || isSequenced(stream)
      if (isProven || !stream.connections.includes(connection)) continue
      stream.deadLetter = frame
      streamBookDamage(state, stream, false)
    }
  }
}

/**
 * Frames that never came interrupt every stream, and cut the books that have no sequence to go on by. `deadLetter`: the
 * connection's last frame that could not be read.
 */
export function loseFrames(
  keys: readonly KeyState[],
  connection: number,
  cause: 'undecodable' | 'sequence',
  deadLetter: number,
): void {
  for (const state of keys) {
    for (const stream of state.streams) {
      if (!stream.connections.includes(connection)) continue
      interrupt(stream, cause)
      // The connection may be gone, and with it what it knows, when a message reveals the hole.
      if (cause === 'undecodable') stream.deadLetter = deadLetter
      if (!isSequenced(stream)) cutStreamBook(state, stream)
    }
  }
}
