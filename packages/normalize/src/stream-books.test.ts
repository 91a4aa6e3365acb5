import { describe, expect, it } from 'vitest'
import { FakeLane, type Level, type Message, START_US, type Step } from './lane-fixture.ts'
import { BOOK, BOOK_IMAGE, images, labels, of, Stream, SYMBOL } from './stream-fixture.ts'

describe('a book that begins in its stream', () => {
  it('stores deltas that come before the first snapshot as waiting, and asks for nothing', () => {
    const stream = new Stream('linear')
    const rows = stream.delta(5)
    expect(labels(rows)).toEqual(['waiting'])
    expect([stream.asked(), stream.state(), stream.levels()]).toEqual([0, 'waiting', []])
    // They are not held for it either.
    expect(images(stream.snapshot(5), 'checkpoint')).toEqual(BOOK_IMAGE)
  })

  it('is live with its first snapshot, which is stored as what it is and as a checkpoint', () => {
    const stream = new Stream('linear')
    const rows = stream.snapshot(7)
    expect(of(rows, 'futures_delta')[0]).toMatchObject({
      is_snapshot: 1,
      source: 'ws',
      book_state: 'waiting',
      first_seq: 7,
      last_seq: 7,
      frame: 2,
    })
    expect(images(rows, 'checkpoint')).toEqual(BOOK_IMAGE)
    expect(of(rows, 'futures_ob')[0]).toMatchObject({ last_seq: 7, depth: 2, known_depth: 2, frame: 2 })
    expect(labels(stream.delta(8))).toEqual(['live'])
    expect(stream.lane.normalizer.counters).toMatchObject({ snapshots: 1, applied: 1, asked: 0 })
  })

  it('gives derived images of its snapshot and of its deltas, and known depth to the last level', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    const far: Level[] = [['bid', '1.0', '5']]
    stream.delta(8, far)
    const rows = stream.play({ kind: 'clock', atUs: START_US + 200_000 })
    expect(images(rows, 'derived')).toEqual([
      ...BOOK_IMAGE.slice(0, 2),
      ['bid', 2, '1.0', '5'],
      ...BOOK_IMAGE.slice(2),
    ])
    expect(of(rows, 'futures_ob').map((row) => row.known_depth)).toEqual([3, 3, 3, 2, 2])
    expect(of(rows, 'futures_ob')[0]).toMatchObject({ last_seq: 8, frame: 3 })
  })

  it('knows a side only as deep as its own cap left it', () => {
    const stream = new Stream('linear', 'depth', { images: { depthCap: 2 } })
    const rows = stream.snapshot(7, [...BOOK, ['bid', '8.0', '1']])
    expect(images(rows, 'checkpoint')).toEqual(BOOK_IMAGE)
    stream.delta(8, [
      ['bid', '10.0', '0'],
      ['bid', '7.0', '1'],
    ])
    const derived = stream.play({ kind: 'clock', atUs: START_US + 200_000 })
    expect(of(derived, 'futures_ob').map((row) => [row.side, row.price, row.known_depth])).toEqual([
      ['bid', '9.0', 1],
      ['bid', '7.0', 1],
      ['ask', '11.0', 2],
      ['ask', '12.0', 2],
    ])
  })

  it('is replaced by a later snapshot, in the middle too', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.delta(8)
    const rows = stream.snapshot(1, [['ask', '50', '1']])
    expect(images(rows, 'checkpoint')).toEqual([['ask', 0, '50', '1']])
    expect(labels(rows)).toEqual(['live'])
    expect(labels(stream.delta(2))).toEqual(['live'])
    expect(stream.asked()).toBe(0)
  })

  it('ignores removals of levels that it does not have', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.delta(8, [
      ['bid', '3.33', '0'],
      ['ask', '99', '0.00'],
    ])
    expect(stream.levels()).toEqual([
      [100, 90],
      [110, 120],
    ])
  })

  it('is lost by a gap: it asks once, and stores deltas as resync until the next snapshot', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    expect(labels(stream.delta(9))).toEqual(['live'])
    expect(stream.lane.wanted).toEqual([
      { exchange: 'other', market: 'linear', symbol: SYMBOL, stream: 'depth', resync: 1 },
    ])
    expect(stream.lane.normalizer.outstanding()).toEqual(stream.lane.wanted)
    expect(labels(stream.delta(10))).toEqual(['resync'])
    stream.delta(20)
    expect(stream.asked()).toBe(1)
    const rows = stream.snapshot(25)
    expect(labels(rows)).toEqual(['resync'])
    expect(images(rows, 'checkpoint')).toEqual(BOOK_IMAGE)
    expect(stream.lane.normalizer.outstanding()).toEqual([])
    expect(labels(stream.delta(26))).toEqual(['live'])
  })

  it('is lost when best bid and best ask meet', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.delta(8, [['bid', '11.00', '1']])
    expect([stream.asked(), stream.state()]).toEqual([1, 'resync'])
    expect(stream.lane.normalizer.counters).toMatchObject({ crossed: 1, applied: 1 })
  })

  it('asks once for each snapshot that is crossed, and for nothing before the next one came', () => {
    const stream = new Stream('linear')
    const crossed: Level[] = [
      ['bid', '11', '1'],
      ['ask', '11', '1'],
    ]
    stream.snapshot(7, crossed)
    for (let seq = 8; seq < 20; seq++) stream.delta(seq)
    stream.delta(30)
    expect([stream.asked(), stream.state()]).toEqual([1, 'resync'])
    stream.snapshot(40, crossed)
    expect([stream.asked(), stream.state()]).toEqual([2, 'resync'])
    expect(stream.snapshot(41).length).toBeGreaterThan(0)
    expect([stream.asked(), stream.state()]).toEqual([2, 'live'])
    expect(stream.lane.normalizer.counters).toMatchObject({ snapshots: 3, crossed: 2 })
  })

  it('asks again when a snapshot could not be stored', () => {
    const stream = new Stream('linear')
    const rows = stream.snapshot(7, BOOK, { engineUs: 2 * START_US })
    expect(of(rows, 'dead_letter')).toHaveLength(1)
    expect([stream.asked(), stream.state()]).toEqual([1, 'resync'])
    stream.snapshot(7)
    expect(stream.state()).toBe('live')
  })

  it('asks again, once a minute, when deltas come and the snapshot does not: its frame was perhaps unreadable', () => {
    const minute = 60_000_000
    const stream = new Stream('linear')
    const hear = (seq: number, afterUs: number): unknown => {
      const message: Message = { kind: 'delta', first: seq, levels: BOOK.slice(0, 1) }
      const { connection } = stream
      stream.play({ kind: 'frame', connection, messages: [message], atUs: START_US + afterUs })
      return [stream.asked(), stream.state()]
    }
    expect(hear(1, 0)).toEqual([0, 'waiting'])
    expect(hear(2, minute - 1)).toEqual([0, 'waiting'])
    expect(hear(3, minute)).toEqual([1, 'resync'])
    expect(hear(9, minute + 1)).toEqual([1, 'resync'])
    expect(hear(10, 2 * minute)).toEqual([1, 'resync'])
    const other = new FakeLane()
    other.normalizer.restore(stream.lane.normalizer.image())
    expect(other.normalizer.image()).toEqual(stream.lane.normalizer.image())
    expect(hear(11, 2 * minute + 1)).toEqual([2, 'resync'])
    stream.snapshot(11)
    stream.reconnect()
    expect(hear(12, 9 * minute)).toEqual([2, 'cut'])
    expect(hear(13, 10 * minute)).toEqual([3, 'resync'])
  })

  it('stores what was fetched by REST, and is not answered by it', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.delta(9)
    const rows = stream.play({
      kind: 'answer',
      exchange: 'other',
      market: 'linear',
      resync: 1,
      snapshot: { last: 9, levels: BOOK },
    })
    expect(of(rows, 'futures_delta')).toHaveLength(4)
    expect(of(rows, 'futures_delta')[0]).toMatchObject({
      source: 'rest',
      is_snapshot: 1,
      book_state: 'resync',
    })
    expect(stream.state()).toBe('resync')
  })

  it('is cut by the end of its last connection, and nothing is asked for: the next one brings a snapshot', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.disconnect()
    expect([stream.asked(), stream.state()]).toEqual([0, 'cut'])
    stream.connect()
    expect(labels(stream.snapshot(9))).toEqual(['resync'])
    expect([stream.asked(), stream.state()]).toEqual([0, 'live'])
    stream.delta(12)
    expect(stream.lane.normalizer.outstanding()).toHaveLength(1)
    stream.disconnect()
    expect([stream.state(), stream.lane.normalizer.outstanding()]).toEqual(['cut', []])
  })

  it('is cut by a restart, with the image of its last cell written before', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    const rows = stream.play({ kind: 'start' })
    expect(images(rows, 'derived')).toEqual(BOOK_IMAGE)
    expect([stream.state(), stream.lane.normalizer.outstanding()]).toEqual(['cut', []])
    stream.connect()
    stream.snapshot(9)
    expect([stream.asked(), stream.state()]).toEqual([0, 'live'])
  })

  it('stays live while another connection carries its stream', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    const first = stream.connection
    stream.connect()
    stream.play({ kind: 'disconnect', connection: first })
    expect(stream.state()).toBe('live')
  })

  it('compares its top with quotes of the same sequence, and forgets them when numbers begin anew', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    const quote = (seq: number, price: string): Step => ({
      kind: 'frame',
      connection: stream.connection,
      messages: [{ kind: 'quote', first: seq, levels: [['bid', price, '1']] }],
    })
    stream.play(quote(8, '10.5'))
    stream.delta(8, [['bid', '10.5', '1']])
    expect(stream.lane.normalizer.counters).toMatchObject({ quotePoints: 1, quoteEqual: 1 })
    stream.snapshot(1)
    stream.delta(2, [['bid', '10.6', '1']])
    stream.play(quote(2, '10.6'))
    stream.play(quote(3, '10.7'))
    expect(stream.lane.normalizer.counters).toMatchObject({ quotePoints: 2, quoteEqual: 2 })
  })

  it('tells how many levels it holds', () => {
    const stream = new Stream('linear')
    expect(stream.lane.normalizer.keyCounters()[0]?.levels).toBeNull()
    stream.snapshot(7, [...BOOK, ['bid', '8.0', '1']])
    expect(stream.lane.normalizer.keyCounters()[0]?.levels).toEqual([3, 2])
  })
})

