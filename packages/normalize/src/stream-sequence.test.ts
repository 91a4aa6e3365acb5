import { describe, expect, it } from 'vitest'
import { type Level, START_US } from './lane-fixture.ts'
import { at, BOOK, gaps, labels, of, Stream } from './stream-fixture.ts'

describe('the sequence of a stream with snapshots', () => {
  it('begins with a start gap up to the first message', () => {
    const stream = new Stream('linear')
    expect(gaps(stream.snapshot(7))).toEqual([['closed', 'start', null, 7, null, at(2), null, null]])
  })

  it('goes on over an interruption when the next snapshot has the last number', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.delta(8)
    stream.reconnect()
    expect(gaps(stream.snapshot(8))).toEqual([])
    expect(gaps(stream.delta(9))).toEqual([])
    stream.play({ kind: 'start' })
    stream.connect()
    expect(gaps(stream.snapshot(9))).toEqual([])
  })

  it('is closed over an interruption by the next snapshot, whatever its number', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.reconnect()
    expect(gaps(stream.snapshot(8))).toEqual([['closed', 'disconnect', 7, 8, at(2), at(5), null, null]])
    stream.reconnect()
    expect(gaps(stream.snapshot(3))).toEqual([['closed', 'disconnect', 8, 3, at(5), at(8), null, null]])
    expect(gaps(stream.delta(4))).toEqual([])
  })

  it('has a hole before a snapshot in the middle, unless it has the last number', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    stream.delta(8)
    expect(gaps(stream.snapshot(8))).toEqual([])
    expect(gaps(stream.snapshot(9))).toEqual([['closed', 'sequence', 8, 9, at(4), at(5), null, 'snapshot']])
    expect(gaps(stream.snapshot(1))).toEqual([['closed', 'sequence', 9, 1, at(5), at(6), null, 'snapshot']])
    expect(gaps(stream.delta(2))).toEqual([])
  })

  it('counts deltas older than the snapshot as missing until now, and each once', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    expect(labels(stream.delta(6))).toEqual(['stale'])
    expect(labels(stream.delta(7))).toEqual(['stale'])
    expect([stream.delta(7), stream.delta(6)]).toEqual([[], []])
    expect(stream.state()).toBe('live')
    expect(stream.lane.normalizer.counters).toMatchObject({ late: 2, duplicates: 2 })
  })

  it('forgets the holes of old numbers when they are given anew', () => {
    const stream = new Stream('linear')
    stream.snapshot(100)
    stream.snapshot(1)
    stream.delta(2)
    expect(stream.delta(2)).toEqual([])
    expect(stream.lane.normalizer.counters).toMatchObject({ duplicates: 1, late: 0 })
  })

  it('follows a predecessor by name to a smaller number, and messages that say that nothing happened', () => {
    const stream = new Stream('inverse', 'linked')
    const quiet: Level[] = []
    expect(gaps(stream.snapshot(10)).map(([, cause]) => cause)).toEqual(['start'])
    const rows = [
      ...stream.delta(15, [['bid', '9.1', '1']], { prev: 10 }),
      ...stream.delta(15, quiet, { prev: 15 }),
      ...stream.delta(3, [['bid', '9.2', '1']], { prev: 15 }),
      ...stream.delta(3, quiet, { prev: 3 }),
      ...stream.delta(5, [['bid', '9.3', '1']], { prev: 3 }),
    ]
    expect(rows.map((row) => [row.table, row.last_seq, row.book_state])).toEqual([
      ['futures_delta', 15, 'live'],
      ['futures_delta', 3, 'live'],
      ['futures_delta', 5, 'live'],
    ])
    expect([stream.asked(), stream.state()]).toEqual([0, 'live'])
    expect(stream.delta(5, quiet, { prev: 3 })).toEqual([])
    expect(stream.lane.normalizer.counters).toMatchObject({ received: 7, duplicates: 1, late: 0 })
    // A message that does not name the last one is a gap, also where its number is the next.
    expect(gaps(stream.delta(6, BOOK.slice(0, 1), { prev: 4 }))).toEqual([
      ['closed', 'sequence', 5, 6, at(7), at(9), null, null],
    ])
  })

  it('gives no image of a message that says that nothing happened', () => {
    const stream = new Stream('inverse', 'linked')
    stream.snapshot(10)
    stream.play({ kind: 'clock', atUs: START_US + 200_000 })
    stream.delta(10, [], { prev: 10 })
    expect(stream.play({ kind: 'clock', atUs: START_US + 400_000 })).toEqual([])
    expect(stream.play({ kind: 'clock', atUs: START_US + 90_000_000 })).toEqual([])
  })

  it('has one gap of one id over a stop, closed by the snapshot', () => {
    const stream = new Stream('linear')
    stream.snapshot(7)
    const opened = stream.play({ kind: 'stop' })
    expect(gaps(opened)).toEqual([['open', 'shutdown', 7, null, at(2), null, null, null]])
    stream.play({ kind: 'start' })
    stream.connect()
    const closed = stream.snapshot(7)
    expect(gaps(closed)).toEqual([['closed', 'shutdown', 7, 7, at(2), at(6), 0, null]])
    expect(of(closed, 'gaps')[0]?.gap_id).toBe(of(opened, 'gaps')[0]?.gap_id)
  })
})

