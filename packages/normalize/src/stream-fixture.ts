import type { Market } from '@cryptoflow/model'
import { FakeLane, type Level, type Message, type Row, START_US, type Step } from './lane-fixture.ts'
import type { NormalizerOptions } from './normalizer-options.ts'

/** For tests: one stream of the exchange whose books begin in their streams, and what its rows say in short. */

export const SYMBOL = 'BTCUSDT'
export const BOOK: Level[] = [
  ['bid', '10.0', '1'],
  ['bid', '9.0', '2'],
  ['ask', '11.0', '3'],
  ['ask', '12.0', '4'],
]
export const gapColumns = [
  'state',
  'cause',
  'from_seq',
  'to_seq',
  'from_ts',
  'to_ts',
  'missing',
  'detail',
] as const

/** A lane that hears one stream of the exchange whose books begin in their streams; the connect is record 1. */
export class Stream {
  readonly lane: FakeLane
  private readonly market: Market
  private readonly stream: string
  connection = 0

  constructor(market: Market, stream = 'depth', options: Partial<NormalizerOptions> = {}) {
    this.lane = new FakeLane(options)
    this.market = market
    this.stream = stream
    this.connect()
  }

  /** `depth`: as the connect record says it. */
  connect(depth?: number): void {
    const subscriptions = [[SYMBOL, this.stream, depth] as const]
    this.lane.play({ kind: 'connect', exchange: 'other', market: this.market, subscriptions })
    this.connection = this.lane.number
  }

  disconnect(): Row[] {
    return this.lane.play({ kind: 'disconnect', connection: this.connection })
  }

  reconnect(depth?: number): void {
    this.disconnect()
    this.connect(depth)
  }

  hear(
    kind: 'delta' | 'snapshot',
    seq: number,
    levels: readonly Level[],
    more: Partial<Message> = {},
  ): Row[] {
    const message: Message = { kind, stream: this.stream, first: seq, levels, ...more }
    return this.lane.play({ kind: 'frame', connection: this.connection, messages: [message] })
  }

  snapshot(seq: number, levels: readonly Level[] = BOOK, more: Partial<Message> = {}): Row[] {
    return this.hear('snapshot', seq, levels, more)
  }

  delta(seq: number, levels: readonly Level[] = [['bid', '9.5', '1']], more: Partial<Message> = {}): Row[] {
    return this.hear('delta', seq, levels, more)
  }

  play(step: Step): Row[] {
    return this.lane.play(step)
  }

  asked(): number {
    return this.lane.wanted.length
  }

  /** The book as the checkpoint shows it that the next cell brings, after a change. */
  levels(): unknown[] {
    const image = JSON.parse(new TextDecoder().decode(this.lane.normalizer.image()))
    return image.keys[0].keeper.bids === null
      ? []
      : ['bids', 'asks'].map((side) => image.keys[0].keeper[side].prices.mantissas)
  }

  state(): string {
    const image = JSON.parse(new TextDecoder().decode(this.lane.normalizer.image()))
    return image.keys[0].keeper.state
  }
}

export const of = (rows: readonly Row[], table: string): Row[] => rows.filter((row) => row.table === table)
export const gaps = (rows: readonly Row[]): unknown[][] =>
  of(rows, 'gaps').map((row) => gapColumns.map((name) => row[name]))
export const labels = (rows: readonly Row[]): unknown[] => [
  ...new Set(rows.filter(({ table }) => String(table).endsWith('_delta')).map((row) => row.book_state)),
]
export const images = (rows: readonly Row[], kind: string): unknown[][] =>
  rows
    .filter((row) => String(row.table).endsWith('_ob') && row.kind === kind)
    .map((row) => [row.side, row.level, row.price, row.quantity])
export const BOOK_IMAGE = [
  ['bid', 0, '10.0', '1'],
  ['bid', 1, '9.0', '2'],
  ['ask', 0, '11.0', '3'],
  ['ask', 1, '12.0', '4'],
]
export const at = (records: number): number => START_US + 1_000 * records
