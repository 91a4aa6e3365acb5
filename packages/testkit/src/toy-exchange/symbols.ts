/**
 * Symbols are `BASE/QUOTE`, in the stream and in the list alike. Our name is made of what the list says, never of the
 * symbol's parts: nobody promises that a creature's name has no slash in it.
 */
export function instrumentName(base: string, quote: string): string {
  return `${base}-${quote}`
}
