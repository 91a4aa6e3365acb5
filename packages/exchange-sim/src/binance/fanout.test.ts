import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { memoryEmissionLog } from '../emission-log.ts'
import type { FaultKind } from '../faults.ts'
import { createCounters } from './counters.ts'
import { Fanout, type Subscriber } from './fanout.ts'
import { bookContentOf, type FlowMessage } from './flow.ts'

const NAME = 'btcusdt@depth@100ms'

function messageOf(id: number): FlowMessage {
  const book = { first: id, last: id, eventMs: id, bids: [], asks: [] }
  return { streamName: NAME, payload: `{"u":${id}}`, content: bookContentOf('BTCUSDT', 'depth@100ms', book) }
}

function fanoutOf(kinds: readonly FaultKind[], seed: number) {
  const log = memoryEmissionLog()
  const faults = { everyMessages: 1, kinds, startAfterMessages: 0 }
  const counters = createCounters()
  const fanout = new Fanout({ streamNames: [NAME], faults, chance: seededChance(seed), log, counters })
  return { fanout, records: log.records }
}

function subscriberOf(texts: string[], isOpen = true, takes = true): Subscriber {
  return {
    number: 1,
    isCombined: false,
    isOpen,
    send: (text) => {
      texts.push(text)
      return takes
    },
    disconnect() {},
  }
}

describe('the fan-out', () => {
  it('ends a gap with the subscription that it hit', () => {
    let cut = 0
    for (let seed = 0; seed < 20; seed++) {
      const { fanout, records } = fanoutOf(['gap', 'duplicate'], seed)
      const subscriber = subscriberOf([])
      fanout.subscribe(NAME, subscriber)
      fanout.deliver(messageOf(1))
      fanout.unsubscribe(NAME, subscriber, 'outage')
      fanout.deliver(messageOf(2))
      fanout.subscribe(NAME, subscriber)
      fanout.deliver(messageOf(3))
      if (records[0]?.fault !== 'gap') continue
      cut += 1
      expect(records.map((record) => record.copies > 0)).toEqual([false, false, true])
    }
    expect(cut).toBeGreaterThan(0)
  })

  it('counts nothing as sent, and as damaged, that a connection did not take', () => {
    const { fanout, records } = fanoutOf(['malformed'], 1)
    fanout.subscribe(NAME, subscriberOf([], true, false))
    for (let id = 1; id <= 5; id++) fanout.deliver(messageOf(id))
    for (const record of records) expect(record).toMatchObject({ copies: 0, fault: 'outage', wire: null })
  })

  it('offers nothing to a connection that is closing', () => {
    const texts: string[] = []
    const { fanout, records } = fanoutOf([], 1)
    fanout.subscribe(NAME, subscriberOf(texts, false))
    fanout.deliver(messageOf(1))
    expect(texts).toEqual([])
    expect(records[0]).toMatchObject({ copies: 0, connection: null, fault: 'outage' })
  })
})
