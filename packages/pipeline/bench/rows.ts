import { EventBatch, EventKind, type ExchangeMarket, StringTable } from '@cryptoflow/model'
import { type BenchFrame, type FrameSet, without } from './frames.ts'
import { type Bench, type Line, rateLine, type SkippedLine } from './line.ts'
import { medianCpuSeconds, SEVEN } from './measure.ts'
import { appendNine, type NineReader, openNine } from './nine-columns.ts'
import { isTruthTable, openBuffers, openOurs, type RowReader } from './our-rows.ts'
import { openPlain } from './plain-rows.ts'
import { appendMapped, numbersOf, rowDifference } from './row-check.ts'
import { type LoadedTardis, type MappedMessage, openTardis, type Tardis } from './tardis.ts'

/** Frames between two uses of the row buffers, as a lane decodes them: block by block. */
const FRAMES_PER_BLOCK = 256

const OVER_TARDIS = { floor: 6, goal: 8 }
const OVER_PLAIN = { floor: 4, goal: 6 }

/**
 * Decode and normalize, bytes to rows in columns, rows per CPU second: over the tardis mappers, and over JSON.parse
 * and Number into the same columns. Targets are those of the mixed set. The same in the nine columns of the measurements
 * that the targets come from.
 */
export function rowsBench(
  name: string,
  setOf: () => Promise<FrameSet>,
  tardisOf: () => LoadedTardis | string,
): Bench {
  return {
    name: `rows, ${name}`,
    async run() {
      const set = await setOf()
      const lines: (Line | SkippedLine)[] = [await overPlain(set)]
      const loaded = tardisOf()
      if (typeof loaded === 'string') {
        return [...lines, { name: `rows, ${name}, over tardis-dev`, skipped: loaded }]
      }
      // It has no mapper for aggregates: they cannot be asked of it.
      return [...lines, ...(await overTardis(without(EventKind.aggregate, set), loaded))]
    },
  }
}

async function overPlain(set: FrameSet): Promise<Line> {
  const { rows, isEqual } = rowsLikePlain(set)
  const ourBuffers = openBuffers()
  const plainBuffers = openBuffers()
  const [ours, plain] = await medianCpuSeconds(
    [() => readAll(set, openOurs(set, ourBuffers)), () => readAll(set, openPlain(set, plainBuffers))],
    SEVEN,
  )
  const rates = { ours: isEqual ? rows / (ours as number) : 0, yardstick: rows / (plain as number) }
  const targets = set.name === 'mixed' ? OVER_PLAIN : undefined
  return rateLine(`rows, ${set.name}, over JSON.parse + Number`, 'rows/CPU-s', rates, targets)
}

async function overTardis(set: FrameSet, { tardis, version }: LoadedTardis): Promise<Line[]> {
  const { rows, isEqual } = rowsLikeTardis(set, tardis)
  // Opening them is no part of the work that is measured.
  const mappers = openTardis(tardis, set)
  const buffers = openBuffers()
  const batch = new EventBatch(new StringTable())
  const nine = openNine(set)
  const [ours, inNine, decoded, theirs] = await medianCpuSeconds(
    [
      () => readAll(set, openOurs(set, buffers)),
      () => readNine(set, nine),
      () => decodeAll(set, batch),
      () => mapAll(set, mappers),
    ],
    SEVEN,
  )
  const unit = 'rows/CPU-s'
  const yardstick = rows / (theirs as number)
  const rate = (seconds: number | undefined) => (isEqual ? rows / (seconds as number) : 0)
  const targets = set.name === 'mixed' ? OVER_TARDIS : undefined
  const over = `over tardis-dev ${version}`
  return [
    rateLine(`rows, ${set.name}, ${over}`, unit, { ours: rate(ours), yardstick }, targets),
    rateLine(
      `rows, ${set.name}, in nine columns ${over}`,
      unit,
      { ours: areNineLikeTardis(set, tardis) ? rate(inNine) : 0, yardstick },
      targets,
    ),
    rateLine(`rows, ${set.name}, decode alone ${over}`, unit, {
      ours: rate(decoded),
      yardstick,
    }),
  ]
}

/** Bytes to events in columns: what is left of a message before it is judged and written out row by row. */
function decodeAll(set: FrameSet, batch: EventBatch): void {
  for (let i = 0; i < set.frames.length; i++) {
    if (i % FRAMES_PER_BLOCK === 0) batch.clear()
    const { bytes, source } = set.frames[i] as BenchFrame
    ;(set.sources[source] as ExchangeMarket).decodeFrame(bytes, batch)
  }
}

