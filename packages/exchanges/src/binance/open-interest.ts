import { type EventBatch, EventKind } from '@cryptoflow/model'
import { appendDetail, unsignedDecimal } from '../details.ts'
import type { FieldReader } from '../json.ts'

/**
 * Appends the open interest that the body of REST `openInterest` gives: in base units, on COIN-M in contracts.
 * Source: developers.binance.com, derivatives, "Open Interest" of USD-M and COIN-M, as scraped 2026-05-28 (c3e7630).
 */
export function readOpenInterest(fields: FieldReader, stream: number, out: EventBatch): void {
  const detail = { openInterest: unsignedDecimal(fields, 'openInterest'), value: null }
  const engineUs = fields.time('time')
  const symbol = fields.symbol('symbol', out.names)
  appendDetail({ kind: EventKind.openInterest, symbol, stream, engineUs, sentUs: Number.NaN, detail }, out)
}
