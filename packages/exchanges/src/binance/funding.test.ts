import { EventBatch, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FieldReader, type JsonObject, parseJson } from '../json.ts'
import { plainAnswers } from './answer-test-support.ts'
import { readMarkPrice } from './funding.ts'

const encoder = new TextEncoder()

function read(text: string): { readonly refusal: FieldReader['refusal']; readonly events: unknown[] } {
  const batch = new EventBatch(new StringTable())
  const message = parseJson(encoder.encode(text)) as JsonObject
  const fields = new FieldReader(message)
  readMarkPrice(fields, batch.names.idOf('markPrice@1s'), batch)
  return { refusal: fields.refusal, events: fields.refusal === null ? plainAnswers(batch) : [] }
}

/** Documented as "Mark Price Stream" of USD-M, with the fields `ap` and `st` of 2026. */
const mark =
  '{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","ap":"11794.15000000","i":"11784.62659091","P":"11784.25641265","r":"0.00038167","T":1562306400000,"st":1}'
const plainMark = {
  kind: 'funding',
  symbol: 'BTCUSDT',
  stream: 'markPrice@1s',
  engineUs: null,
  sentUs: 1562305380000000,
  seqs: [null, null, null],
  detail: {
    markPrice: '11794.15000000',
    indexPrice: '11784.62659091',
    estimatedSettlePrice: '11784.25641265',
    fundingRate: '0.00038167',
    predictedRate: null,
    fundingUs: 1562306400000000,
    intervalHours: null,
    kind: 'current',
  },
}

describe('readMarkPrice', () => {
  it('takes prices, rate and the time of the next funding, which is not the time of the engine', () => {
    expect(read(mark)).toEqual({ refusal: null, events: [plainMark] })
  })

  it('keeps negative rates, and has none for dated contracts', () => {
    const negative = read(mark.replace('"0.00038167"', '"-0.00038167"'))
    expect(negative.events).toMatchObject([{ detail: { fundingRate: '-0.00038167' } }])
    const dated = read(mark.replace('"0.00038167"', '""').replace('1562306400000', '0'))
    expect(dated).toMatchObject({
      refusal: null,
      events: [{ detail: { fundingRate: null, fundingUs: null } }],
    })
  })

  it('reads the messages of 2019 and 2020, which lack fields', () => {
    const ofMark = '{"e":"markPriceUpdate","E":1569888003001,"s":"BTCUSDT","p":"8291.34697815"'
    expect(read(`${ofMark},"r":"0.00010000","T":1569916800000}`)).toMatchObject({
      refusal: null,
      events: [{ detail: { indexPrice: null, estimatedSettlePrice: null, fundingRate: '0.00010000' } }],
    })
    expect(read(`${ofMark},"P":"9429.39675000"}`)).toMatchObject({
      refusal: null,
      events: [{ detail: { estimatedSettlePrice: '9429.39675000', fundingRate: null, fundingUs: null } }],
    })
  })

  it.each([
    ['"p":"11794.15000000"', '"p":""', 'malformed', 'p is not a decimal'],
    ['"p":"11794.15000000"', '"p":"-1"', 'malformed', 'p is negative'],
    ['"i":"11784.62659091"', '"i":11784.6', 'malformed', 'i is not a decimal'],
    ['"P":"11784.25641265"', '"P":"1e20"', 'number_out_of_range', 'P has more than'],
    ['"r":"0.00038167"', '"r":"-0.0000000000000000001"', 'number_out_of_range', 'r has more than'],
    ['"T":1562306400000', '"T":"0"', 'malformed', 'T is not a whole number'],
    ['"T":1562306400000', '"T":9007199254741', 'number_out_of_range', 'T is after the year 2255'],
    ['"E":1562305380000,', '', 'malformed', 'E is not a whole number'],
    ['"s":"BTCUSDT"', '"s":""', 'bad_symbol', 's is not a symbol'],
  ])('refuses %s written as %s', (from, to, reason, detail) => {
    const { refusal } = read(mark.replace(from, to))
    expect(refusal).toMatchObject({ reason, detail: expect.stringContaining(detail) as string })
  })
})
