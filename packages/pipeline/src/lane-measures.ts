import { type EventBatch, type ExchangeMarket, type InstrumentKey, marketText } from '@cryptoflow/model'
import type { KeyCounters, Normalizer, OperatorTally, Span } from '@cryptoflow/normalize'
import type {
  BlockMeasures,
  BookMeasure,
  CutMeasures,
  DeadLetterMeasure,
  GapMeasure,
  KeyMeasure,
  StreamMeasure,
} from './measure.ts'
import type { OpenPartition } from './partitions.ts'

/** Counts messages by stream and symbol, one look at a number each. */
export interface StreamMeter {
  /** The events `from ...` of the batch are those of one message. */
  count(market: ExchangeMarket, batch: EventBatch, from: number, receivedUs: number): void
  /** What was counted since the last call. */
  take(): StreamMeasure[]
}

/** Above all ids of a process's strings, and exact when multiplied by one of them. */
const STREAM_STEP = 2 ** 26

interface Meter {
  readonly market: ExchangeMarket
  readonly stream: number
  readonly symbol: number
  messages: number
  latencyMs: number
}

/** `textOf` gives the texts of the batch's ids. */
export function openStreamMeter(textOf: (id: number) => string): StreamMeter {
  let markets = new Map<ExchangeMarket, Map<number, Meter>>()
  return {
    count(market, batch, from, receivedUs) {
      if (batch.count === from) return
      const last = batch.count - 1
      const stream = batch.stream[last] as number
      const symbol = batch.symbol[last] as number
      const meters = markets.get(market) ?? new Map<number, Meter>()
      markets.set(market, meters)
      const id = stream * STREAM_STEP + symbol
      let meter = meters.get(id)
      if (meter === undefined) {
        meter = { market, stream, symbol, messages: 0, latencyMs: Number.NaN }
        meters.set(id, meter)
      }
      meter.messages += 1
      const sentUs = batch.sentUs[last] as number
      meter.latencyMs =
        (receivedUs - (Number.isNaN(sentUs) ? (batch.engineUs[last] as number) : sentUs)) / 1000
    },
    take() {
      const all = [...markets.values()].flatMap((meters) => [...meters.values()])
      markets = new Map()
      return all.map(({ market, stream, symbol, messages, latencyMs }) => ({
        exchange: market.exchange,
        market: market.market,
        stream: textOf(stream),
        symbol: textOf(symbol),
        messages,
        latencyMs: Number.isNaN(latencyMs) ? null : Math.max(0, latencyMs),
      }))
    },
  }
}

/** Adds up how long operators work. */
export interface SpanMeter {
  readonly span: Span
  /** Since the last call. */
  take(): BlockMeasures['operators']
}

export function openSpanMeter(nowUs: () => number): SpanMeter {
  let spent = new Map<string, number>()
  return {
    span(operator, isBegun) {
      const us = nowUs()
      spent.set(operator, (spent.get(operator) ?? 0) + (isBegun ? -us : us))
    },
    take() {
      const all = [...spent].map(([operator, us]) => ({ operator, seconds: us / 1e6 }))
      spent = new Map()
      return all
    },
  }
}

/** What happened to the keys of a normalizer since the last call, and how their books stand. */
export interface KeyMeter {
  take(): { readonly keys: KeyMeasure[]; readonly books: BookMeasure[] }
}

export function openKeyMeter(normalizer: Pick<Normalizer, 'keyCounters' | 'outstanding'>): KeyMeter {
  const before = new Map<string, KeyMeasure>()
  const grownBy = ({ key, counters }: KeyCounters): KeyMeasure => {
    const id = `${marketText(key)}\0${key.symbol}`
    const last = before.get(id)
    const { gaps, duplicates, late } = counters
    before.set(id, { ...key, gaps, duplicates, late })
    return {
      ...key,
      gaps: gaps - (last?.gaps ?? 0),
      duplicates: duplicates - (last?.duplicates ?? 0),
      late: late - (last?.late ?? 0),
    }
  }
  return {
    take() {
      const all = normalizer.keyCounters()
      return {
        keys: all.map(grownBy).filter(({ gaps, duplicates, late }) => gaps + duplicates + late > 0),
        books: booksOf(all, normalizer.outstanding()),
      }
    },
  }
}

