import { type AuditNote, decodeAnswerPayload, decodeNote, RecordKind } from '@cryptoflow/model'
import { manualClock, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { planAudits, startAudits } from './audits.ts'
import { bookStreams, limit, MemoryIntake, testMarket, testStreams } from './ingest-support.ts'
import type { RestPool } from './rest-pool.ts'

const EVERY_MS = 60_000
const symbols = ['A', 'B', 'C', 'D']

/** Audits before a pool that answers at once, fails, or drops what it is asked. */
function world(
  ends: 'answered' | 'failed' | 'dropped' = 'answered',
  everyMs: number | null = EVERY_MS,
  stretch = 1,
  weightPerMinute = 2_500,
) {
  const clock = manualClock()
  const intake = new MemoryIntake()
  const market = testMarket('ws://x', 'http://x', { restWeightPerMinute: limit(weightPerMinute) })
  const streams = testStreams.map(({ name }) => name)
  const asked: {
    readonly url: string
    readonly kind: string
    readonly weight: number
    readonly atMs: number
  }[] = []
  let demanded = 0
  const pool: RestPool = {
    async ask({ kind, weight, url }) {
      if (ends === 'dropped') return { kind: 'dropped' }
      asked.push({ url: url() as string, kind, weight, atMs: clock.nowUs() / 1000 })
      const usedWeight = Number.NaN
      if (ends === 'failed')
        return { kind: 'failed', reason: 'no', status: 500, retryAfterMs: null, usedWeight }
      return { kind: 'answered', body: Buffer.from('book'), receivedUs: clock.nowUs(), usedWeight }
    },
    demand(weight) {
      demanded += weight
      return () => {
        demanded -= weight
      }
    },
    stretch,
    blockedMs: 0,
  }
  const counters = { snapshots: 0, snapshotFailures: 0 }
  const audits = startAudits({
    market,
    symbols,
    streams,
    everyMs,
    pool,
    connectPools: undefined as never,
    dialer: undefined as never,
    limits: undefined as never,
    intake,
    clock,
    chance: seededChance(1),
    counters: counters as never,
    notice: intake.notice,
  })
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 500) {
      clock.advance(500)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { intake, asked, audits, pass, counters, demanded: () => demanded }
}

describe('audits', () => {
  it('ask for every book once in a period, each at its turn, behind books that are missing', async () => {
    const { asked, audits, pass, demanded } = world()
    expect(demanded()).toBe(400)
    await pass(3 * EVERY_MS)
    expect(asked).toHaveLength(12)
    expect(new Set(asked.map(({ kind }) => kind))).toEqual(new Set(['poll']))
    for (const symbol of symbols) {
      const times = asked.filter(({ url }) => url.endsWith(`symbol=${symbol}`)).map(({ atMs }) => atMs)
      expect(times.map((ms) => ms - (times[0] as number))).toEqual([0, EVERY_MS, 2 * EVERY_MS])
    }
    const turns = asked.slice(0, 4).map(({ atMs }) => atMs)
    for (const [index, atMs] of turns.slice(1).entries())
      expect(atMs - (turns[index] as number)).toBe(EVERY_MS / 4)
    await audits.stop()
    expect(demanded()).toBe(0)
    await pass(EVERY_MS)
    expect(asked).toHaveLength(12)
  })

  it('record a question before it is sent, and its number with the answer', async () => {
    const { intake, audits, pass, counters } = world()
    await pass(EVERY_MS)
    await audits.stop()
    const records = intake.records
    expect(records.map(({ kind }) => kind)).toEqual(
      Array(4).fill([RecordKind.audit, RecordKind.answer]).flat(),
    )
    for (const [index, record] of records.entries()) {
      if (record.kind !== RecordKind.audit) continue
      const note = decodeNote<AuditNote>(record.payload)
      expect(note).toMatchObject({ exchange: 'nowhere', market: 'spot', stream: 'd', state: 'asked' })
      const { context } = decodeAnswerPayload(records[index + 1]?.payload as Uint8Array)
      expect(context).toMatchObject({ symbol: note.symbol, stream: 'd', resync: 0, audit: index + 1 })
    }
    expect(counters).toEqual({ snapshots: 4, snapshotFailures: 0 })
  })

  it('say which question gets no answer, and nothing of one that was never sent', async () => {
    const failed = world('failed')
    await failed.pass(EVERY_MS)
    const states = failed.intake.records.map(({ payload }) => decodeNote<AuditNote>(payload).state)
    expect(states).toEqual(Array(4).fill(['asked', 'failed']).flat())
    expect(failed.counters.snapshotFailures).toBe(4)
    await failed.audits.stop()
    const dropped = world('dropped')
    await dropped.pass(EVERY_MS)
    expect(dropped.intake.records).toEqual([])
    await dropped.audits.stop()
  })

  it('are rarer where the budget is short, and none where nobody wants them', async () => {
    const slow = world('answered', EVERY_MS, 2)
    await slow.pass(2 * EVERY_MS)
    expect(slow.asked).toHaveLength(4)
    await slow.audits.stop()
    // A fifth of 80 % of 1,250 a minute is half of what four books of 100 take.
    const dear = world('answered', EVERY_MS, 1, 1_250)
    expect(dear.demanded()).toBe(200)
    await dear.pass(2 * EVERY_MS)
    expect(dear.asked).toHaveLength(4)
    await dear.audits.stop()
    const none = world('answered', null)
    await none.pass(EVERY_MS)
    expect(none.asked).toEqual([])
    expect(none.demanded()).toBe(0)
  })

  it('by connections of their own take a tenth of the connects that the exchange allows', () => {
    const session = { connectsPerFiveMinutesMax: limit(100) }
    const streams = bookStreams.map((spec) =>
      spec.name === 'o' ? { ...spec, book: { ...spec.book, joins: () => 'next' as const } } : spec,
    ) as typeof bookStreams
    const market = testMarket('ws://x', 'http://x', session, streams)
    const every = (count: number): number | undefined =>
      planAudits(market, Array(count).fill('A'), ['t', 'o'], EVERY_MS)?.everyMs
    expect([every(1), every(2), every(3), every(40)]).toEqual([60_000, 60_000, 90_000, 1_200_000])
    expect(planAudits(market, ['A'], ['t', 'o'], EVERY_MS)?.weightPerMinute).toBe(0)
    // Nobody says that another connection counts the same updates.
    const plain = testMarket('ws://x', 'http://x', session, bookStreams)
    expect(planAudits(plain, ['A'], ['t', 'o'], EVERY_MS)).toBeNull()
  })
})
