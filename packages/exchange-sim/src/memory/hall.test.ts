import { manualClock } from '@cryptoflow/runtime'
import { expect, it } from 'vitest'
import { spotOf, startTestSim } from '../testing/sim.ts'
import { type Delivery, openHall } from './hall.ts'

const decoder = new TextDecoder()

function hallOf(exchange: string, symbol: string) {
  const clock = manualClock()
  const startMs = Math.floor(clock.nowUs() / 1000)
  const hall = openHall({
    exchange,
    market: 'spot',
    symbols: [symbol],
    seed: 1,
    tradesPerSecond: 20,
    levelChangesPerSecond: 100,
    liquidationsPerMinute: 0,
    bookLevels: 50,
    clock,
  })
  const heard: Delivery[] = []
  const client = { heard: (delivery: Delivery) => void heard.push(delivery), closed: () => {} }
  const play = (fromMs: number, toMs: number) => {
    for (let ms = fromMs + 10; ms <= toMs; ms += 10) hall.step(startMs + ms)
  }
  return { hall, heard, client, play }
}

it('frames say which events of the log they carry, and the log which of them were sent', () => {
  const { hall, heard, client, play } = hallOf('bybit', 'BTCUSDT')
  const connection = hall.connect('wss://stream.bybit.com/v5/public/spot', client)
  connection?.say('{"op":"subscribe","args":["publicTrade.BTCUSDT","orderbook.50.BTCUSDT"]}')
  play(0, 1000)
  const told = heard.flatMap(({ told }) => told?.events ?? [])
  expect(told.length).toBeGreaterThan(10)
  expect(told).toEqual(hall.records)
  expect(hall.records.every(({ copies }) => copies === 1)).toBe(true)
  // The acknowledgement carries nothing; the book begins with a snapshot.
  expect(heard[0]?.told).toBeNull()
  expect(heard[1]?.told).toMatchObject({ isSnapshot: true })
  const before = hall.records.length
  connection?.leave()
  play(1000, 1500)
  expect(hall.records.length).toBeGreaterThan(before)
  expect(hall.records.slice(before).every(({ copies }) => copies === 0)).toBe(true)
  expect(heard.flatMap(({ told }) => told?.events ?? [])).toHaveLength(told.length)
  expect(hall.connect('wss://stream.bybit.com/elsewhere', client)).toBeNull()
})

it('the exchange with servers of its own tells the same in memory, and answers its books', async () => {
  const { hall, heard, client, play } = hallOf('binance', 'BTCUSDT')
  const sim = await startTestSim({
    ...spotOf('BTCUSDT'),
    bookLevels: 50,
    levelsPerDiff: 10,
    tradesPerSecond: 20,
  })
  const url = 'wss://stream.binance.com:9443/stream?streams=btcusdt@trade/btcusdt@depth@100ms'
  expect(hall.connect(url, client)).not.toBeNull()
  play(0, 1000)
  expect(heard.length).toBeGreaterThan(20)
  expect(decoder.decode(heard[0]?.bytes)).toContain('"stream":"btcusdt@')
  const answer = hall.ask('https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=5000')
  const body = await (await fetch(`${sim.urls.spot.restUrl}/api/v3/depth?symbol=BTCUSDT&limit=5000`)).json()
  expect(answer?.told.events).toMatchObject([{ is_answer: true, copies: 1, table: 'spot_delta' }])
  expect(Object.keys(JSON.parse(decoder.decode(answer?.body)))).toEqual(Object.keys(body as object))
  expect(hall.ask('https://api.binance.com/api/v3/elsewhere')).toBeNull()
})