function readNine(set: FrameSet, reader: NineReader): void {
  for (let i = 0; i < set.frames.length; i++) {
    if (i % FRAMES_PER_BLOCK === 0) reader.reset()
    reader.read(set.frames[i] as BenchFrame)
  }
}

function readAll(set: FrameSet, reader: RowReader): void {
  for (let i = 0; i < set.frames.length; i++) {
    if (i % FRAMES_PER_BLOCK === 0) reader.reset()
    reader.read(set.frames[i] as BenchFrame, i)
  }
}

/** What a user of the mapped objects does at least: looks at each level. */
let consumed = 0

function mapAll(set: FrameSet, mappers: ReturnType<typeof openTardis>): number {
  const take = (mapped: MappedMessage): void => {
    if (mapped.type === 'book_change') {
      for (const { amount } of mapped.bids) consumed += amount
      for (const { amount } of mapped.asks) consumed += amount
    } else consumed += mapped.type === 'trade' ? mapped.amount : mapped.bidAmount
  }
  for (let i = 0; i < set.frames.length; i++) mappers.read(i, take)
  return consumed
}

/** Rows of a set, and whether both sides make the same. */
interface Verified {
  readonly rows: number
  readonly isEqual: boolean
}

/** Every column of every row must be what the plain way makes it. */
function rowsLikePlain(set: FrameSet): Verified {
  const ours = openOurs(set)
  const plain = openPlain(set)
  let rows = 0
  let isEqual = true
  for (const [i, frame] of set.frames.entries()) {
    ours.read(frame, i)
    plain.read(frame, i)
    if ((i + 1) % FRAMES_PER_BLOCK !== 0 && i + 1 < set.frames.length) continue
    isEqual &&= isNone(rowDifference(dataTables(ours), dataTables(plain)))
    rows += countRows(ours)
    ours.reset()
    plain.reset()
  }
  return { rows, isEqual }
}

/** The number of rows and every price and quantity must be what the mappers say. */
function rowsLikeTardis(set: FrameSet, tardis: Tardis): Verified {
  const ours = openOurs(set)
  const mappers = openTardis(tardis, set)
  let mapped = new Map<string, number[]>()
  let rows = 0
  let isEqual = true
  for (const [i, frame] of set.frames.entries()) {
    ours.read(frame, i)
    mappers.read(i, (message) => appendMapped(mapped, message))
    if ((i + 1) % FRAMES_PER_BLOCK !== 0 && i + 1 < set.frames.length) continue
    isEqual &&= isNone(listDifference(numbersOf(dataTables(ours)), mapped))
    rows += countRows(ours)
    ours.reset()
    mapped = new Map()
  }
  return { rows, isEqual }
}

/** Every price and quantity must be what the mappers say. */
function areNineLikeTardis(set: FrameSet, tardis: Tardis): boolean {
  const nine = openNine(set)
  const mappers = openTardis(tardis, set)
  let isEqual = true
  for (const [i, frame] of set.frames.entries()) {
    const ours = new Map<string, number[]>()
    const mapped = new Map<string, number[]>()
    nine.reset()
    nine.read(frame)
    appendNine(ours, nine)
    mappers.read(i, (message) => appendMapped(mapped, message))
    isEqual &&= isNone(listDifference(ours, mapped))
  }
  return isEqual
}

function listDifference(ours: Map<string, number[]>, theirs: Map<string, number[]>): string | null {
  for (const kind of new Set([...ours.keys(), ...theirs.keys()])) {
    const a = (ours.get(kind) ?? []).toSorted((x, y) => x - y)
    const b = (theirs.get(kind) ?? []).toSorted((x, y) => x - y)
    if (a.length !== b.length) return `${kind}: ${a.length} numbers, tardis has ${b.length}`
    const at = a.findIndex((value, i) => value !== b[i])
    if (at >= 0) return `${kind}: ${a[at]}, tardis has ${b[at]}`
  }
  return null
}

/** Says the difference where there is one. */
function isNone(difference: string | null): boolean {
  if (difference !== null) process.stderr.write(`rows: ${difference}\n`)
  return difference === null
}

/** Without gap and coverage rows: no yardstick tells what it missed. */
function dataTables({ tables }: RowReader): RowReader['tables'] {
  return new Map([...tables].filter(([table]) => !isTruthTable(table)))
}

function countRows(reader: RowReader): number {
  let rows = 0
  for (const { count } of dataTables(reader).values()) rows += count
  return rows
}
