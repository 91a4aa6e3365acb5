/** Label values of one series by label name. */
export type Labels = Readonly<Record<string, string>>

/** The value that stands for all label values beyond a bound. */
export const OTHER = 'other'

/** Label sets with `symbol="other"` beside the bound: exchanges, markets and streams come from the config. */
const SYMBOL_FOLDS_MAX = 256

/** Which label sets of one metric have a series of their own: the first ones, up to a bound. */
export interface Series {
  /**
   * The label set under which a value counts: the given one when it has a series or may have one, else with
   * `other` as its symbol, else with `other` everywhere.
   */
  place(labels: Labels): { readonly labels: Labels; readonly isFolded: boolean }
}

/** Names come from outside, and a scrape must stay bounded: at most `max` + 257 label sets, ever. */
export function openSeries(max: number): Series {
  const own = new Set<string>()
  const bySymbol = new Set<string>()
  return {
    place(labels) {
      if (admits(own, keyOf(labels), max)) return { labels, isFolded: false }
      if ('symbol' in labels) {
        const folded = { ...labels, symbol: OTHER }
        if (admits(bySymbol, keyOf(folded), SYMBOL_FOLDS_MAX)) return { labels: folded, isFolded: true }
      }
      const all = Object.fromEntries(Object.keys(labels).map((name) => [name, OTHER]))
      return { labels: all, isFolded: true }
    },
  }
}

function admits(known: Set<string>, key: string, max: number): boolean {
  if (known.has(key)) return true
  if (known.size >= max) return false
  known.add(key)
  return true
}

/** Label values are printable, so NUL separates them; their order is the catalogue's. */
function keyOf(labels: Labels): string {
  return Object.values(labels).join('\0')
}
