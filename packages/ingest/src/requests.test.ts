import type { SessionSpec } from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { type RequestKind, type Requests, requestsOf } from './requests.ts'

type Told = [RequestKind, ...string[]]

/** Requests of which 1, `a b`, and 2, `c`, are out, and the answers that were complete. */
function open(confirms: SessionSpec['confirms']): { requests: Requests; told: Told[] } {
  const told: Told[] = []
  const requests = requestsOf(confirms, ['a', 'b', 'c'], (kind, names) => told.push([kind, ...names]))
  requests.add('first', { id: 1, names: ['a', 'b'], text: '' })
  requests.add('first', { id: 2, names: ['c'], text: '' })
  requests.sent(1)
  requests.sent(2)
  return { requests, told }
}

/** Both halves of a renewal of `a`, ids 3 and 4, after everything was confirmed. */
function renewing(confirms: SessionSpec['confirms']): { requests: Requests; told: Told[] } {
  const world = open(confirms)
  for (const id of [1, 2]) world.requests.expire(id)
  if (confirms === 'frame') world.requests.add('end', { id: 3, names: ['a'], text: '' })
  world.requests.add('again', { id: 4, names: ['a'], text: '' })
  world.requests.sent(3)
  return world
}

const ack = (id: number | null, ...streams: string[]) =>
  ({ kind: 'ack', id, ...(streams.length > 0 && { streams }) }) as const
const refusal = (id: number | null, ...streams: string[]) =>
  ({ kind: 'refused', id, detail: 'no', ...(streams.length > 0 && { streams }) }) as const

describe('a request that is confirmed by frame', () => {
  it('is answered by its id, once, and by nothing else', () => {
    const { requests, told } = open('frame')
    for (const no of [ack(null, 'a', 'b'), ack(3), ack(0), ack(Number.NaN)]) requests.ack(no)
    requests.heard('first', 'a')
    expect([told, requests.firstsWaiting]).toEqual([[], 2])
    requests.ack(ack(2))
    requests.ack(ack(2))
    expect([told, requests.firstsWaiting]).toEqual([[['first', 'c']], 1])
  })

  it('is not answered before it was sent', () => {
    const { requests, told } = open('frame')
    requests.add('first', { id: 3, names: ['d'], text: '' })
    requests.ack(ack(3))
    expect(told).toEqual([])
    requests.sent(3)
    requests.ack(ack(3))
    expect(told).toEqual([['first', 'd']])
  })

  it('is sent again without the streams that were refused, until none is left', () => {
    const { requests } = open('frame')
    expect(requests.refuse(refusal(1, 'a', 'a'))).toEqual({ kind: 'some', refused: ['a'], again: ['b'] })
    expect([...requests.standing]).toEqual(['b', 'c'])
    requests.add('first', { id: 3, names: ['b'], text: '' })
    requests.sent(3)
    expect(requests.refuse(refusal(3, 'b'))).toEqual({ kind: 'some', refused: ['b'], again: [] })
    expect([requests.firstsWaiting, ...requests.standing]).toEqual([1, 'c'])
  })

  it('is found by the stream that was refused where the refusal has no id', () => {
    const { requests } = open('frame')
    expect(requests.refuse(refusal(null, 'b'))).toEqual({ kind: 'some', refused: ['b'], again: ['a'] })
    expect(requests.firstsWaiting).toBe(1)
  })

  it('stands when a stream of another one is refused with its id', () => {
    const { requests, told } = open('frame')
    expect(requests.refuse(refusal(1, 'c'))).toEqual({ kind: 'some', refused: ['c'], again: [] })
    requests.ack(ack(1))
    expect(told).toEqual([['first', 'a', 'b']])
  })

  it('that was confirmed before is not sent again when one of its streams is refused', () => {
    const { requests } = open('frame')
    requests.ack(ack(1))
    expect(requests.refuse(refusal(1, 'a'))).toEqual({ kind: 'some', refused: ['a'], again: [] })
  })

  it('that renews is answered by the ids of both halves', () => {
    const { requests, told } = renewing('frame')
    requests.ack(ack(4))
    expect(told).toEqual([])
    requests.sent(4)
    requests.ack(ack(4))
    requests.ack(ack(3))
    expect([told, requests.waiting]).toEqual([
      [
        ['again', 'a'],
        ['end', 'a'],
      ],
      0,
    ])
  })
})

