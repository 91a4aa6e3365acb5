import type { Chance } from '@cryptoflow/runtime'

/**
 * A JSON message as it looks after an accident, in one of three ways: cut short, one structural character
 * broken, or the digits of one quoted number turned into letters.
 *
 * The first two are never valid JSON; the third is, but its number is none. The text needs braces around it
 * and no backslashes; without a quoted number the third way becomes the first.
 */
export function damaged(text: string, chance: Chance): string {
  switch (chance.below(3)) {
    case 0:
      return cutShort(text, chance)
    case 1:
      return broken(text, chance)
    default:
      return lettered(text, chance) ?? cutShort(text, chance)
  }
}

/** An object without its last brace is never whole, wherever the cut is. */
function cutShort(text: string, chance: Chance): string {
  return text.slice(0, 1 + chance.below(text.length - 1))
}

/** Only characters that give the message its shape are broken: any other would change a value unseen. */
function broken(text: string, chance: Chance): string {
  const places = [...text.matchAll(/"[^"]*"|[{}[\]:,]/g)].map((match) => match.index)
  const at = places[chance.below(places.length)] as number
  return `${text.slice(0, at)}#${text.slice(at + 1)}`
}

/** Quoted numbers that a reader must read; `nq` is one that it may leave out, so that its letters would go unseen. */
const NUMBERS = /(?<!"nq":)"[0-9]+\.[0-9]+"/g

function lettered(text: string, chance: Chance): string | null {
  const numbers = [...text.matchAll(NUMBERS)]
  const number = numbers[chance.below(numbers.length)]
  if (number === undefined) return null
  const letters = number[0].replace(/[0-9]/g, (digit) => 'qrstuvwxyz'[Number(digit)] as string)
  return text.slice(0, number.index) + letters + text.slice(number.index + number[0].length)
}
