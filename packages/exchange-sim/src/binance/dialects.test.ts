import { describe, expect, it } from 'vitest'
import { flowOptions, flowTo } from '../testing/flows.ts'
import type { FlowMessage } from './flow.ts'

const ms = '\\d{13}'
const id = '\\d+'
const spotNumber = '"\\d+\\.\\d{8}"'
const number = '"\\d+(\\.\\d+)?"'
const whole = '"\\d+"'
const eighths = '"\\d+\\.\\d{8}"'
const is = '(true|false)'
const levels = (price: string, quantity = price) => `\\[(\\[${price},${quantity}\\],?)*\\]`

/** Shapes with today's fields, in the order of the protocol reference; `#` stands for the symbol. */
const spot: Record<string, string> = {
  trade: `{"e":"trade","E":${ms},"s":"#","t":${id},"p":${spotNumber},"q":${spotNumber},"T":${ms},"m":${is},"M":true}`,
  aggTrade:
    `{"e":"aggTrade","E":${ms},"s":"#","a":${id},"p":${spotNumber},"q":${spotNumber},"f":${id},"l":${id},` +
    `"T":${ms},"m":${is},"M":true}`,
  'depth@100ms': `{"e":"depthUpdate","E":${ms},"s":"#","U":${id},"u":${id},"b":${levels(spotNumber)},"a":${levels(spotNumber)}}`,
  depth20: `{"lastUpdateId":${id},"bids":${levels(spotNumber)},"asks":${levels(spotNumber)}}`,
  bookTicker: `{"u":${id},"s":"#","b":${spotNumber},"B":${spotNumber},"a":${spotNumber},"A":${spotNumber}}`,
}

interface Later {
  readonly pair: string
  readonly nq: string
  readonly ap: string
  readonly st: string
}

function futures(market: 'linear' | 'inverse', later: Later): Record<string, string> {
  const quantity = market === 'inverse' ? whole : number
  const book =
    `{"e":"depthUpdate","E":${ms},"T":${ms},"s":"#",${later.pair}"U":${id},"u":${id},"pu":${id},` +
    `"b":${levels(number, quantity)},"a":${levels(number, quantity)}${later.st}}`
  const mark =
    `{"e":"markPriceUpdate","E":${ms},"s":"#","p":${eighths},${later.ap}"i":${eighths},"P":${eighths},` +
    `"r":"-?0\\.\\d{8}","T":${ms}${later.st}}`
  const forced =
    `{"e":"forceOrder","E":${ms},"o":{"s":"#",${market === 'inverse' ? later.pair : ''}"S":"(SELL|BUY)",` +
    `"o":"LIMIT","f":"IOC","q":${quantity},"p":${number},"ap":${number},"X":"[A-Z_]+","l":${quantity},` +
    `"z":${quantity},"T":${ms}}${market === 'linear' && later.pair !== '' ? `,${later.pair.slice(0, -1)}` : ''}${later.st}}`
  return {
    trade: `{"e":"trade","E":${ms},"T":${ms},"s":"#","t":${id},"p":${number},"q":${quantity},"X":"[A-Z_]+","m":${is}}`,
    aggTrade:
      `{"e":"aggTrade","E":${ms},"a":${id},"s":"#","p":${number},"q":${quantity},${later.nq}"f":${id},"l":${id},` +
      `"T":${ms},"m":${is}${later.st}}`,
    'depth@0ms': book,
    'depth10@500ms': book,
    bookTicker:
      `{"e":"bookTicker","u":${id},"s":"#",${later.pair}"b":${number},"B":${quantity},"a":${number},` +
      `"A":${quantity},"T":${ms},"E":${ms}${later.st}}`,
    'markPrice@1s': mark,
    forceOrder: forced,
  }
}

const nq = `"nq":${number},`
const ap = `"ap":${eighths},`
const linearPair = '"ps":"BTCUSDT",'
const inversePair = '"ps":"BTCUSD",'

function checkShapes(
  messages: readonly FlowMessage[],
  market: string,
  symbol: string,
  shapes: Record<string, string>,
) {
  for (const [stream, shape] of Object.entries(shapes)) {
    const pattern = new RegExp(`^${shape.replaceAll('#', symbol)}$`)
    const told = messages.filter(
      (message) => message.market === market && message.streamName === `${symbol.toLowerCase()}@${stream}`,
    )
    expect(told.length, stream).toBeGreaterThan(0)
    for (const { text } of told) expect(text.of(1)).toMatch(pattern)
  }
}

describe('messages look exactly as the exchange writes them', () => {
  it('on spot', () => {
    checkShapes(flowTo(6_000), 'spot', 'BTCUSDT', spot)
  })

  it.each([
    ['2025-12-30', { nq: '', ap: '', st: '', linear: '', inverse: inversePair }],
    ['2025-12-31', { nq, ap: '', st: '', linear: '', inverse: inversePair }],
    ['2026-03-16', { nq, ap, st: '', linear: '', inverse: inversePair }],
    ['2026-06-30', { nq, ap, st: ',"st":', linear: linearPair, inverse: inversePair }],
  ] as const)('on both futures markets, with the fields that there were on %s', (since, later) => {
    const messages = flowTo(12_000, 10, { ...flowOptions, since })
    const st = (type: number): string => (later.st === '' ? '' : `${later.st}${type}`)
    const linear = futures('linear', { pair: later.linear, nq: later.nq, ap: later.ap, st: st(1) })
    checkShapes(messages, 'linear', 'BTCUSDT', linear)
    const inverse = futures('inverse', { pair: later.inverse, nq: '', ap: '', st: st(2) })
    checkShapes(messages, 'inverse', 'BTCUSD_PERP', inverse)
  })

  it('in microseconds when a spot connection asked for them', () => {
    for (const { market, streamName, text } of flowTo(2_000)) {
      if (market !== 'spot' || !streamName.includes('rade')) continue
      const [millis, micros] = [JSON.parse(text.of(1)), JSON.parse(text.of(1000))]
      expect(micros).toEqual({ ...millis, E: millis.E * 1000, T: millis.T * 1000 })
    }
  })
})
