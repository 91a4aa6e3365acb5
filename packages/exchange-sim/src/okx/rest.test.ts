import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { calm, type Json, linear, play, TODAY_US } from './house-support.ts'

const SYMBOL = 'BTC-USDT-SWAP'
/** Ten seconds before a settlement. */
const NEARLY_EIGHT_HOURS_US = (8 * 3600 - 10) * 1_000_000

describe('the REST side of okx', () => {
  it('lists instruments by type, those of the other market with them', async () => {
    const { ask, records } = await play()
    const { status, body } = await ask('public/instruments?instType=SWAP')
    expect([status, body.code, body.msg]).toEqual([200, '0', ''])
    expect(body.data.map(({ instId }: Json) => instId)).toEqual(['LTC-USD-SWAP', SYMBOL])
    const dated = (await ask('public/instruments?instType=FUTURES')).body.data
    expect(dated).toMatchObject([
      { instId: 'ETH-USDT-261225', expTime: String(Date.parse('2026-12-25T08:00:00Z')), uly: 'ETH-USDT' },
    ])
    expect(records.map(({ stream, symbol, is_answer }) => [stream, symbol, is_answer])).toEqual([
      ['public/instruments/SWAP', SYMBOL, true],
      ['public/instruments/FUTURES', 'ETH-USDT-261225', true],
    ])
    expect(records[0]?.values?.raw).toBe(JSON.stringify(body.data[1]))
  })

  it('says another thing of an instrument now and then', async () => {
    const { ask, clock, records } = await play(linear, calm)
    const states = new Set<string>()
    const raws = new Set<string>()
    for (let i = 0; i < 6; i++) {
      const [, contract] = (await ask('public/instruments?instType=SWAP')).body.data
      states.add(contract.state)
      raws.add(JSON.stringify(contract))
      expect(records.at(-1)?.values).toMatchObject({ status: contract.state, raw: JSON.stringify(contract) })
      clock.advance(20_000)
    }
    expect([...states].sort()).toEqual(['live', 'suspend'])
    expect(raws.size).toBe(3)
  })

  it('lists open interest, in contracts and in dollars', async () => {
    const { ask, records } = await play()
    const { body } = await ask('public/open-interest?instType=SWAP')
    const [{ instId, oi, oiUsd, ts }] = body.data
    expect(records).toMatchObject([
      {
        stream: 'public/open-interest/SWAP',
        table: 'open_interest',
        symbol: instId,
        engine_ms: Number(ts),
        values: { open_interest: oi, open_interest_value: oiUsd },
      },
    ])
  })

  it('lists settlements, the newest first, each of which is news once', async () => {
    const beforeEight = manualClock(TODAY_US + NEARLY_EIGHT_HOURS_US)
    const { ask, clock, records } = await play(linear, calm, beforeEight)
    const path = `public/funding-rate-history?instId=${SYMBOL}&limit=24`
    const first = (await ask(path)).body.data as Json[]
    expect(first).toHaveLength(24)
    const times = first.map(({ fundingTime }) => Number(fundingTime))
    const hours = ((times[0] as number) - (times[1] as number)) / 3_600_000
    expect([4, 8]).toContain(hours)
    expect(times).toEqual(times.map((_, i) => (times[0] as number) - i * hours * 3_600_000))
    expect(records.map(({ values }) => values)).toEqual(
      first.map(({ fundingTime, realizedRate, fundingRate }) =>
        expect.objectContaining({
          kind: 'settled',
          funding_rate: realizedRate,
          predicted_rate: fundingRate,
          funding_ts: `${fundingTime}000`,
        }),
      ),
    )
    clock.advance(20_000)
    const second = (await ask(path)).body.data as Json[]
    expect(second.slice(1)).toEqual(first.slice(0, 23))
    expect(records).toHaveLength(25)
    const older = await ask(`${path}&after=${times[2]}`)
    expect(older.body.data[0].fundingTime).toBe(String(times[3]))
    const dated = await ask('public/funding-rate-history?instId=ETH-USDT-261225')
    expect(dated.body).toEqual({ code: '0', msg: '', data: [] })
  })

  it('answers with a book of as many levels as are asked for, to one address forty times in two seconds', async () => {
    const { ask, records, stage } = await play()
    const { body } = await ask(`market/books?instId=${SYMBOL}&sz=7`)
    const [{ asks, bids, ts, seqId, ...others }] = body.data
    expect([asks.length, bids.length, others]).toEqual([7, 7, {}])
    expect(Number(bids[0][0])).toBeLessThan(Number(asks[0][0]))
    const levels = (side: string[][]): string[][] => side.map((level) => level.slice(0, 2))
    expect(records).toMatchObject([
      { stream: 'market/books', table: 'futures_ob', is_answer: true, last: seqId, engine_ms: Number(ts) },
    ])
    expect([records[0]?.asks, records[0]?.bids]).toEqual([levels(asks), levels(bids)])
    expect((await ask('market/books?instId=ETH-USDT-261225')).body.data[0].asks).toHaveLength(1)
    for (const wrong of ['', '?instId=A-B', `?instId=${SYMBOL}&sz=401`, `?instId=${SYMBOL}&sz=0`]) {
      expect((await ask(`market/books${wrong}`)).body.data).toEqual([])
    }
    for (let i = 6; i < 40; i++) await ask(`market/books?instId=${SYMBOL}`)
    expect((await ask('market/books?instId=ETH-USDT-261225')).status).toBe(429)
    expect(stage.counters.restThrottled).toBe(1)
  })

  it('refuses by code what is asked for wrongly', async () => {
    const { ask } = await play()
    const codeOf = async (path: string) => {
      const { status, body } = await ask(path)
      return [status, body.code]
    }
    expect(await codeOf('public/instruments')).toEqual([400, '50014'])
    expect(await codeOf('public/instruments?instType=SPOT')).toEqual([400, '51000'])
    expect(await codeOf('public/funding-rate-history')).toEqual([400, '50014'])
    expect(await codeOf('public/funding-rate-history?instId=BTC-USDT')).toEqual([200, '51001'])
    expect(await codeOf('market/candles?instId=BTC-USDT')).toEqual([404, undefined])
    expect((await ask('public/time')).body).toEqual({ code: '0', msg: '', data: [{ ts: '1793491200000' }] })
  })

  it('answers one question so often in two seconds, and others as well', async () => {
    const { ask, clock, stage } = await play()
    const statuses = async (count: number, path: string): Promise<number[]> => {
      const answers: number[] = []
      for (let i = 0; i < count; i++) answers.push((await ask(path)).status)
      return answers
    }
    const swaps = 'public/instruments?instType=SWAP'
    expect(await statuses(20, swaps)).toEqual(Array(20).fill(200))
    expect(await ask(swaps)).toMatchObject({ status: 429, body: { code: '50011', msg: 'Too Many Requests' } })
    expect((await ask('public/instruments?instType=FUTURES')).status).toBe(200)
    const history = await statuses(11, `public/funding-rate-history?instId=${SYMBOL}&limit=1`)
    expect(history).toEqual([...Array(10).fill(200), 429])
    expect(stage.counters.restThrottled).toBe(2)
    clock.advance(2_000)
    expect((await ask(swaps)).status).toBe(200)
  })
})
