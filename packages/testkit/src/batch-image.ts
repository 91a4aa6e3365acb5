import {
  type DecimalColumn,
  EventBatch,
  type EventDetail,
  EventKind,
  Side,
  StringTable,
} from '@cryptoflow/model'

const eventColumns = [
  'kind',
  'symbol',
  'stream',
  'engineUs',
  'sentUs',
  'firstSeq',
  'lastSeq',
  'prevSeq',
  'firstTradeId',
  'lastTradeId',
  'tradeType',
  'checksum',
] as const

type Numbers = Float64Array | Int32Array | Uint8Array

/** What a batch held at one moment, bit for bit. */
export interface BatchImage {
  readonly count: number
  readonly entryCount: number
  readonly columns: readonly (readonly [name: string, values: Numbers])[]
  readonly details: ReadonlyMap<number, EventDetail>
  readonly textIds: ReadonlyMap<number, string>
  readonly wide: readonly (readonly [name: string, values: ReadonlyMap<number, bigint>])[]
}

/** The image of all that a batch holds now. */
export function imageOf(batch: EventBatch): BatchImage {
  return {
    count: batch.count,
    entryCount: batch.entryCount,
    columns: columnsOf(batch, batch.count, batch.entryCount).map(([name, values]) => [name, values.slice()]),
    details: new Map(batch.details),
    textIds: new Map(batch.textIds),
    wide: wideOf(batch).map(([name, values]) => [name, new Map(values)]),
  }
}

/** What differs between an image and a batch that should hold the same; null when nothing does. */
export function difference(image: BatchImage, batch: EventBatch): string | null {
  if (batch.count !== image.count) return `count is ${batch.count}, was ${image.count}`
  if (batch.entryCount !== image.entryCount)
    return `entryCount is ${batch.entryCount}, was ${image.entryCount}`
  if (batch.details.size !== image.details.size)
    return `${batch.details.size} details, were ${image.details.size}`
  if (batch.textIds.size !== image.textIds.size)
    return `${batch.textIds.size} text ids, were ${image.textIds.size}`
  for (const [i, [name, values]] of wideOf(batch).entries()) {
    const before = image.wide[i]?.[1].size
    if (values.size !== before) return `${name}.wide has ${values.size} numbers, had ${before}`
  }
  return prefixDifference(image, batch)
}

/** What differs in the part of a batch that an image shows; what was appended since is not looked at. */
export function prefixDifference(image: BatchImage, batch: EventBatch): string | null {
  for (const [i, [name, values]] of columnsOf(batch, image.count, image.entryCount).entries()) {
    const before = image.columns[i]?.[1] as Numbers
    for (let row = 0; row < before.length; row++) {
      if (!Object.is(values[row], before[row])) return `${name}[${row}] is ${values[row]}, was ${before[row]}`
    }
  }
  for (const [event, detail] of image.details) {
    if (batch.details.get(event) !== detail) return `the detail of event ${event} is another`
  }
  for (const [event, id] of image.textIds) {
    if (batch.textIds.get(event) !== id) return `the text id of event ${event} is another`
  }
  for (const [i, [name, values]] of wideOf(batch).entries()) {
    for (const [row, mantissa] of image.wide[i]?.[1] ?? []) {
      if (values.get(row) !== mantissa) return `${name}.wide[${row}] is ${values.get(row)}, was ${mantissa}`
    }
  }
  return null
}

function columnsOf(batch: EventBatch, count: number, entryCount: number): [string, Numbers][] {
  return [
    ...eventColumns.map((name): [string, Numbers] => [name, batch[name].subarray(0, count)]),
    ['entryStart', batch.entryStart.subarray(0, count + 1)],
    ['side', batch.side.subarray(0, entryCount)],
    ...decimalsOf(batch).flatMap(([name, column]): [string, Numbers][] => [
      [`${name}.mantissas`, column.mantissas.subarray(0, entryCount)],
      [`${name}.scales`, column.scales.subarray(0, entryCount)],
    ]),
  ]
}

function decimalsOf(batch: EventBatch): [string, DecimalColumn][] {
  return [
    ['price', batch.price],
    ['quantity', batch.quantity],
  ]
}

function wideOf(batch: EventBatch): [string, ReadonlyMap<number, bigint>][] {
  return decimalsOf(batch).map(([name, column]) => [name, column.wide])
}

/** A mantissa that no float64 holds. */
const WIDE = 12_345_678_901_234_567_890n

/**
 * A batch that was used before: it holds a wide trade with a text id and a funding event, and behind them lies what no decoder may
 * take for its own.
 *
 * New typed arrays are full of zeros, so a decoder that forgets a field would go unseen there.
 */
export function usedBatch(names: StringTable = new StringTable()): EventBatch {
  const batch = new EventBatch(names)
  addTrade(batch)
  addFunding(batch)
  soil(batch)
  return batch
}

function addTrade(batch: EventBatch): void {
  batch.reserveEvent()
  batch.reserveEntries(1)
  setNames(batch, EventKind.trade)
  batch.side[0] = Side.sell
  batch.price.set(0, WIDE, 8)
  batch.quantity.set(0, WIDE, 18)
  batch.entryCount = 1
  batch.textIds.set(batch.count, 'before')
  batch.endEvent()
}

function addFunding(batch: EventBatch): void {
  batch.reserveEvent()
  setNames(batch, EventKind.funding)
  batch.details.set(batch.count, {
    markPrice: { mantissa: 1n, scale: 0 },
    indexPrice: null,
    estimatedSettlePrice: null,
    fundingRate: null,
    predictedRate: null,
    fundingUs: Number.NaN,
    intervalHours: Number.NaN,
    kind: 'current',
  })
  batch.endEvent()
}

function setNames(batch: EventBatch, kind: number): void {
  for (const name of eventColumns) batch[name][batch.count] = kind
  batch.symbol[batch.count] = batch.names.idOf('BEFORE')
  batch.stream[batch.count] = batch.names.idOf('before')
  batch.tradeType[batch.count] = -1
}

const DIRT = 77

/** Fills what is reserved and not in use. */
function soil(batch: EventBatch): void {
  for (const name of eventColumns) batch[name].fill(DIRT, batch.count)
  batch.entryStart.fill(DIRT, batch.count + 1)
  batch.side.fill(DIRT, batch.entryCount)
  for (const [, column] of decimalsOf(batch)) {
    column.mantissas.fill(DIRT, batch.entryCount)
    column.scales.fill(DIRT, batch.entryCount)
  }
}
