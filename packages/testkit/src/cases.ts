import type { AnswerContext, Continuity, DecodeOutcome, RecognisedAnswer } from '@cryptoflow/model'

/** A message as it came over the wire, and what it is agreed to mean. */
export interface Fixture {
  /** Where it stands: `trade.jsonl:2`. */
  readonly name: string
  readonly bytes: Uint8Array
  /** What was asked, of a REST answer; null for a websocket frame. */
  readonly answer: AnswerContext | null
  readonly golden: Golden
}

export interface Golden {
  readonly outcome: DecodeOutcome
  /** Plain events as `plainEvents` makes them; fields that are null may be left out. */
  readonly events: readonly unknown[]
}

/** Arguments of a rule and its answer: position, then first, last and previous sequence of the next message. */
export type SequenceRow = readonly [
  last: number,
  first: number,
  nextLast: number,
  prev: number,
  answer: Continuity,
]

/** The borders of one rule. */
export interface SequenceCase {
  readonly stream: string
  /** `joins` is that of the stream's book; `follows` is the stream's own and, if it has a book, the book's too. */
  readonly rule: 'joins' | 'follows'
  /**
   * On both sides of every border: `next` and `stale`, `next` and `gap` each in rows that differ by one in one
   * argument.
   */
  readonly rows: readonly SequenceRow[]
  /** Answers that this rule never gives, and why: the sequence of a quote has no gaps. */
  readonly never?: Readonly<Partial<Record<Continuity, string>>>
}

/** A sequence that began anew on the wire: the position before, and the messages after. */
export interface ResetCase {
  readonly stream: string
  readonly last: number
  readonly messages: readonly (readonly [first: number, last: number, prev: number])[]
}

/** What an adapter's author gives to `conformance`. */
export interface ConformanceCases {
  /** At least one with events of every stream that the market lists. */
  readonly fixtures: readonly Fixture[]
  /** Every rule of every stream that has one. */
  readonly sequences: readonly SequenceCase[]
  /** Where the exchange's sequences never begin anew: `none` says how that is known. */
  readonly resets: readonly ResetCase[] | { readonly none: string }
  /** Symbols of the market, two at least, as the exchange writes them: shortest, longest, beyond ASCII. */
  readonly symbols: readonly string[]
  /** What every subscribed stream is called on the wire, by the documents: of the first symbol, or of the market. */
  readonly wireNames: Readonly<Record<string, string>>
  /** Reads a subscription, by the documents and not by the adapter; null when it is none. */
  readonly readSubscription: (
    frame: string,
  ) => { readonly names: readonly string[]; readonly id: number } | null
  /** What recorded REST answers are recognised as; the body is that of the fixture of that name. */
  readonly recognised: readonly {
    readonly fixture: string
    readonly url: string | null
    readonly as: RecognisedAnswer | null
  }[]
  /** Polled streams whose requests cost nothing, and where that is said. */
  readonly free?: Readonly<Record<string, string>>
  /** ISO date on which the numbers from outside are judged. */
  readonly today: string
  /** Of the mutations. */
  readonly seed: number
  /** `given` where the market was made with addresses of its own: these may be without TLS. */
  readonly addresses: 'own' | 'given'
}
