import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, type Step } from './lane-fixture.ts'
import { checksumOfLevels } from './market-fixture.ts'
import { at, BOOK, gaps, images, labels, of, Stream } from './stream-fixture.ts'

describe('a checksum', () => {
  const none = Number.NaN
  const list = (price: number, quantity: number): Step => ({
    kind: 'told',
    exchange: 'other',
    stream: 'instrument',
    messages: [{ kind: 'instrument', first: none, detail: instrumentOf(price, quantity) }],
  })

  it('proves the book after a snapshot and after a delta, and stands in the rows', () => {
    const stream = new Stream('spot')
    const rows = stream.snapshot(none, BOOK, { checksum: checksumOfLevels(BOOK) })
    expect(of(rows, 'spot_delta').map((row) => row.checksum)).toEqual(Array(4).fill(checksumOfLevels(BOOK)))
    const after: Level[] = [['bid', '10.00', '7.50'], ...BOOK.slice(1)]
    const next = stream.delta(none, [['bid', '10.00', '7.50']], { checksum: checksumOfLevels(after) })
    expect(labels(next)).toEqual(['live'])
    expect(of(next, 'spot_delta')[0]?.checksum).toBe(checksumOfLevels(after))
    expect(stream.lane.normalizer.counters).toMatchObject({
      checksumsChecked: 2,
      checksumsFailed: 0,
      asked: 0,
    })
  })

  it('covers its best levels as they were written last, after the cut', () => {
    const stream = new Stream('spot')
    const bids = ['90', '89', '88', '87'].map((price): Level => ['bid', price, '1'])
    stream.snapshot(none, bids, { checksum: checksumOfLevels(bids) })
    const better: Level = ['bid', '91', '1']
    stream.delta(none, [better], { checksum: checksumOfLevels([better, ...bids]) })
    const gone: Level[] = [
      ['bid', '90', '0'],
      ['bid', '89', '0'],
      ['bid', '88', '0'],
    ]
    stream.delta(none, gone, { checksum: checksumOfLevels([better]) })
    expect(stream.lane.normalizer.counters).toMatchObject({ checksumsChecked: 3, checksumsFailed: 0 })
  })

  it('that fails costs the book, and the stream behind the last message that was right', () => {
    const stream = new Stream('spot')
    stream.snapshot(none, BOOK, { checksum: checksumOfLevels(BOOK) })
    // One without a checksum proves nothing.
    stream.delta(none, [['bid', '1', '1']])
    stream.delta(none, [['bid', '2', '1']], { checksum: 1 })
    expect([stream.asked(), stream.state()]).toEqual([1, 'resync'])
    expect(gaps(stream.delta(none, [['bid', '2', '1']], { checksum: 2 }))).toEqual([])
    expect(gaps(stream.snapshot(none))).toEqual([
      ['closed', 'checksum', null, null, at(2), at(6), null, null],
    ])
    expect(stream.lane.normalizer.counters).toMatchObject({
      checksumsChecked: 2,
      checksumsFailed: 1,
      gaps: 2,
    })
  })

  it('that fails on a snapshot proves nothing: the hole stays open, and one more is asked for', () => {
    const stream = new Stream('spot')
    stream.snapshot(none)
    stream.reconnect()
    const rows = stream.snapshot(none, BOOK, { checksum: 1 })
    expect([gaps(rows), images(rows, 'checkpoint'), labels(rows)]).toEqual([[], [], ['resync']])
    expect([stream.asked(), stream.state()]).toEqual([1, 'resync'])
    expect(gaps(stream.snapshot(none))).toEqual([
      ['closed', 'disconnect', null, null, at(2), at(6), null, null],
    ])
  })

  it('that fails on the first message of a stream begins a hole at it', () => {
    const stream = new Stream('spot')
    expect(gaps(stream.snapshot(none, BOOK, { checksum: 1 })).map(([, cause]) => cause)).toEqual(['start'])
    expect(gaps(stream.snapshot(none))).toEqual([
      ['closed', 'checksum', null, null, at(2), at(3), null, null],
    ])
  })

  it('is not there when it is absent, and 0 is stored as null', () => {
    const stream = new Stream('spot')
    const rows = stream.snapshot(none)
    expect(of(rows, 'spot_delta').map((row) => row.checksum)).toEqual([null, null, null, null])
    expect(of(stream.delta(none, [['bid', '5', '1']], { checksum: 0 }), 'spot_delta')[0]?.checksum).toBeNull()
    expect(of(stream.delta(none, [['bid', '5', '1']], { checksum: -3 }), 'spot_delta')[0]?.checksum).toBe(-3)
  })

  it('of a stream that has none is nothing, whatever lies in the batch', () => {
    const stream = new Stream('inverse', 'linked')
    const rows = stream.snapshot(10)
    expect(of(rows, 'futures_delta')[0]?.checksum).toBeNull()
    expect(stream.lane.normalizer.counters.checksumsChecked).toBe(0)
  })

  it('knows how many digits the instrument list promises', () => {
    const stream = new Stream('spot')
    stream.play(list(2, 8))
    stream.snapshot(none, BOOK, { checksum: checksumOfLevels(BOOK, '2') })
    const other = new FakeLane()
    other.normalizer.restore(stream.lane.normalizer.image())
    other.number = stream.lane.number
    other.play({
      kind: 'frame',
      connection: 1,
      messages: [
        {
          kind: 'delta',
          first: none,
          levels: [['bid', '1', '1']],
          checksum: checksumOfLevels([...BOOK.slice(0, 2), ['bid', '1', '1'], ...BOOK.slice(2)], '2'),
        },
      ],
    })
    expect(other.normalizer.counters).toMatchObject({ checksumsChecked: 1, checksumsFailed: 0 })
    stream.play(list(3, 8))
    stream.snapshot(none, BOOK, { checksum: checksumOfLevels(BOOK, '3') })
    expect(stream.lane.normalizer.counters).toMatchObject({ checksumsChecked: 2, checksumsFailed: 0 })
  })
})

function instrumentOf(price: number, quantity: number): NonNullable<Message['detail']> {
  return {
    instrument: 'BTC-USDT',
    base: 'BTC',
    quote: 'USDT',
    settle: null,
    type: 'spot',
    status: null,
    tickSize: null,
    lotSize: null,
    contractSize: null,
    contractUnit: null,
    digits: { price, quantity },
    listedUs: Number.NaN,
    expiryUs: Number.NaN,
    raw: `{"price":${price},"quantity":${quantity}}`,
  }
}
