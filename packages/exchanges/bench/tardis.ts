import { type DecimalColumn, EventBatch, EventKind, StringTable } from '@cryptoflow/model'
import { type BenchFrame, inOneBlock, type Protocol } from './frames.ts'
import { type BenchLine, type RatioTarget, rateLine } from './line.ts'
import { check, decoding, medianCpuSeconds } from './measure.ts'

/** What we use of `tardis-dev`, the package of github.com/tardis-dev/tardis-node: a maker of mappers by kind. */
export type Tardis = Readonly<Record<MapperKind, (exchange: string, localTimestamp: Date) => Mapper>>

export type MapperKind = 'normalizeTrades' | 'normalizeBookChanges' | 'normalizeBookTickers'

export interface LoadedTardis {
  readonly tardis: Tardis
  readonly version: string
}

interface Mapper {
  canHandle(message: unknown): boolean
  map(message: unknown, localTimestamp: Date): Iterable<MappedMessage> | undefined
}

interface MappedLevel {
  readonly price: number
  readonly amount: number
}

type MappedMessage =
  | {
      readonly type: 'book_change'
      readonly bids: readonly MappedLevel[]
      readonly asks: readonly MappedLevel[]
    }
  | { readonly type: 'trade'; readonly price: number; readonly amount: number; readonly side?: string }
  | {
      readonly type: 'book_ticker'
      readonly bidPrice: number
      readonly bidAmount: number
      readonly askPrice: number
      readonly askAmount: number
    }

/** How tardis-dev reads a protocol. */
export interface Mapping {
  /** Its name of the exchange. */
  readonly exchange: string
  readonly kinds: readonly MapperKind[]
  /** Where it maps no delta before a snapshot: an empty one that the message joins, and the book it is of. */
  snapshotBefore?(message: unknown): { readonly book: string; readonly snapshot: unknown } | null
}

/**
 * Our decoder beside the mappers of tardis-dev, which are called directly, without the async iterator of its feeds and
 * with one received time for all messages: both make it faster than its users have it. Both sides must give the same
 * trades, levels and quotes, frame by frame, with the same prices and quantities.
 */
export function overTardis(
  name: string,
  mapped: readonly BenchFrame[],
  { tardis }: LoadedTardis,
  target: RatioTarget,
): BenchLine {
  const frames = inOneBlock(mapped)
  const checked = check(name, frames)
  const difference = differenceFromMapped(frames, tardis)
  if (difference !== null) process.stderr.write(`${name}: ${difference}\n`)
  const read = openMappers(tardis, frames)
  const { seen, look } = looker()
  const [ours = 0, yardstick = 0] = medianCpuSeconds([
    decoding(frames),
    () => {
      for (let i = 0; i < frames.length; i++) read(frames[i] as BenchFrame, look)
    },
  ])
  const isRight = checked.isRight && difference === null && seen.total > 0
  return rateLine(name, { rows: checked.rows, isRight, ours, yardstick }, target)
}

type Read = (frame: BenchFrame, take: (mapped: MappedMessage) => void) => void

function openMappers(tardis: Tardis, frames: readonly BenchFrame[]): Read {
  // As if connected now: by this time its mappers choose the version of a protocol.
  const receivedAt = new Date()
  const byProtocol = new Map<Protocol, readonly Mapper[]>()
  for (const { protocol } of frames) {
    const { mapping } = protocol
    if (mapping === null || byProtocol.has(protocol)) continue
    byProtocol.set(
      protocol,
      mapping.kinds.map((kind) => tardis[kind](mapping.exchange, receivedAt)),
    )
  }
  const read: Read = ({ protocol, bytes }, take) => {
    readMessage(byProtocol.get(protocol) as readonly Mapper[], JSON.parse(bytes.toString('utf8')), take)
  }
  const loaded = new Set<string>()
  for (const { protocol, bytes } of frames) {
    if (protocol.mapping?.snapshotBefore === undefined) continue
    const before = protocol.mapping.snapshotBefore(JSON.parse(bytes.toString('utf8')))
    const book = `${protocol.mapping.exchange} ${before?.book}`
    if (before === null || loaded.has(book)) continue
    loaded.add(book)
    readMessage(byProtocol.get(protocol) as readonly Mapper[], before.snapshot, () => {})
  }
  return read

  function readMessage(
    mappers: readonly Mapper[],
    message: unknown,
    take: (mapped: MappedMessage) => void,
  ): void {
    for (const mapper of mappers) {
      if (!mapper.canHandle(message)) continue
      const mapped = mapper.map(message, receivedAt)
      if (mapped) for (const item of mapped) take(item)
    }
  }
}

/** What a user of the mapped objects does at least: looks at each level. */
function looker() {
  const seen = { total: 0 }
  const look = (mapped: MappedMessage): void => {
    if (mapped.type === 'book_change') {
      for (const { amount } of mapped.bids) seen.total += amount
      for (const { amount } of mapped.asks) seen.total += amount
    } else seen.total += mapped.type === 'trade' ? mapped.amount : mapped.bidAmount
  }
  return { seen, look }
}

/** The first frame of which both make different rows, as a sentence; null when there is none. */
export function differenceFromMapped(frames: readonly BenchFrame[], tardis: Tardis): string | null {
  const read = openMappers(tardis, frames)
  const batch = new EventBatch(new StringTable())
  for (const frame of frames) {
    batch.clear()
    frame.protocol.market.decodeFrame(frame.bytes, batch)
    const ours = rowsOf(batch).sort().join('; ')
    const theirs: string[] = []
    read(frame, (mapped) => theirs.push(...rowsOfMapped(mapped)))
    if (ours !== theirs.sort().join('; ')) {
      return `${frame.bytes.toString().slice(0, 200)}: ${ours.slice(0, 200)}, tardis has ${theirs.join('; ').slice(0, 200)}`
    }
  }
  return null
}

const sides = ['bid', 'ask', 'buy', 'sell']

function rowsOf(batch: EventBatch): string[] {
  const rows: string[] = []
  for (let event = 0; event < batch.count; event++) {
    const family = batch.kind[event] === EventKind.quote ? 'quote ' : ''
    for (let row = batch.entryStart[event] as number; row < (batch.entryStart[event + 1] as number); row++) {
      const side = sides[batch.side[row] as number]
      rows.push(`${family}${side} ${nearest(batch.price, row)} ${nearest(batch.quantity, row)}`)
    }
  }
  return rows
}

/** The float nearest to the exact number, as every reader of JSON makes it. */
function nearest(column: DecimalColumn, row: number): number {
  return Number(`${column.mantissa(row)}e-${column.scales[row]}`)
}

function rowsOfMapped(mapped: MappedMessage): string[] {
  if (mapped.type === 'trade') return [`${mapped.side} ${mapped.price} ${mapped.amount}`]
  if (mapped.type === 'book_ticker') {
    const { bidPrice, bidAmount, askPrice, askAmount } = mapped
    return [`quote bid ${bidPrice} ${bidAmount}`, `quote ask ${askPrice} ${askAmount}`]
  }
  const rowOf = (side: string) => (level: MappedLevel) => `${side} ${level.price} ${level.amount}`
  return [...mapped.bids.map(rowOf('bid')), ...mapped.asks.map(rowOf('ask'))]
}