describe('a stream with snapshots and without a sequence', () => {
  const none = Number.NaN

  it('has a hole before a snapshot in the middle: nobody says what it replaces', () => {
    const stream = new Stream('inverse')
    expect(gaps(stream.snapshot(none)).map(([, cause]) => cause)).toEqual(['start'])
    stream.delta(none)
    expect(gaps(stream.snapshot(none))).toEqual([
      ['closed', 'sequence', null, null, at(3), at(4), null, 'snapshot'],
    ])
    expect(gaps(stream.delta(none))).toEqual([])
  })

  it('is broken by a disconnect until the next snapshot: deltas do not close the hole', () => {
    const stream = new Stream('inverse')
    stream.snapshot(none)
    stream.delta(none)
    stream.reconnect()
    const rows = [...stream.delta(none), ...stream.delta(none)]
    expect([gaps(rows), labels(rows)]).toEqual([[], ['resync']])
    const closed = stream.snapshot(none)
    expect(gaps(closed)).toEqual([['closed', 'disconnect', null, null, at(3), at(8), null, null]])
    expect(labels(stream.delta(none))).toEqual(['live'])
    expect(gaps(stream.delta(none))).toEqual([])
  })

  it('leaves one open gap at a stop, with the first cause and border, and closes it under its id', () => {
    const stream = new Stream('spot')
    stream.snapshot(none)
    stream.delta(none, [['bid', '9.5', '1']], { checksum: 1 })
    stream.delta(none)
    const opened = stream.play({ kind: 'stop' })
    expect(gaps(opened)).toEqual([['open', 'checksum', null, null, at(2), null, null, null]])
    stream.play({ kind: 'start' })
    stream.connect()
    expect(gaps(stream.delta(none))).toEqual([])
    expect(stream.play({ kind: 'stop' })).toEqual([])
    stream.play({ kind: 'start' })
    stream.connect()
    const closed = stream.snapshot(none)
    expect(gaps(closed)).toEqual([['closed', 'checksum', null, null, at(2), at(12), null, null]])
    expect(of(closed, 'gaps')[0]?.gap_id).toBe(of(opened, 'gaps')[0]?.gap_id)
    expect(stream.lane.normalizer.counters.gaps).toBe(2)
  })

  it('is broken by a book that is crossed: what was asked for ends the subscription for a moment', () => {
    const stream = new Stream('inverse')
    stream.snapshot(none)
    stream.delta(none)
    stream.delta(none, [['bid', '12', '1']])
    expect(stream.asked()).toBe(1)
    stream.delta(none)
    expect(gaps(stream.snapshot(none))).toEqual([
      ['closed', 'sequence', null, null, at(3), at(6), null, null],
    ])
  })

  it('is broken by a message that could not be stored', () => {
    const stream = new Stream('inverse')
    stream.snapshot(none)
    stream.delta(none, [['bid', '9.5', '1']], { engineUs: 2 * START_US })
    expect([stream.asked(), stream.state()]).toEqual([1, 'resync'])
    expect(gaps(stream.snapshot(none))).toEqual([
      ['closed', 'undecodable', null, null, at(2), at(4), null, 'frame 3'],
    ])
  })

  it('is broken by a frame on its connection that could not be read, and one with a sequence is not', () => {
    const stream = new Stream('inverse')
    stream.snapshot(none)
    stream.play({ kind: 'dead', connection: stream.connection })
    expect([stream.asked(), stream.state()]).toEqual([1, 'resync'])
    expect(gaps(stream.snapshot(none))).toEqual([
      ['closed', 'undecodable', null, null, at(2), at(4), null, 'frame 3'],
    ])
    const numbered = new Stream('linear')
    numbered.snapshot(7)
    numbered.play({ kind: 'dead', connection: numbered.connection })
    expect([numbered.asked(), numbered.state()]).toEqual([0, 'live'])
  })

  it('may have had its sequence added later: without numbers it is a stream without one', () => {
    const stream = new Stream('linear')
    stream.snapshot(none)
    expect(labels(stream.delta(none))).toEqual(['live'])
    expect(labels(stream.delta(none))).toEqual(['live'])
    expect([stream.asked(), stream.state()]).toEqual([0, 'live'])
    stream.reconnect()
    expect(gaps(stream.delta(none))).toEqual([])
    expect(gaps(stream.snapshot(none)).map(([, cause]) => cause)).toEqual(['disconnect'])
    expect(gaps(stream.snapshot(9)).map(([, cause]) => cause)).toEqual(['sequence'])
    expect(gaps(stream.delta(10))).toEqual([])
  })
})
