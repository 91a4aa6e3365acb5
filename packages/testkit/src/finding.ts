/** One thing that a market does other than the contract says. */
export interface Finding {
  /** Which check found it. */
  readonly check: string
  /** What was done, and what came of it instead of what. */
  readonly what: string
}

/** The findings of one check. */
export interface Findings {
  add(what: string): void
  /** The first of them, and one that counts the others. */
  list(): readonly Finding[]
}

/** A broken adapter is wrong in the same way thousands of times; the first ones tell how. */
const LISTED_MAX = 20
/** Frames are quoted in findings, but a long one would hide what is said about it. */
const QUOTED_CHARACTERS_MAX = 400

export function createFindings(check: string): Findings {
  const listed: Finding[] = []
  let more = 0
  return {
    add: (what) => {
      if (listed.length < LISTED_MAX) listed.push({ check, what })
      else more += 1
    },
    list: () => (more === 0 ? listed : [...listed, { check, what: `and ${more} more` }]),
  }
}

/** Bytes as text for a finding: control characters are escaped, what is no UTF-8 shows as U+FFFD. */
export function quoted(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, QUOTED_CHARACTERS_MAX + 1))
  return text.length > QUOTED_CHARACTERS_MAX
    ? `${JSON.stringify(text.slice(0, QUOTED_CHARACTERS_MAX))} (${bytes.length} bytes)`
    : JSON.stringify(text)
}
