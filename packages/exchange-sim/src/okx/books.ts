import { type Chance, seededChance } from '@cryptoflow/runtime'
import { hashOf } from '../instruments.ts'
import { spoiledLevels } from '../spoiled-levels.ts'
import { bookContent, type Place } from '../stage/contents.ts'
import type { HouseMessage } from '../stage/house.ts'
import type { Listing } from '../stage/listing.ts'
import { DepthWindow } from '../stage/window.ts'
import { bookJson, checksumOf, messageText, plainLevels, type Sides } from './dialect.ts'
import { messageOf, type Outlet } from './outlet.ts'
import type { SequenceIds } from './sequence.ts'

/** Levels a side. Source: okx.com/docs-v5, "WS / Order book channel", as of 2026-07-07. */
const DEPTH = 400
/** A book that does not change says so after this long. Source as above. */
const QUIET_MS = 60_000
/** What a snapshot names as the message before it. Source as above. */
const NOTHING_BEFORE = -1
/** Books are sent with a checksum until then, and with 0 from then on. Source: the notice on checksums of 2026-05-21. */
const CHECKSUM_UNTIL_MS = Date.parse('2026-06-23T00:00:00Z')
/** Ids fall after so many updates, and as many more at most. */
const FALL_AFTER_MIN = 30
const FALL_AFTER_MORE = 200
/** Ids begin again below this. */
const FALL_TO = 10
/**
 * The last updates up to a fall have no faults of their own. Where the fall itself is lost, or comes twice, nothing
 * tells it from old messages; and what begins before them withholds no more than three in a row.
 */
const SPARED = 3

export interface BookOptions {
  readonly outlet: Outlet
  readonly listing: Listing
  readonly ids: SequenceIds
  readonly seed: number
  readonly place: Pick<Place, 'exchange' | 'market' | 'symbol'>
}

/** An instrument's book of 400 levels, as its subscribers know it; it is kept from the first of them on. */
export class BookTeller {
  private readonly options: BookOptions
  private readonly window = new DepthWindow(DEPTH, 'everything')
  private readonly chance: Chance
  private isOpen = false
  private lastSeq = 0
  private changedMs = 0
  private toldMs = 0
  private untilFall: number

  constructor(options: BookOptions) {
    const { market, symbol } = options.place
    this.options = options
    this.chance = seededChance(options.seed ^ hashOf(`falls okx ${market} ${symbol}`))
    this.untilFall = this.drawFall()
  }

  open(nowMs: number): void {
    if (this.isOpen) return
    this.isOpen = true
    const { ids, listing } = this.options
    const { last, timeMs, ...sides } = listing.market.snapshot(DEPTH)
    this.window.move(sides)
    this.lastSeq = ids.of(last)
    this.changedMs = timeMs
    this.toldMs = nowMs
  }

  /** The book as of its last update, for a new subscriber. */
  whole(nowMs: number): HouseMessage {
    const { bids, asks } = this.window.known
    const content = { prevSeq: NOTHING_BEFORE, seq: this.lastSeq, timeMs: this.changedMs }
    return this.message('snapshot', this.written({ bids, asks }), content, { nowMs, kind: 'guarded' })
  }

  /** What an update brings that is due now; null where nobody listens, or nothing changed among the best levels. */
  update(nowMs: number): HouseMessage | null {
    if (!this.isOpen) return null
    const { ids, listing } = this.options
    const { last, timeMs, ...sides } = listing.market.snapshot(DEPTH)
    const diff = this.window.move(sides)
    if (diff === null) return null
    const kind = this.untilFall <= SPARED ? 'sampled' : 'guarded'
    this.untilFall -= 1
    if (this.untilFall === 0) {
      ids.fall(last, this.chance.below(FALL_TO))
      this.untilFall = this.drawFall()
    }
    const prevSeq = this.lastSeq
    this.lastSeq = ids.of(last)
    this.changedMs = timeMs
    this.toldMs = nowMs
    const heading = { prevSeq, seq: this.lastSeq, timeMs }
    const written = this.written(diff)
    return {
      ...this.message('update', written, heading, { nowMs, kind }),
      // The checksum stays that of the exchange's own book.
      spoiled: (fault, chance) => {
        const levels = fault === 'wrongChecksum' ? null : spoiledLevels(written, fault, chance)
        return levels === null ? null : this.message('update', levels, heading, { nowMs, kind })
      },
    }
  }

  /** What a book says that has not changed for a minute: no levels, and its own id again; null until then. */
  quiet(nowMs: number): HouseMessage | null {
    if (!this.isOpen || nowMs - this.toldMs < QUIET_MS) return null
    this.toldMs = nowMs
    const { streamName, arg } = this.names
    const element = bookJson({
      bids: [],
      asks: [],
      timeMs: nowMs,
      checksum: this.checksum(nowMs),
      prevSeq: this.lastSeq,
      seq: this.lastSeq,
    })
    const text = messageText(arg, [element], 'update')
    return messageOf(this.options.outlet, { streamName, kind: 'sampled', text, contents: [] })
  }

  private message(
    action: 'snapshot' | 'update',
    { bids, asks }: Sides,
    { prevSeq, seq, timeMs }: { readonly prevSeq: number; readonly seq: number; readonly timeMs: number },
    { nowMs, kind }: { readonly nowMs: number; readonly kind: 'guarded' | 'sampled' },
  ): HouseMessage {
    const checksum = this.checksum(nowMs)
    const { streamName, arg } = this.names
    const text = messageText(arg, [bookJson({ bids, asks, timeMs, checksum, prevSeq, seq })], action)
    const { place } = this.options
    const content = bookContent(
      {
        ...place,
        stream: 'books',
        table: place.market === 'spot' ? 'spot_delta' : 'futures_delta',
        atMs: nowMs,
      },
      { engineMs: timeMs },
      {
        last: seq,
        prev: prevSeq,
        bids,
        asks,
        isSnapshot: action === 'snapshot',
        checksum,
      },
    )
    return messageOf(this.options.outlet, { streamName, kind, text, contents: [content] })
  }

  /** Of the book as its subscribers know it after this message. */
  private checksum(nowMs: number): number {
    return nowMs < CHECKSUM_UNTIL_MS ? checksumOf(this.written(this.window.known)) : 0
  }

  private written({ bids, asks }: DepthWindow['known']): Sides {
    const { listing } = this.options
    return { bids: plainLevels(listing.levels(bids)), asks: plainLevels(listing.levels(asks)) }
  }

  private get names() {
    const { symbol } = this.options.place
    return { streamName: `books:${symbol}`, arg: { channel: 'books', symbol } }
  }

  private drawFall(): number {
    return FALL_AFTER_MIN + this.chance.below(FALL_AFTER_MORE)
  }
}
