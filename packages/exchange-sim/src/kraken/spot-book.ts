import type { LevelText } from '../emission-log.ts'
import { hashOf } from '../instruments.ts'
import { bookContent } from '../stage/contents.ts'
import type { HouseMessage } from '../stage/house.ts'
import { DepthWindow, type WindowDiff } from '../stage/window.ts'
import { type BookTexts, checksumOf } from './checksum.ts'
import { bookText } from './spot-dialect.ts'

/** Levels a side that a book can be subscribed with. Source: docs.kraken.com as copied 2026-05-27, websocket-v2/book. */
export const DEPTHS: readonly number[] = [10, 25, 100, 500, 1000]

/** One update in so many says a price twice, of which the later one counts. */
const TWICE_SHARE = 20
const CHECKSUMS = 2 ** 32

export interface SpotBookOptions {
  readonly symbol: string
  /** One of DEPTHS. */
  readonly depth: number
  /** A quantity that no level is surprising with. */
  readonly usual: string
  /** The best levels of the market: as they were when books were told last, and at present. */
  readonly before: (depth: number) => WindowDiff
  readonly top: (depth: number) => WindowDiff
  /** Levels as they are written at present. */
  readonly texts: (levels: WindowDiff['bids']) => LevelText[]
}

/** When something is told: the time of the engine's last change, and of the telling, milliseconds. */
export interface Moment {
  readonly timeMs: number
  readonly nowMs: number
}

/**
 * A pair's book of one depth as its subscribers know it. Levels that better ones push out are not told as removed, and
 * nothing is numbered: a checksum of the best levels is all that a listener can compare.
 */
export class SpotBook {
  private readonly options: SpotBookOptions
  private readonly window: DepthWindow

  constructor(options: SpotBookOptions) {
    this.options = options
    this.window = new DepthWindow(options.depth, 'deleted')
    this.window.move(options.before(options.depth))
  }

  /** Our name of the subscription. */
  get streamName(): string {
    return bookName(this.options.symbol, this.options.depth)
  }

  /** The book as it was told last. */
  whole(moment: Moment): HouseMessage {
    return this.message(this.known(), moment, true)
  }

  /** What has changed since; null: nothing. */
  update(moment: Moment): HouseMessage | null {
    const diff = this.window.move(this.options.top(this.options.depth))
    if (diff === null) return null
    const bids = this.options.texts(diff.bids)
    const asks = this.options.texts(diff.asks)
    const isTwice = hashOf(`twice ${this.streamName} ${moment.nowMs}`) % TWICE_SHARE === 0
    const told = isTwice ? { bids: this.firstTwice(bids), asks: this.firstTwice(asks) } : { bids, asks }
    return this.message(told, moment, false)
  }

  private known(): BookTexts {
    const { bids, asks } = this.window.known
    return { bids: this.options.texts(bids), asks: this.options.texts(asks) }
  }

  private firstTwice(levels: readonly LevelText[]): readonly LevelText[] {
    const [first] = levels
    return first === undefined ? levels : [[first[0], this.options.usual], ...levels]
  }

  private message(told: BookTexts, moment: Moment, isSnapshot: boolean): HouseMessage {
    const right = checksumOf(this.known())
    const saying = (checksum: number) => this.saying(checksum, told, moment, isSnapshot)
    // Nothing that is stored tells 0 from an absent checksum.
    const wrong = (right + 1) % CHECKSUMS || 1
    return {
      ...saying(right),
      spoiled: (fault) => (fault === 'wrongChecksum' ? saying(wrong) : null),
    }
  }

  private saying(checksum: number, told: BookTexts, moment: Moment, isSnapshot: boolean): HouseMessage {
    const { symbol, depth } = this.options
    const { timeMs, nowMs } = moment
    const place = { exchange: 'kraken', market: 'spot', symbol, stream: 'book', table: 'spot_delta' } as const
    const content = bookContent(
      { ...place, atMs: nowMs },
      { engineMs: timeMs },
      { ...told, isSnapshot, checksum, depth },
    )
    const text = bookText({ ...told, symbol, isSnapshot, checksum, timeMs })
    const textFor = counted(text)
    return { streamName: this.streamName, kind: 'proven', contents: [content], textFor }
  }
}

export function bookName(symbol: string, depth: number): string {
  return `book-${depth}:${symbol}`
}

/** A text that is the same for everybody; frames are counted, to know who has heard nothing for a while. */
export function counted(text: string): HouseMessage['textFor'] {
  return (peer) => {
    peer.frames += 1
    return text
  }
}
