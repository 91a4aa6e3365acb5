import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { diffContent, marksContent, tradeContent } from './binance/contents.ts'
import type { FlowMessage } from './binance/flow.ts'
import { marksOf } from './binance/marks.ts'
import { listed } from './binance/symbols.ts'
import { WireText } from './binance/text.ts'
import { type HostFanout, type HostSubscriber, textFor } from './binance/wrapping.ts'
import { createCounters } from './counters.ts'
import { memoryEmissionLog } from './emission-log.ts'
import { Fanout } from './fanout.ts'
import type { FaultKind } from './faults.ts'
import { HeldLog } from './held-log.ts'
import { Mischief } from './mischief.ts'
import { REPLAY_WITHIN_MS } from './replay.ts'

const NAME = 'btcusdt@depth@100ms'
const bitcoin = listed('spot', 'BTCUSDT')

function messageOf(id: number): FlowMessage {
  const place = { listed: bitcoin, stream: 'depth@100ms', table: 'spot_delta', atMs: id } as const
  const book = { first: id, last: id, prev: id - 1, timeMs: id, sentMs: id, bids: [], asks: [] }
  const contents = [diffContent(place, book)]
  const text = new WireText((scale) => `{"u":${id},"E":${id * scale}}`)
  return { market: 'spot', streamName: NAME, text, contents, kind: 'diff' }
}

function tradeOf(id: number): FlowMessage {
  const place = { listed: bitcoin, stream: 'trade', table: 'ticks', atMs: id } as const
  const trade = { id, timeMs: id, price: 1, quantity: 1, side: 'buy', order: id, isOffBook: false } as const
  const text = new WireText(() => `{"t":${id}}`)
  const contents = [tradeContent(place, trade)]
  return { market: 'spot', streamName: 'btcusdt@trade', text, contents, kind: 'sequenced' }
}

function sampledOf(second: number): FlowMessage {
  const perpetual = listed('linear', 'BTCUSDT')
  const marks = marksOf(perpetual, { bid: 1_000, ask: 1_001 }, second * 1_000)
  const place = { listed: perpetual, stream: 'markPrice@1s', table: 'funding', atMs: second * 1_000 } as const
  const contents = [marksContent(place, marks, 'stream')]
  const text = new WireText(() => `{"second":${second}}`)
  return { market: 'linear', streamName: 'btcusdt@markPrice@1s', text, contents, kind: 'sampled' }
}

function fanoutOf(kinds: readonly FaultKind[], { seed = 1, everyMessages = 1, startAfterMessages = 0 } = {}) {
  const log = memoryEmissionLog()
  const counters = createCounters()
  const remembered: string[] = []
  const fanout = new Fanout({
    textFor,
    open: () => true,
    rememberBook: (symbol) => remembered.push(symbol),
    mischief: new Mischief({ everyMessages, kinds, startAfterMessages }, seededChance(seed)),
    log: new HeldLog(log),
    counters,
  })
  return { fanout, records: log.records, counters, remembered }
}

function subscriberOf(texts: string[], more: Partial<HostSubscriber> = {}): HostSubscriber {
  return {
    number: 1,
    isCombined: false,
    timeScale: 1,
    isOpen: true,
    send: (text) => {
      texts.push(text)
      return true
    },
    disconnect() {},
    ...more,
  }
}

/** A subscriber that leaves when it is told to. */
function leaverOf(fanout: HostFanout, name: string, texts: string[]): HostSubscriber {
  const subscriber = subscriberOf(texts, {
    disconnect: () => fanout.unsubscribe(name, subscriber, 'disconnect'),
  })
  return subscriber
}

