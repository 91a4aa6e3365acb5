import { type EventBatch, EventKind, type FundingDetail } from '@cryptoflow/model'
import { appendDetail, optionalUnsigned, unsignedDecimal } from '../details.ts'
import { type Element, optionalTextTime, type Place, textTime, wholeText } from './fields.ts'

/**
 * Funding rates, mark prices and open interest, told and settled.
 *
 * Source: okx.com/docs-v5, "WS / Funding rate channel", as of 2026-07-19; "WS / Mark price channel", "WS / Open
 * interest channel", "GET / Open interest" and "GET / Funding rate history", as of 2026-02-23.
 */

const HOUR_US = 3_600_000_000
/** No rate is for longer; the column holds 32 bits. */
const HOURS_MAX = 366 * 24

/** What only one of the messages tells is absent in the others. */
const absent: FundingDetail = {
  markPrice: null,
  indexPrice: null,
  estimatedSettlePrice: null,
  fundingRate: null,
  predictedRate: null,
  fundingUs: Number.NaN,
  intervalHours: Number.NaN,
  kind: 'current',
}

/**
 * Appends what a `funding-rate` element tells: the rate of the period that ends at `fundingTime`, which is to come.
 * The period lasts as long as the one after it, which ends at `nextFundingTime`; recordings of 2022 have neither that
 * nor `ts`. `nextFundingRate`, the forecast of the period after, is always empty today.
 */
export function readFundingRate(element: Element, { stream, symbol }: Place, out: EventBatch): void {
  const { fields } = element
  const fundingUs = textTime(element, 'fundingTime')
  const detail: FundingDetail = {
    ...absent,
    fundingRate: fields.optionalDecimal('fundingRate'),
    predictedRate: fields.optionalDecimal('nextFundingRate'),
    fundingUs,
    intervalHours: hoursBetween(fundingUs, optionalTextTime(element, 'nextFundingTime')),
  }
  const engineUs = optionalTextTime(element, 'ts')
  appendDetail({ kind: EventKind.funding, symbol, stream, engineUs, sentUs: Number.NaN, detail }, out)
}

/** NaN where it is no number of whole hours. */
function hoursBetween(fromUs: number, toUs: number): number {
  const hours = (toUs - fromUs) / HOUR_US
  return Number.isInteger(hours) && hours > 0 && hours <= HOURS_MAX ? hours : Number.NaN
}

/** Appends the mark price of a `mark-price` element. */
export function readMarkPrice(element: Element, { stream, symbol }: Place, out: EventBatch): void {
  const detail: FundingDetail = { ...absent, markPrice: unsignedDecimal(element.fields, 'markPx') }
  const engineUs = textTime(element, 'ts')
  appendDetail({ kind: EventKind.funding, symbol, stream, engineUs, sentUs: Number.NaN, detail }, out)
}

/**
 * Appends a settlement of REST `funding-rate-history`: `realizedRate` was charged, `fundingRate` had been forecast. A
 * settlement is told from others by its time; every answer brings the last ones again.
 */
export function readSettlement(element: Element, { stream, symbol }: Place, out: EventBatch): void {
  const { fields } = element
  const settledMs = wholeText(element, 'fundingTime')
  const fundingUs = textTime(element, 'fundingTime')
  const detail: FundingDetail = {
    ...absent,
    fundingRate: fields.optionalDecimal('realizedRate'),
    predictedRate: fields.optionalDecimal('fundingRate'),
    fundingUs,
    kind: 'settled',
  }
  const place = { kind: EventKind.funding, symbol, stream, engineUs: fundingUs, sentUs: Number.NaN }
  out.textIds.set(appendDetail({ ...place, detail }, out), String(settledMs))
}

/** Appends an `open-interest` element: `oi` in contracts; its value is that in US dollars, since 2024. */
export function readOpenInterest(element: Element, { stream, symbol }: Place, out: EventBatch): void {
  const detail = {
    openInterest: unsignedDecimal(element.fields, 'oi'),
    value: optionalUnsigned(element.fields, 'oiUsd'),
  }
  const engineUs = textTime(element, 'ts')
  appendDetail({ kind: EventKind.openInterest, symbol, stream, engineUs, sentUs: Number.NaN, detail }, out)
}
