import { EventBatch, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { FieldReader, type JsonObject, parseJson } from '../json.ts'
import { plainAnswers } from './answer-test-support.ts'
import { readForceOrder } from './liquidations.ts'

const encoder = new TextEncoder()

function read(text: string): { readonly refusal: FieldReader['refusal']; readonly events: unknown[] } {
  const batch = new EventBatch(new StringTable())
  const message = parseJson(encoder.encode(text)) as JsonObject
  const fields = new FieldReader(message)
  readForceOrder(message, fields, batch.names.idOf('forceOrder'), batch.names, batch)
  return { refusal: fields.refusal, events: fields.refusal === null ? plainAnswers(batch) : [] }
}

/** Documented as "All Market Liquidation Order Streams" of COIN-M. */
const force =
  '{"e":"forceOrder","E":1591154240950,"o":{"s":"BTCUSD_200925","ps":"BTCUSD","S":"SELL","o":"LIMIT","f":"IOC","q":"1","p":"9425.5","ap":"9496.5","X":"FILLED","l":"1","z":"2","T":1591154240949}}'

describe('readForceOrder', () => {
  it('takes the order with the side that closed the position, and calls it a sample', () => {
    expect(read(force)).toEqual({
      refusal: null,
      events: [
        {
          kind: 'liquidation',
          symbol: 'BTCUSD_200925',
          stream: 'forceOrder',
          engineUs: 1591154240949000,
          sentUs: 1591154240950000,
          seqs: [null, null, null],
          detail: {
            side: 'sell',
            price: '9425.5',
            priceKind: 'order',
            averagePrice: '9496.5',
            quantity: '1',
            filledQuantity: '2',
            status: 'FILLED',
            sampled: true,
          },
        },
      ],
    })
    const bought = read(force.replace('"SELL"', '"BUY"').replace('}}', ',"ps":"X","st":1}}'))
    expect(bought).toMatchObject({ refusal: null, events: [{ detail: { side: 'buy' } }] })
  })

  it.each([
    ['"S":"SELL"', '"S":"sell"', 'malformed', 'S is neither'],
    ['"q":"1"', '"q":"-1"', 'malformed', 'q is negative'],
    ['"z":"2"', '"z":2', 'malformed', 'z is not a decimal'],
    ['"ap":"9496.5"', `"ap":"0.${'1'.repeat(19)}"`, 'number_out_of_range', 'ap has more'],
    ['"X":"FILLED"', '"X":1', 'malformed', 'X is not a text'],
    ['"s":"BTCUSD_200925"', '"x":1', 'bad_symbol', 's is not a symbol'],
    ['"T":1591154240949', '"T":-1', 'malformed', 'T is not a whole number'],
    ['"E":1591154240950', '"E":null', 'malformed', 'E is not a whole number'],
    ['"o":{', '"x":{', 'malformed', 'o is not an object'],
  ])('refuses %s written as %s', (from, to, reason, detail) => {
    const { refusal } = read(force.replace(from, to))
    expect(refusal).toMatchObject({ reason, detail: expect.stringContaining(detail) as string })
  })
})