describe('the fan-out', () => {
  it('ends a gap with the subscription that it hit', () => {
    let cut = 0
    for (let seed = 0; seed < 20; seed++) {
      const { fanout, records } = fanoutOf(['gap', 'duplicate'], { seed })
      const subscriber = subscriberOf([])
      fanout.subscribe(NAME, subscriber)
      fanout.deliver(messageOf(1), 1)
      fanout.unsubscribe(NAME, subscriber, 'outage')
      fanout.deliver(messageOf(2), 2)
      fanout.subscribe(NAME, subscriber)
      fanout.deliver(messageOf(3), 3)
      if (records[0]?.fault !== 'gap') continue
      cut += 1
      expect(records.map((record) => record.copies > 0)).toEqual([false, false, true])
    }
    expect(cut).toBeGreaterThan(0)
  })

  it('counts nothing as sent, and as damaged, that a connection did not take', () => {
    const { fanout, records } = fanoutOf(['malformed'])
    fanout.subscribe(NAME, subscriberOf([], { send: () => false }))
    for (let id = 1; id <= 5; id++) fanout.deliver(messageOf(id), id)
    for (const record of records) expect(record).toMatchObject({ copies: 0, fault: 'outage', wire: null })
  })

  it('offers nothing to a connection that is closing', () => {
    const texts: string[] = []
    const { fanout, records } = fanoutOf([])
    fanout.subscribe(NAME, subscriberOf(texts, { isOpen: false }))
    fanout.deliver(messageOf(1), 1)
    expect(texts).toEqual([])
    expect(records[0]).toMatchObject({ copies: 0, connection: null, fault: 'outage' })
  })

  it('writes each message in the form and the unit of time that a connection asked for', () => {
    const { fanout } = fanoutOf([])
    const texts: string[] = []
    fanout.subscribe(NAME, subscriberOf(texts))
    fanout.subscribe(NAME, subscriberOf(texts, { isCombined: true, timeScale: 1000 }))
    fanout.deliver(messageOf(7), 7)
    expect(texts).toEqual(['{"u":7,"E":7}', `{"stream":"${NAME}","data":{"u":7,"E":7000}}`])
  })
})

describe('faults of connections and books', () => {
  it('hit sampled messages by disconnects alone', () => {
    const { fanout, records, counters } = fanoutOf(['gap', 'duplicate', 'malformed', 'disconnect'])
    fanout.subscribe('btcusdt@markPrice@1s', subscriberOf([]))
    for (let second = 1; second <= 20; second++) fanout.deliver(sampledOf(second), second)
    expect(records.every(({ copies, wire }) => copies === 1 && wire === null)).toBe(true)
    expect(counters.faults).toMatchObject({ gap: 0, duplicate: 0, malformed: 0, disconnect: 20 })
  })

  it('keep the book at a diff and withhold the next one, and wait for a diff when a trade is hit', () => {
    const { fanout, records, remembered } = fanoutOf(['staleSnapshot'], {
      everyMessages: 100,
      startAfterMessages: -99,
    })
    fanout.subscribe(NAME, subscriberOf([]))
    fanout.subscribe('btcusdt@trade', subscriberOf([]))
    for (let id = 1; id <= 60; id++) fanout.deliver(tradeOf(id), id)
    expect(remembered).toEqual([])
    for (let id = 1; id <= 3; id++) fanout.deliver(messageOf(id), id)
    expect(remembered).toEqual(['BTCUSDT'])
    expect(records.slice(-3).map(({ fault }) => fault)).toEqual([null, 'gap', null])
  })

  it('send the last messages again to whoever subscribes after the disconnect, and count them twice', () => {
    for (let seed = 0; seed < 10; seed++) {
      const plan = { seed, everyMessages: 1_000, startAfterMessages: -2_000 }
      const { fanout, records, counters } = fanoutOf(['duplicateAfterReconnect'], plan)
      const before: string[] = []
      const after: string[] = []
      fanout.subscribe(NAME, leaverOf(fanout, NAME, before))
      for (let id = 1; id <= 4; id++) fanout.deliver(messageOf(id), id)
      expect(records).toEqual([])
      fanout.subscribe(NAME, subscriberOf(after))
      fanout.deliver(messageOf(5), 5)
      expect(after).toEqual([...before, '{"u":5,"E":5}'])
      expect(before.length).toBeLessThanOrEqual(3)
      const replayed = records.filter(({ fault }) => fault === 'duplicateAfterReconnect')
      expect(replayed.map(({ copies }) => copies)).toEqual(before.map(() => 2))
      expect(records.map(({ last }) => last)).toEqual([1, 2, 3, 4, 5])
      expect(counters.faults.duplicateAfterReconnect).toBe(1)
    }
  })

  it('are given up when nobody comes back in time, and the log goes on', () => {
    const plan = { everyMessages: 1_000, startAfterMessages: -2_000 }
    const { fanout, records } = fanoutOf(['duplicateAfterReconnect'], plan)
    const texts: string[] = []
    fanout.subscribe(NAME, leaverOf(fanout, NAME, []))
    for (let id = 1; id <= 4; id++) fanout.deliver(messageOf(id), id)
    fanout.giveUpReplays(REPLAY_WITHIN_MS - 1)
    expect(records).toEqual([])
    fanout.giveUpReplays(REPLAY_WITHIN_MS + 4)
    expect(records).toHaveLength(4)
    fanout.subscribe(NAME, subscriberOf(texts))
    fanout.deliver(messageOf(5), 5)
    expect(texts).toEqual(['{"u":5,"E":5}'])
    expect(records.every(({ copies }) => copies <= 1)).toBe(true)
  })
})
