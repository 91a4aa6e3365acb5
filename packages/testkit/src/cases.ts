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
  /**
   * Plain events as `plainEvents` makes them; fields that are null may be left out, and so may `checksum`: it is
   * compared where the golden has one.
   */
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
  /**
   * `joins` is that of a book that begins by REST; `follows` is the stream's own and, if it has a book, the book's
   * too. A stream without a rule has no table.
   */
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
  /**
   * What the first message is. `gap`, also where nothing is said: an ordinary one, and the rule must call it a gap.
   * `snapshot`: a snapshot in the stream of a book, which is the new position whatever its numbers are, so that the
   * rule is not asked about it; a fixture must show such a snapshot. `next`: it names the position before as its
   * predecessor and has a smaller number itself, and the rule must let it pass.
   */
  readonly begins?: 'gap' | 'snapshot' | 'next'
}

/** A book whose checksum is known from the documents. */
export interface ChecksumCase {
  readonly stream: string
  /** Best first, price and quantity as written. */
  readonly bids: readonly (readonly [price: string, quantity: string])[]
  readonly asks: readonly (readonly [price: string, quantity: string])[]
  /** Fraction digits that the instrument list promises; none heard where they are left out. */
  readonly digits?: { readonly price: number; readonly quantity: number }
  readonly is: number
}

/** A subscription as the exchange reads it. */
export interface ReadSubscription {
  readonly names: readonly string[]
  /** Null where the frame has no place for an id. */
  readonly id: number | null
}

/** What an adapter's author gives to `conformance`. */
export interface ConformanceCases {
  /** At least one with events of every stream that the market lists. */
  readonly fixtures: readonly Fixture[]
  /** Every rule of every stream that has one. */
  readonly sequences: readonly SequenceCase[]
  /** Where the exchange's sequences never begin anew, or there are none: `none` says how that is known. */
  readonly resets: readonly ResetCase[] | { readonly none: string }
  /** At least one of every stream whose book has a checksum; left out where there is none. */
  readonly checksums?: readonly ChecksumCase[]
  /** Symbols of the market, two at least, as the exchange writes them: shortest, longest, beyond ASCII. */
  readonly symbols: readonly string[]
  /**
   * A symbol of this market that holds any `text`, where the form of a symbol says which market it is of:
   * `${text}-USDT-SWAP`. Left out where every text may be a symbol.
   */
  readonly symbolWith?: (text: string) => string
  /** How a symbol stands in the instrument list, where that spells it otherwise than the streams do. */
  readonly spelledInLists?: (symbol: string) => string
  /**
   * What every subscribed stream is called on the wire, by the documents: of the first symbol, or of the market. A
   * stream within another has the other's name and may be left out.
   */
  readonly wireNames: Readonly<Record<string, string>>
  /** Reads a subscription, by the documents and not by the adapter; null when it is none. */
  readonly readSubscription: (frame: string) => ReadSubscription | null
  /** The same for the end of a subscription; left out where there is no such frame or nobody wrote the reader. */
  readonly readUnsubscription?: (frame: string) => ReadSubscription | null
  /**
   * The number that a frame has in a count over its connection, by the documents and not by the adapter; null when it
   * has none. Left out where the exchange counts no frames.
   */
  readonly connectionSeqOf?: (frame: string) => number | null
  /** What recorded REST answers are recognised as; the body is that of the fixture of that name. */
  readonly recognised: readonly {
    readonly fixture: string
    readonly url: string | null
    readonly as: RecognisedAnswer | null
  }[]
  /** Whether recorded frames are known to be this market's; left out where frames always say it or never do. */
  readonly heard?: readonly {
    readonly fixture: string
    readonly url: string | null
    readonly as: boolean | null
  }[]
  /** Polled streams whose requests cost nothing, and where that is said. */
  readonly free?: Readonly<Record<string, string>>
  /** ISO date on which the numbers from outside are judged. */
  readonly today: string
  /** Of the mutations. */
  readonly seed: number
  /** Of the mutations and the seeded numbers that are tried, 0 to 1; left out: all of them. */
  readonly share?: number
  /** `given` where the market was made with addresses of its own: these may be without TLS. */
  readonly addresses: 'own' | 'given'
}
