/** How many frames of a connection came in a stretch of journal, and how many of them could not be read. */
export interface UnreadableFrames {
  readonly connection: number
  readonly deadLetters: number
  readonly frames: number
}

/** Counts frames by connection; frames come in runs, so the last connection's count is at hand. */
export function openUnreadable(): {
  frames(connection: number): void
  deadLetter(connection: number): void
  take(): UnreadableFrames[]
} {
  type Counts = { connection: number; deadLetters: number; frames: number }
  let counts = new Map<number, Counts>()
  let last: Counts = { connection: 0, deadLetters: 0, frames: 0 }
  const of = (connection: number): Counts => {
    if (last.connection === connection) return last
    last = counts.get(connection) ?? { connection, deadLetters: 0, frames: 0 }
    counts.set(connection, last)
    return last
  }
  return {
    frames(connection) {
      of(connection).frames += 1
    },
    deadLetter(connection) {
      of(connection).deadLetters += 1
    },
    take() {
      const taken = [...counts.values()].filter(({ deadLetters }) => deadLetters > 0)
      counts = new Map()
      last = { connection: 0, deadLetters: 0, frames: 0 }
      return taken
    },
  }
}
