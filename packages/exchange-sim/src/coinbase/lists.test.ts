import { type TableName, tables } from '@cryptoflow/model'
import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../testing/client.ts'
import { type Json, millisOf, play, stopAll, subscribe } from './test-house.ts'

afterEach(stopAll)

describe('what is listed', () => {
  const asked = async (url: string): Promise<{ body: Json; headers: Headers; status: number }> => {
    const response = await fetch(url)
    return { body: (await response.json()) as Json, headers: response.headers, status: response.status }
  }

  it('are the pairs of the Exchange, of which one changes now and then', async () => {
    const { clock, records, restUrl } = await play('spot', ['BTC-USD', 'ETH-USD'])
    const statuses = new Set<string>()
    for (let i = 0; i < 10; i++) {
      const { body } = await asked(`${restUrl}/products`)
      const entries = records.slice(-2)
      expect(entries.map(({ values }) => values)).toEqual(
        body.map((row: Json) => ({
          base: row.base_currency,
          quote: row.quote_currency,
          settle: null,
          type: 'spot',
          status: row.status,
          tick_size: row.quote_increment,
          lot_size: row.base_increment,
          contract_size: null,
          contract_unit: null,
          listed_ts: null,
          expiry_ts: null,
          raw: JSON.stringify(row),
        })),
      )
      for (const { status } of body as unknown as Json[]) statuses.add(status)
      clock.advance(20_000)
    }
    expect(statuses).toEqual(new Set(['online', 'offline']))
    expect(new Set(records.map(({ stream, is_answer }) => `${stream} ${is_answer}`))).toEqual(
      new Set(['products true']),
    )
    expect((await asked(`${restUrl}/products/ETH-USD`)).body).toMatchObject({ id: 'ETH-USD' })
    expect((await asked(`${restUrl}/products/XRP-USD`)).status).toBe(404)
  })

  it('are the contracts of Advanced Trade, with funding and open interest told once a minute', async () => {
    const { clock, records, restUrl } = await play('linear', ['BTC-PERP-INTX', 'ETH-PERP-INTX'])
    const url = `${restUrl}/api/v3/brokerage/market/products?product_type=FUTURE`
    clock.advance(90_000)
    const { body } = await asked(url)
    expect((await asked(url)).body).toEqual(body)
    expect(body.products).toHaveLength(3)
    expect(body.products[2].product_id).toBe('BIP-20DEC30-CDE')
    const rows = (body.products as Json[]).slice(0, 2).flatMap(contractEvents)
    expect(records.map(({ symbol, stream, values }) => ({ symbol, stream, values }))).toEqual(rows)
    clock.advance(60_000)
    await asked(url)
    expect(records.slice(rows.length).map(({ table }) => table)).toEqual([
      'funding',
      'open_interest',
      'funding',
      'open_interest',
    ])
    expect((await asked(`${restUrl}/products`)).status).toBe(404)
  })

  it('are whole books of the Exchange, or their best level', async () => {
    const { clock, records, restUrl } = await play('spot', ['BTC-USD', 'ETH-USD'], { bookLevels: 60 })
    clock.advance(1_000)
    const { body } = await asked(`${restUrl}/products/BTC-USD/book?level=2`)
    expect([body.bids.length > 50, body.auction_mode]).toEqual([true, false])
    expect(Number(body.bids[0][0])).toBeLessThan(Number(body.asks[0][0]))
    const levels = (side: string[][]): string[][] => side.map((level) => level.slice(0, 2))
    expect(records).toMatchObject([
      {
        stream: 'book',
        table: 'spot_ob',
        symbol: 'BTC-USD',
        last: body.sequence,
        engine_ms: millisOf(body.time),
      },
    ])
    expect([records[0]?.bids, records[0]?.asks]).toEqual([levels(body.bids), levels(body.asks)])
    for (const query of ['', '?level=1']) {
      expect((await asked(`${restUrl}/products/ETH-USD/book${query}`)).body.asks).toHaveLength(1)
    }
    expect((await asked(`${restUrl}/products/XRP-USD/book`)).status).toBe(404)
  })

  it('are books of Advanced Trade, as deep as asked for', async () => {
    const { records, restUrl } = await play('linear', ['BTC-PERP-INTX'])
    const url = `${restUrl}/api/v3/brokerage/market/product_book`
    const { pricebook } = (await asked(`${url}?product_id=BTC-PERP-INTX&limit=7`)).body
    expect([pricebook.product_id, pricebook.bids.length, pricebook.asks.length]).toEqual([
      'BTC-PERP-INTX',
      7,
      7,
    ])
    expect(records).toMatchObject([
      { stream: 'product_book', table: 'futures_ob', last: null, engine_ms: millisOf(pricebook.time) },
    ])
    const levels = (side: Json[]): string[][] => side.map(({ price, size }) => [price, size])
    expect([records[0]?.bids, records[0]?.asks]).toEqual([levels(pricebook.bids), levels(pricebook.asks)])
    for (const query of ['', '?product_id=BTC-USD', '?product_id=BTC-PERP-INTX&limit=0']) {
      expect((await asked(url + query)).status).toBe(400)
    }
  })

  it('has a column for every value', async () => {
    const { clock, records, wsUrl, restUrl } = await play('linear', ['BTC-PERP-INTX'])
    const client = await connect(wsUrl)
    await subscribe(client, { channel: 'market_trades', product_ids: ['BTC-PERP-INTX'] })
    clock.advance(1_000)
    await asked(`${restUrl}/api/v3/brokerage/market/products?product_type=FUTURE`)
    const told = new Set<TableName>()
    for (const { table, values } of records) {
      told.add(table)
      const { columns } = tables[table]
      for (const column of Object.keys(values ?? {})) expect(Object.keys(columns)).toContain(column)
    }
    expect(told).toEqual(new Set(['ticks', 'instruments', 'funding', 'open_interest']))
  })

  it('are old trades, newest first, page by page, which are no events', async () => {
    const { clock, records, restUrl } = await play('spot', ['BTC-USD'])
    clock.advance(5_000)
    const url = `${restUrl}/products/BTC-USD/trades`
    const whole = (await asked(url)).body as unknown as Json[]
    expect(whole.length).toBeGreaterThan(50)
    const ids = whole.map(({ trade_id }) => trade_id)
    expect(ids).toEqual(ids.map((_, i) => ids[0] - i))
    const pages: number[] = []
    let after = ''
    for (let page = 0; page < 3; page++) {
      const { body, headers } = await asked(`${url}?limit=20${after}`)
      const rows = body as unknown as Json[]
      pages.push(...rows.map(({ trade_id }) => trade_id))
      expect(headers.get('cb-before')).toBe(String(rows[0]?.trade_id))
      after = `&after=${headers.get('cb-after')}`
    }
    expect(pages).toEqual(ids.slice(0, 60))
    expect((await asked(`${url}?before=${ids[10]}&limit=1`)).body[0].trade_id).toBe(ids[0])
    expect(records).toEqual([])
  })

  it('are refused to an address that asks too often', async () => {
    const { clock, restUrl } = await play('spot', ['BTC-USD'])
    const statuses: number[] = []
    for (let i = 0; i < 17; i++) statuses.push((await asked(`${restUrl}/time`)).status)
    expect(statuses).toEqual([...new Array(15).fill(200), 429, 429])
    clock.advance(200)
    expect((await asked(`${restUrl}/time`)).status).toBe(200)
  })
})

/** The rows of a contract in the list of products. */
function contractEvents(product: Json): Json[] {
  const { product_id: symbol, quote_currency_id, price_increment, base_increment, status } = product
  const { contract_root_unit, contract_size, index_price, perpetual_details } = product.future_product_details
  const instrument = {
    base: contract_root_unit,
    quote: quote_currency_id,
    settle: null,
    tick_size: price_increment,
    lot_size: base_increment,
    listed_ts: null,
    expiry_ts: null,
    type: 'perpetual',
    status: status === '' ? null : status,
    raw: JSON.stringify(product),
    contract_size,
    contract_unit: contract_root_unit,
  }
  const funding = {
    mark_price: null,
    index_price,
    estimated_settle_price: null,
    funding_rate: perpetual_details.funding_rate,
    predicted_rate: null,
    funding_ts: `${millisOf(perpetual_details.funding_time)}000`,
    interval_hours: '1',
    kind: 'current',
  }
  const interest = { open_interest: perpetual_details.open_interest, open_interest_value: null }
  return [
    { symbol, stream: 'products', values: instrument },
    { symbol, stream: 'funding:products', values: funding },
    { symbol, stream: 'open_interest:products', values: interest },
  ]
}
