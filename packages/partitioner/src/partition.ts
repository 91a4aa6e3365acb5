import { assert, type TableContract } from '@cryptoflow/model'

/** Where a row lies: `values` are Iceberg's partition values in spec order, `key` is one text for them. */
export interface TablePartition {
  /** Equal for rows of one partition of one table; an index for maps, never a path. */
  readonly key: string
  /** Hours or days since 1970-01-01 UTC, then the exchange where the table has it. */
  readonly values: readonly (number | string | null)[]
  /** It has the event times `fromUs ... untilUs - 1`. */
  readonly fromUs: number
  readonly untilUs: number
}

const WIDTH_US = { hour: 3_600_000_000, day: 86_400_000_000 } as const

interface Memo {
  exchange: string
  time: number
  partition: TablePartition
}

const NOWHERE = freeze('', [], Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)

/** The last answer per table: rows come in runs of one partition. Holds no meaning, only time saved. */
const memos = new WeakMap<TableContract, Memo>()

/**
 * The partition of a row of `contract`, as Iceberg's `hour` and `day` transforms of `event_ts` say it.
 *
 * `eventUs`: microseconds since 1970, whole, negative before it. Answers are frozen and may be shared.
 */
export function partitionOf(contract: TableContract, exchange: string, eventUs: number): TablePartition {
  if (contract.partition === null) return NOWHERE
  const width = WIDTH_US[contract.partition.time]
  const time = floorDivide(eventUs, width)
  const memo = memos.get(contract)
  if (memo !== undefined && memo.time === time && memo.exchange === exchange) return memo.partition
  const values = contract.partition.byExchange ? [time, exchange] : [time]
  const partition = freeze(values.join(' '), values, time * width, (time + 1) * width)
  memos.set(contract, { exchange, time, partition })
  return partition
}

/**
 * The largest whole number whose product with `divisor` is not above `value`.
 *
 * A float quotient may round up to the border that the value has not reached; the product is exact and tells.
 */
function floorDivide(value: number, divisor: number): number {
  assert(Number.isSafeInteger(value), 'an event time is whole microseconds')
  const quotient = Math.floor(value / divisor)
  return quotient * divisor > value ? quotient - 1 : quotient
}

function freeze(key: string, values: (number | string)[], fromUs: number, untilUs: number): TablePartition {
  return Object.freeze({ key, values: Object.freeze(values), fromUs, untilUs })
}
