/** Longer names are nobody's slip of a key. */
const CHARS_MAX = 100

/** The name with the fewest letters to change; null when none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > CHARS_MAX) return null
  let nearest: string | null = null
  // More than half of the letters wrong is another word.
  let least = Math.ceil(name.length / 2) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance >= least) continue
    least = distance
    nearest = candidate
  }
  return nearest
}

/** Letters to insert, remove or change. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

/** `; did you mean "..."?`, or nothing. */
export function hint(nearest: string | null): string {
  return nearest === null ? '' : `; did you mean ${JSON.stringify(nearest)}?`
}
