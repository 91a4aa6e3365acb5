import { type EventBatch, EventKind, type FundingDetail } from '@cryptoflow/model'
import { appendDetail, optionalUnsigned, TIMELESS } from '../details.ts'
import { FieldReader, field, isObject, type JsonObject } from '../json.ts'
import { readRfcTime } from '../rfc-time.ts'

/**
 * Funding rates and open interest of the perpetual contracts, as Advanced Trade's list of products tells them:
 * in `future_product_details`, of contracts of Coinbase International in its `perpetual_details`. No socket tells
 * them, and no list tells when they were so. An empty text is absent.
 *
 * Source: docs.cdp.coinbase.com, Advanced Trade REST, "List public products", read 2026-09-27.
 */

/** Seconds, as `3600s`; other spellings are not documented and count as absent. */
const INTERVAL = /^(\d{1,9})s$/
const HOUR_S = 3600

/** Where a product tells about its contract: the general part, and the one of perpetual contracts. */
interface ContractParts {
  readonly future: FieldReader
  readonly futureRow: JsonObject
  readonly perpetual: FieldReader
  readonly perpetualRow: JsonObject
}

function partsOf(row: JsonObject): ContractParts | null {
  const futureRow = field(row, 'future_product_details')
  if (!isObject(futureRow)) return null
  const inside = field(futureRow, 'perpetual_details')
  const perpetualRow = isObject(inside) ? inside : {}
  return {
    future: new FieldReader(futureRow),
    futureRow,
    perpetual: new FieldReader(perpetualRow),
    perpetualRow,
  }
}

/** Appends what one product tells of its funding; nothing when it tells neither a rate nor an index. */
export function readFunding(fields: FieldReader, row: JsonObject, stream: number, out: EventBatch): void {
  const parts = partsOf(row)
  if (parts === null) return
  const { future, perpetual } = parts
  const detail: FundingDetail = {
    markPrice: null,
    indexPrice: optionalUnsigned(future, 'index_price'),
    estimatedSettlePrice: null,
    fundingRate: perpetual.optionalDecimal('funding_rate') ?? future.optionalDecimal('funding_rate'),
    predictedRate: null,
    fundingUs: fundingTimeOf(parts),
    intervalHours: hoursOf(field(parts.futureRow, 'funding_interval')),
    kind: 'current',
  }
  fields.refusal ??= future.refusal ?? perpetual.refusal
  if (detail.fundingRate === null && detail.indexPrice === null && fields.refusal === null) return
  const symbol = fields.symbol('product_id', out.names)
  appendDetail({ kind: EventKind.funding, symbol, stream, ...TIMELESS, detail }, out)
}

function fundingTimeOf({ future, futureRow, perpetualRow }: ContractParts): number {
  const own = field(perpetualRow, 'funding_time')
  const time = isAbsent(own) ? field(futureRow, 'funding_time') : own
  return isAbsent(time) ? Number.NaN : readRfcTime(future, time, 'funding_time')
}

function isAbsent(json: unknown): boolean {
  return json === undefined || json === null || json === ''
}

/** NaN where the interval is not of whole hours. */
function hoursOf(json: unknown): number {
  const seconds = typeof json === 'string' ? Number(INTERVAL.exec(json)?.[1]) : Number.NaN
  return seconds > 0 && seconds % HOUR_S === 0 ? seconds / HOUR_S : Number.NaN
}

/** Appends the open interest of one product, in base units; nothing when it tells none. */
export function readOpenInterest(
  fields: FieldReader,
  row: JsonObject,
  stream: number,
  out: EventBatch,
): void {
  const parts = partsOf(row)
  if (parts === null) return
  const { future, perpetual } = parts
  const openInterest =
    optionalUnsigned(perpetual, 'open_interest') ?? optionalUnsigned(future, 'open_interest')
  fields.refusal ??= future.refusal ?? perpetual.refusal
  if (openInterest === null) return
  const symbol = fields.symbol('product_id', out.names)
  const detail = { openInterest, value: null }
  appendDetail({ kind: EventKind.openInterest, symbol, stream, ...TIMELESS, detail }, out)
}