/** What operators did since the last call, and how many ids are remembered. */
export interface OperatorMeter {
  take(): Pick<CutMeasures, 'operators' | 'ids'>
}

export function openOperatorMeter(normalizer: Pick<Normalizer, 'operatorTallies'>): OperatorMeter {
  const before = new Map<string, number>()
  const grownBy = (tally: OperatorTally): OperatorTally => {
    const id = [marketText(tally), tally.operator, tally.outcome].join('\0')
    const count = tally.count - (before.get(id) ?? 0)
    before.set(id, tally.count)
    return { ...tally, count }
  }
  return {
    take() {
      const { operators, ids } = normalizer.operatorTallies()
      return { operators: operators.map(grownBy).filter(({ count }) => count > 0), ids }
    },
  }
}

function booksOf(keys: readonly KeyCounters[], asking: ReturnType<Normalizer['outstanding']>): BookMeasure[] {
  const waiting = Map.groupBy(asking, marketText)
  const live = Map.groupBy(
    keys.filter(({ levels }) => levels !== null).map(({ key }) => key),
    marketText,
  )
  return [...new Set([...waiting.keys(), ...live.keys()])].map((name) => {
    const [first] = [...(live.get(name) ?? []), ...(waiting.get(name) ?? [])]
    const { exchange, market } = first as InstrumentKey
    return { exchange, market, live: live.get(name)?.length ?? 0, waiting: waiting.get(name)?.length ?? 0 }
  })
}

/** Sizes of holes that are told of one barrier. */
const GAP_SIZES_MAX = 1000

/** The rows that a barrier takes to the table of gaps, by table. */
export function gapMeasures(partitions: readonly OpenPartition[]): GapMeasure[] {
  const found = new Map<string, GapMeasure & { rows: number; sizes: number[] }>()
  for (const { buffer } of rowsOf(partitions, 'gaps')) {
    const text = textsOf(buffer)
    const { missing } = buffer.columns as unknown as { missing: { values: Float64Array } }
    for (let row = 0; row < buffer.count; row++) {
      const [exchange, market, table] = [text('exchange', row), text('market', row), text('table_name', row)]
      const id = `${exchange}\0${market}\0${table}`
      const known = found.get(id) ?? { exchange, market, table, rows: 0, sizes: [] }
      found.set(id, known)
      known.rows += 1
      const size = missing.values[row] as number
      if (!Number.isNaN(size) && known.sizes.length < GAP_SIZES_MAX) known.sizes.push(size)
    }
  }
  return [...found.values()]
}

/** The rows that a barrier takes to the table of dead letters, by reason. */
export function deadLetterMeasures(partitions: readonly OpenPartition[]): DeadLetterMeasure[] {
  const found = new Map<string, DeadLetterMeasure & { count: number }>()
  for (const { buffer } of rowsOf(partitions, 'dead_letter')) {
    const text = textsOf(buffer)
    for (let row = 0; row < buffer.count; row++) {
      const [exchange, market, reason] = [text('exchange', row), text('market', row), text('reason', row)]
      const id = `${exchange}\0${market}\0${reason}`
      const known = found.get(id) ?? { exchange, market, reason, count: 0 }
      found.set(id, known)
      known.count += 1
    }
  }
  return [...found.values()]
}

function rowsOf(
  partitions: readonly OpenPartition[],
  name: 'gaps' | 'dead_letter',
): readonly OpenPartition[] {
  return partitions.filter(({ table }) => table === name)
}

/** The text of a name column of a row. */
function textsOf({ columns, names }: OpenPartition['buffer']): (column: string, row: number) => string {
  const all = columns as Readonly<Record<string, { readonly values: Int32Array }>>
  return (column, row) => names.text(all[column]?.values[row] as number)
}
