/** Fewer frames say nothing about a connection. */
const WINDOW_FRAMES = 100
/** Share of dead letters above which a connection is not worth hearing. */
const UNREADABLE_SHARE = 0.5

/**
 * Judges a connection by its dead letters, window after window of at least 100 frames. Answers null, or what was
 * found when more than half of a window could not be read.
 */
export function unreadableWatch(): (
  count: number,
  frames: number,
) => { readonly deadLetters: number; readonly frames: number } | null {
  let deadLetters = 0
  let frames = 0
  return (count, more) => {
    deadLetters += count
    frames += more
    if (frames < WINDOW_FRAMES) return null
    const found = { deadLetters, frames }
    deadLetters = 0
    frames = 0
    return found.deadLetters > found.frames * UNREADABLE_SHARE ? found : null
  }
}