describe('a request that is confirmed by stream', () => {
  it('is answered when every stream was named, with or without its id', () => {
    const { requests, told } = open('stream')
    for (const no of [ack(1), ack(2), ack(null), ack(null, 'A', 'x')]) requests.ack(no)
    expect(told).toEqual([])
    requests.ack(ack(77, 'c', 'c', 'a'))
    requests.ack(ack(null, 'a'))
    expect([told, requests.firstsWaiting]).toEqual([[['first', 'c']], 1])
    requests.ack(ack(1, 'b'))
    expect([told.length, requests.waiting]).toEqual([2, 0])
  })

  it('is neither confirmed nor refused before it was sent', () => {
    const { requests, told } = open('stream')
    requests.add('first', { id: 3, names: ['b'], text: '' })
    requests.expire(1)
    requests.ack(ack(3, 'b'))
    requests.ack(ack(null, 'b'))
    expect(requests.refuse(refusal(3, 'b'))).toEqual({ kind: 'none' })
    expect(told).toEqual([])
    requests.sent(3)
    requests.ack(ack(null, 'b'))
    expect(told).toEqual([['first', 'b']])
  })

  it('loses the streams that are refused, and the rest of it stands', () => {
    const { requests } = open('stream')
    expect(requests.refuse(refusal(1, 'b'))).toEqual({ kind: 'some', refused: ['b'], again: [] })
    expect(requests.firstsWaiting).toBe(2)
    requests.ack(ack(1, 'a'))
    expect(requests.firstsWaiting).toBe(1)
    expect(requests.refuse(refusal(null, 'c'))).toEqual({ kind: 'some', refused: ['c'], again: [] })
    expect(requests.firstsWaiting).toBe(0)
  })

  it('that renews is not answered by the end of the old subscription', () => {
    const { requests, told } = renewing('stream')
    requests.sent(4)
    requests.ack(ack(3, 'a'))
    requests.ack(ack(99, 'a'))
    expect(told).toEqual([])
    requests.ack(ack(4, 'a'))
    expect(told).toEqual([['again', 'a']])
  })
})

describe('a request that is confirmed by data', () => {
  it('is answered when every stream was heard', () => {
    const { requests, told } = open('data')
    requests.ack(ack(1, 'a', 'b'))
    requests.heard('first', 'a')
    requests.heard('first', 'x')
    requests.heard('again', 'b')
    expect(told).toEqual([])
    requests.heard('first', 'b')
    expect(told).toEqual([['first', 'a', 'b']])
  })
})

describe('a refusal', () => {
  it('without streams is one of everything, whatever its id', () => {
    for (const id of [1, 2, 99, null]) {
      expect(open('stream').requests.refuse(refusal(id))).toEqual({ kind: 'all' })
    }
  })

  it('of streams that nobody asked for means nothing, unless it names a request', () => {
    const { requests } = open('stream')
    expect(requests.refuse(refusal(null, 'x'))).toEqual({ kind: 'none' })
    expect(requests.refuse(refusal(99, '__proto__'))).toEqual({ kind: 'none' })
    expect(requests.refuse(refusal(1, 'x'))).toEqual({ kind: 'all' })
  })

  it('that comes twice means nothing the second time', () => {
    for (const confirms of ['frame', 'stream', 'data'] as const) {
      const { requests } = open(confirms)
      expect(requests.refuse(refusal(1, 'a')).kind).toBe('some')
      expect(requests.refuse(refusal(1, 'a'))).toEqual({ kind: 'none' })
      expect(requests.refuse(refusal(null, 'a'))).toEqual({ kind: 'none' })
    }
  })

  it('of a renewal is told as such, by its id or by its stream', () => {
    expect(renewing('frame').requests.refuse(refusal(3))).toEqual({ kind: 'renewal' })
    expect(renewing('frame').requests.refuse(refusal(null, 'a'))).toEqual({ kind: 'renewal' })
    expect(renewing('frame').requests.refuse(refusal(3, 'x'))).toEqual({ kind: 'renewal' })
    // The other streams of the connection are no part of it.
    expect(renewing('frame').requests.refuse(refusal(null, 'b')).kind).toBe('some')
  })

  it('never ends the asking for more than the streams that there are', () => {
    const chance = seededChance(7)
    for (let round = 0; round < 200; round++) {
      const confirms = (['frame', 'stream', 'data'] as const)[round % 3] as SessionSpec['confirms']
      const { requests } = open(confirms)
      let id = 2
      let verdicts = 0
      for (let i = 0; i < 60; i++) {
        const streams = ['a', 'b', 'c', 'x'].filter(() => chance.hits(0.4))
        const verdict = requests.refuse(refusal(chance.below(6), ...streams))
        if (verdict.kind !== 'some') continue
        verdicts += 1
        if (verdict.again.length === 0) continue
        id += 1
        requests.add('first', { id, names: verdict.again, text: '' })
        requests.sent(id)
      }
      expect(verdicts).toBeLessThanOrEqual(3)
      expect(id).toBeLessThanOrEqual(5)
    }
  })
})
