/**
 * Whether a text is what a pattern describes: `*` stands for any characters, none included, `?` for one, everything
 * else for itself. Characters are code points.
 *
 * One pass with one place to go back to, the last `*`: no pattern takes longer than its length times the text's.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const wanted = [...pattern]
  const given = [...text]
  let p = 0
  let star = -1
  let after = 0
  for (let t = 0; t < given.length; ) {
    if (wanted[p] === '*') {
      star = p++
      after = t
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === given[t])) {
      p += 1
      t += 1
    } else if (star >= 0) {
      p = star + 1
      t = ++after
    } else return false
  }
  while (wanted[p] === '*') p += 1
  return p === wanted.length
}