describe('the depth that the exchange keeps', () => {
  const bids = (count: number): Level[] =>
    Array.from({ length: count }, (_, i): Level => ['bid', `${90 - i}`, '1'])
  const counts = (stream: Stream): unknown => stream.lane.normalizer.keyCounters()[0]?.levels

  it('is the least that holds the snapshot, by its larger side, and the book is cut to it after each message', () => {
    const stream = new Stream('spot')
    stream.snapshot(Number.NaN, [...bids(3), ['ask', '100', '1']])
    expect(counts(stream)).toEqual([3, 1])
    stream.delta(Number.NaN, [
      ['bid', '95', '1'],
      ['bid', '94', '1'],
      ['ask', '101', '1'],
    ])
    expect(counts(stream)).toEqual([4, 2])
    const rows = stream.play({ kind: 'clock', atUs: START_US + 200_000 })
    expect(images(rows, 'derived').map(([, , price]) => price)).toEqual([
      '95',
      '94',
      '90',
      '89',
      '100',
      '101',
    ])
  })

  it('is chosen anew by the next snapshot, and the largest where none holds it', () => {
    const stream = new Stream('spot')
    stream.snapshot(Number.NaN, bids(5))
    stream.delta(Number.NaN, bids(7))
    expect(counts(stream)).toEqual([7, 0])
    stream.snapshot(Number.NaN, bids(11))
    expect(counts(stream)).toEqual([8, 0])
    stream.snapshot(Number.NaN, bids(2))
    stream.delta(Number.NaN, bids(11))
    expect(counts(stream)).toEqual([4, 0])
  })

  it('counts levels that lie behind the cut as removed: they come again when they are due', () => {
    const stream = new Stream('spot')
    stream.snapshot(Number.NaN, bids(4))
    stream.delta(Number.NaN, [['bid', '95', '1']])
    stream.delta(Number.NaN, [['bid', '95', '0']])
    expect(counts(stream)).toEqual([3, 0])
  })

  it('is held wholly, however few levels images have', () => {
    const stream = new Stream('spot', 'depth', { images: { depthCap: 1 } })
    const rows = stream.snapshot(Number.NaN, bids(6))
    expect(images(rows, 'checkpoint')).toEqual([['bid', 0, '90', '1']])
    expect(counts(stream)).toEqual([6, 0])
  })
  it('is what the connect record says, however thin the book begins', () => {
    const stream = new Stream('spot')
    stream.reconnect(8)
    stream.snapshot(Number.NaN, bids(2))
    stream.delta(Number.NaN, bids(7))
    expect(counts(stream)).toEqual([7, 0])
    stream.delta(Number.NaN, bids(11))
    expect(counts(stream)).toEqual([8, 0])
    // A replay that begins in the middle takes the same decision.
    const image = stream.lane.normalizer.image()
    const resumed = new FakeLane()
    resumed.normalizer.restore(image)
    expect(resumed.normalizer.image()).toEqual(image)
    expect(new TextDecoder().decode(image)).toContain('"subscribedDepth":8')
    stream.snapshot(Number.NaN, bids(2))
    stream.delta(Number.NaN, bids(7))
    expect(counts(stream)).toEqual([7, 0])
  })

  it('is told by each connection for itself, and one that does not say it leaves it to the snapshot', () => {
    const stream = new Stream('spot')
    stream.reconnect(8)
    stream.snapshot(Number.NaN, bids(2))
    stream.reconnect(4)
    stream.snapshot(Number.NaN, bids(2))
    stream.delta(Number.NaN, bids(7))
    expect(counts(stream)).toEqual([4, 0])
    stream.reconnect()
    stream.snapshot(Number.NaN, bids(5))
    stream.delta(Number.NaN, bids(7))
    expect(counts(stream)).toEqual([7, 0])
  })
})
