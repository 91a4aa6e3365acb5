import { EventBatch, type InstrumentDetail, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { krakenInverse, krakenLinear, krakenSpot } from './index.ts'

const encoder = new TextEncoder()
const _decoder = new TextDecoder()
const [spot, linear, inverse] = [krakenSpot(), krakenLinear(), krakenInverse()]

function detailsOf(batch: EventBatch): InstrumentDetail[] {
  return Array.from({ length: batch.count }, (_, event) => batch.details.get(event) as InstrumentDetail)
}

function listed(text: string): InstrumentDetail[] {
  const batch = new EventBatch(new StringTable())
  expect(spot.decodeFrame(encoder.encode(text), batch)).toEqual({ kind: 'events' })
  return detailsOf(batch)
}

describe('the raw object of an instrument', () => {
  const pair = '"base":"A","quote":"B","price_precision":1,"qty_precision":8'

  it('is the text of the pair as it stood in the frame, whatever its spelling', () => {
    const first = `{ "symbol" :"A/B",${pair},"x":1.50e0 }`
    const second = `{"symbol":"测/试",${pair},"t":"],{\\"pairs\\\\"}`
    const frame =
      `{"data":{"pairs":[1]},"channel":"instrument","type":"update",` +
      `"\\u0064ata": {"assets":[{"pairs":[2]}],"pairs":[3],"pairs": [ ${first} ,\n${second}] } ,"z":{"data":{}}}`
    expect(listed(frame).map(({ raw }) => raw)).toEqual([first, second])
  })
})

describe('the list of futures', () => {
  const row = (symbol: string, type: string, more = ''): string =>
    `{"symbol":"${symbol}","type":"${type}","tickSize":0.5,"tradeable":true${more}}`
  const read = (market: typeof linear, ...rows: string[]): EventBatch => {
    const batch = new EventBatch(new StringTable())
    const context = { exchange: 'kraken', market: market.market, symbol: '', stream: 'instruments' } as const
    const body = encoder.encode(`{"result":"success","instruments":[${rows.join(',')}]}`)
    market.decodeAnswer({ ...context, resync: 0, status: 200 }, body, batch)
    return batch
  }
  const symbolsOf = (batch: EventBatch): string[] =>
    Array.from({ length: batch.count }, (_, event) => batch.names.text(batch.symbol[event] as number))

  it('is shared out by type, in which indices and strangers have no part', () => {
    const rows = [
      row('pi_xbtusd', 'futures_inverse'),
      row('in_xbtusd', 'spot index'),
      row('PF_ETHUSD', 'flexible_futures'),
      row('PX_ETHUSD', 'options'),
      row('FF_XBTUSD_260925', 'flexible_futures'),
    ]
    expect(symbolsOf(read(inverse, ...rows))).toEqual(['PI_XBTUSD'])
    expect(symbolsOf(read(linear, ...rows))).toEqual(['PF_ETHUSD', 'FF_XBTUSD_260925'])
  })

  it('is named by base and quote, else by the pair, else by the symbol, in names that everybody uses', () => {
    const named = (more: string, symbol = 'PI_XBTUSD'): string | undefined =>
      detailsOf(read(inverse, row(symbol, 'futures_inverse', more)))[0]?.instrument
    expect(named(',"base":"BTC","quote":"USD","pair":"X:Y"')).toBe('BTC-USD-PERP')
    expect(named(',"pair":"XBT:USD"')).toBe('BTC-USD-PERP')
    expect(named(',"pair":"XDG:EUR"')).toBe('DOGE-EUR-PERP')
    expect(named('')).toBe('BTC-USD-PERP')
    expect(named('', 'fi_xrpxbt_210924')).toBe('XRP-BTC-20210924')
    expect(named(',"lastTradingTime":"2021-09-24T15:00:00.000Z"', 'fi_bchusd')).toBe('BCH-USD-20210924')
    expect(named(',"pair":"XBTUSD"')).toBeUndefined()
    expect(named('', 'XBTUSD')).toBeUndefined()
  })

  it('writes lots as powers of ten, above one where the precision is negative', () => {
    const lotOf = (precision: string): string | undefined => {
      const [detail] = detailsOf(
        read(linear, row('PF_A1USD', 'flexible_futures', `,"contractValueTradePrecision":${precision}`)),
      )
      return detail === undefined ? undefined : `${detail.lotSize?.mantissa}/${detail.lotSize?.scale}`
    }
    expect([lotOf('0'), lotOf('4'), lotOf('18'), lotOf('-3'), lotOf('-19')]).toEqual([
      '1/0',
      '1/4',
      '1/18',
      '1000/0',
      '10000000000000000000/0',
    ])
    expect([lotOf('19'), lotOf('-20'), lotOf('1.5'), lotOf('"4"')]).toEqual(new Array(4).fill(undefined))
  })
})
