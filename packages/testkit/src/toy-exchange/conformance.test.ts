import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ReadSubscription } from '../cases.ts'
import { conformance } from '../conformance.ts'
import { fixturesIn } from '../fixture-folder.ts'
import { pond } from './index.ts'

const market = pond()
const absent = Number.NaN

/** `{"do":"watch","what":["trade:FROG/LILY"],"id":1}`, as the README gives it. */
function readFrame(frame: string, verb: string): ReadSubscription | null {
  const { do: found, what, id, ...others } = JSON.parse(frame) as Record<string, unknown>
  const isOne = found === verb && Array.isArray(what) && Object.keys(others).length === 0
  return isOne ? { names: what as string[], id: id as number } : null
}

conformance(market, {
  fixtures: fixturesIn(join(import.meta.dirname, 'fixtures'), market),
  sequences: [
    {
      stream: 'book',
      rule: 'follows',
      rows: [
        [8, 7, 7, absent, 'stale'],
        [7, 7, 7, absent, 'stale'],
        [6, 7, 7, absent, 'next'],
        [5, 7, 7, absent, 'gap'],
      ],
    },
  ],
  resets: [
    {
      stream: 'book',
      last: 1_000,
      begins: 'snapshot',
      messages: [
        [1, 1, absent],
        [2, 2, absent],
      ],
    },
  ],
  symbols: ['FROG/LILY', '测试/LILY', 'NEWT/REED'],
  wireNames: { trade: 'trade:FROG/LILY', book: 'book:FROG/LILY' },
  readSubscription: (frame) => readFrame(frame, 'watch'),
  readUnsubscription: (frame) => readFrame(frame, 'leave'),
  recognised: [
    {
      fixture: 'spot-creatures.jsonl:2',
      url: 'https://pond.invalid/creatures',
      as: { stream: 'creatures', symbol: '' },
    },
    { fixture: 'spot-creatures.jsonl:2', url: 'https://pond.invalid/weather', as: null },
    { fixture: 'spot-creatures.jsonl:2', url: null, as: null },
  ],
  today: '2026-11-21',
  seed: 20_261_121,
  addresses: 'own',
})

describe('pond', () => {
  it('is reached where a simulator is', () => {
    const { session } = pond({ wsUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:2' })
    expect([session.routes, session.restUrl]).toEqual([
      { shore: 'ws://127.0.0.1:1/shore' },
      'http://127.0.0.1:2',
    ])
  })
})
