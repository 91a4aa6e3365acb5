import { describe, expect, it } from 'vitest'
import { Flow, type FlowMessage, type FlowOptions } from './flow.ts'

const START_MS = 1_700_000_000_000

const options: FlowOptions = {
  symbols: ['BTCUSDT', 'ETHUSDT', 'ETHBTC'],
  seed: 11,
  startMs: START_MS,
  depthEveryMs: 100,
  tradesPerSecond: 10,
  levelsPerDiff: 10,
}

function flowTo(untilMs: number, stepMs: number, given = options): FlowMessage[] {
  const flow = new Flow(given)
  const messages: FlowMessage[] = []
  for (let ms = 0; ms <= untilMs; ms += stepMs)
    flow.advance(START_MS + ms, (message) => messages.push(message))
  return messages
}

describe('a flow', () => {
  it('generates the same messages in the same order however late it is advanced', () => {
    const messages = flowTo(9_000, 1)
    expect(messages.length).toBeGreaterThan(400)
    expect(flowTo(9_000, 9_000)).toEqual(messages)
    expect(flowTo(9_000, 375)).toEqual(messages)
    expect(flowTo(9_000, 1, { ...options, seed: 12 })).not.toEqual(messages)
  })

  it('gives a symbol the same messages whatever else is listed', () => {
    const of = (symbol: string, messages: FlowMessage[]) =>
      messages
        .filter(({ streamName }) => streamName === `${symbol.toLowerCase()}@trade`)
        .map(({ payload }) => payload)
    const alone = flowTo(5_000, 10, { ...options, symbols: ['ETHBTC'] })
    expect(of('ETHBTC', alone)).toEqual(of('ETHBTC', flowTo(5_000, 10)))
  })

  it('sends a diff per symbol and interval, of any length, with symbols taking turns', () => {
    for (const depthEveryMs of [100, 250, 7, 1]) {
      const messages = flowTo(3_000, 10, { ...options, depthEveryMs, levelsPerDiff: 30 })
      const times = messages
        .filter(({ streamName }) => streamName === 'btcusdt@depth@100ms')
        .map((m) => m.content!.event_ms)
      expect(times.length).toBe(Math.floor(3_000 / depthEveryMs))
      expect(times[1]! - times[0]!).toBe(depthEveryMs)
    }
    const due = (symbol: string) =>
      flowTo(500, 10).find(({ streamName }) => streamName === `${symbol}@depth@100ms`)!.content!.event_ms
    expect(due('btcusdt')).not.toBe(due('ethusdt'))
  })

  it('has no trade later than its message and stamps both in order', () => {
    const trades = flowTo(9_000, 10).filter(({ content }) => content?.stream === 'trade')
    expect(trades.length).toBeGreaterThan(200)
    for (const { content } of trades) {
      expect(content!.trade_ms).toBeLessThanOrEqual(content!.event_ms)
      expect(content!.event_ms - content!.trade_ms!).toBeLessThanOrEqual(11)
    }
    expect(trades.some(({ content }) => content!.trade_ms !== content!.event_ms)).toBe(true)
  })

  it('is halted, not flooded, after the process stood still, and loses no sequence', () => {
    const flow = new Flow(options)
    const messages: FlowMessage[] = []
    flow.advance(START_MS + 2_000, (message) => messages.push(message))
    const before = messages.length
    flow.advance(START_MS + 8 * 3_600_000, (message) => messages.push(message))
    expect(messages.length).toBe(before)
    flow.advance(START_MS + 8 * 3_600_000 + 2_000, (message) => messages.push(message))
    expect(messages.length).toBeGreaterThan(before)
    for (const streamName of ['btcusdt@depth@100ms', 'btcusdt@trade']) {
      const contents = messages.filter((message) => message.streamName === streamName).map((m) => m.content!)
      contents.reduce((last, content) => {
        expect(content.first).toBe(last.last + 1)
        return content
      })
    }
    expect(messages.at(-1)!.content?.event_ms ?? flow.nowMs).toBeGreaterThan(START_MS + 8 * 3_600_000)
  })
})
