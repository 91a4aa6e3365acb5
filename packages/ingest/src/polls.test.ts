import { decodeAnswerPayload, RecordKind, type StreamSpec } from '@cryptoflow/model'
import { defaultBackoff, manualClock, seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { hearing, limit, MemoryIntake, testMarket, testStreams } from './ingest-support.ts'
import { planPolls } from './plan.ts'
import { startPolls } from './polls.ts'
import type { RestPool } from './rest-pool.ts'
import type { RestOutcome } from './rest-request.ts'

const EVERY_MS = 60_000

/** Polls on a clock that stands still, before a pool that answers at once with what the test says. */
function world(
  symbols: string[],
  answer: (url: string) => 'ok' | 'fail' = () => 'ok',
  stretch = 1,
  offered = testStreams,
) {
  const clock = manualClock()
  const startMs = clock.nowUs() / 1000
  const intake = new MemoryIntake()
  const market = testMarket('ws://x', 'http://x', {}, offered)
  const streams = offered === testStreams ? ['oi', 'info'] : offered.map(({ name }) => name)
  const asked: { readonly url: string; readonly atMs: number }[] = []
  let demanded = 0
  const pool: RestPool = {
    ask({ url }) {
      const address = url() as string
      asked.push({ url: address.slice('http://x'.length), atMs: clock.nowUs() / 1000 - startMs })
      const usedWeight = Number.NaN
      const outcome: RestOutcome =
        answer(address) === 'ok'
          ? { kind: 'answered', body: Buffer.from(address), receivedUs: clock.nowUs(), usedWeight }
          : { kind: 'failed', reason: 'no', status: 500, retryAfterMs: null, usedWeight }
      return Promise.resolve(outcome)
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
  const counters = { polls: 0, pollFailures: 0 } as never
  const polling = startPolls({
    market,
    polls: planPolls(market, symbols, streams),
    pool,
    intake,
    clock,
    chance: seededChance(3),
    backoff: defaultBackoff,
    counters,
    notice: intake.notice,
  })
  /** Moves the clock in small steps, so that answers come in between. */
  const pass = async (ms: number, stepMs = 100): Promise<void> => {
    for (let i = 0; i < ms; i += stepMs) {
      clock.advance(stepMs)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const timesOf = (symbol: string): number[] =>
    asked.filter(({ url }) => url === `/oi?symbol=${symbol}`).map(({ atMs }) => atMs)
  return { intake, asked, polling, pass, timesOf, demanded: () => demanded }
}

const symbols = Array.from({ length: 10 }, (_, i) => `S${i}`)

describe('polls', () => {
  it('ask everything at once, instruments first', async () => {
    const { asked, polling } = world(['A', 'B'])
    expect(asked).toEqual([
      { url: '/info?symbol=', atMs: 0 },
      { url: '/oi?symbol=A', atMs: 0 },
      { url: '/oi?symbol=B', atMs: 0 },
    ])
    await polling.stop()
  })

  it('come back once a period, the symbols spread evenly over it', async () => {
    const { timesOf, polling, pass } = world(symbols)
    await pass(5 * EVERY_MS, 500)
    const places: number[] = []
    for (const symbol of symbols) {
      const [first, ...later] = timesOf(symbol) as [number, ...number[]]
      expect((later[0] as number) - first).toBeGreaterThanOrEqual(EVERY_MS / 2)
      expect(later.length).toBeGreaterThanOrEqual(4)
      for (let i = 1; i < later.length; i++) {
        expect((later[i] as number) - (later[i - 1] as number)).toBeCloseTo(EVERY_MS, -3)
      }
      places.push((later[0] as number) % EVERY_MS)
    }
    places.sort((a, b) => a - b)
    const distances = places.map((at, i) => ((places[(i + 1) % 10] as number) - at + EVERY_MS) % EVERY_MS)
    // Ten symbols in 60 s: 6 s apart, each moved by at most half of it.
    for (const distance of distances) {
      expect(distance).toBeGreaterThanOrEqual(2_500)
      expect(distance).toBeLessThanOrEqual(9_500)
    }
    await polling.stop()
  })

  it('journal the answer as one of the polled stream', async () => {
    const { intake, polling, pass } = world(['A'])
    await pass(100)
    const contexts = intake.of(RecordKind.answer).map(({ payload }) => decodeAnswerPayload(payload).context)
    const key = { exchange: 'nowhere', market: 'spot', resync: 0, status: 200 }
    expect(contexts).toEqual([
      { ...key, symbol: '', stream: 'info' },
      { ...key, symbol: 'A', stream: 'oi' },
    ])
    await polling.stop()
  })

  it('wait by backoff after failures, symbol by symbol, and return to their turn after an answer', async () => {
    let failures = 3
    const { timesOf, intake, polling, pass } = world(['A', 'B'], (url) => {
      if (!url.endsWith('=A') || failures === 0) return 'ok'
      failures -= 1
      return 'fail'
    })
    await pass(4 * EVERY_MS, 250)
    const [first, second, third, fourth, ...turns] = timesOf('A') as [number, number, number, number]
    for (const [wait, plain] of [
      [second - first, 1_000],
      [third - second, 2_000],
      [fourth - third, 4_000],
    ] as const) {
      expect(wait).toBeGreaterThanOrEqual(plain * 0.75)
      expect(wait).toBeLessThanOrEqual(plain * 1.25 + 250)
    }
    expect(turns.length).toBeGreaterThanOrEqual(3)
    // Its neighbour never noticed.
    expect(timesOf('B').length).toBeGreaterThanOrEqual(4)
    expect(timesOf('B').length).toBeLessThanOrEqual(5)
    expect(intake.told('poll-failed').map(({ symbol, stream }) => symbol + stream)).toEqual([
      'Aoi',
      'Aoi',
      'Aoi',
    ])
    await polling.stop()
  })

  it('that fail for ever wait up to a quarter of their period', async () => {
    const { asked, polling, pass } = world([], () => 'fail')
    await pass(4 * 3_600_000, 5_000)
    const times = asked.map(({ atMs }) => atMs)
    const last = (times.at(-1) as number) - (times.at(-2) as number)
    expect(last).toBeGreaterThanOrEqual(0.75 * 900_000)
    expect(last).toBeLessThanOrEqual(1.25 * 900_000 + 5_000)
    await polling.stop()
  })

  it('say what is possible when the budget does not hold them, and ask so often', async () => {
    const { timesOf, intake, polling, pass } = world(['A'], () => 'ok', 2)
    expect(intake.told('poll-slowed')).toContainEqual({
      kind: 'poll-slowed',
      stream: 'oi',
      everyMs: EVERY_MS,
      possibleMs: 2 * EVERY_MS,
    })
    await pass(9 * EVERY_MS, 1000)
    const [, ...turns] = timesOf('A') as [number, number, number]
    expect((turns[1] as number) - (turns[0] as number)).toBeCloseTo(2 * EVERY_MS, -3)
    await polling.stop()
  })

  it('stop for good, and take their demand with them', async () => {
    const { asked, polling, pass, demanded } = world(symbols)
    await pass(100)
    expect(demanded()).toBeCloseTo(10 + 20 / 60)
    await polling.stop()
    const before = asked.length
    await pass(3 * EVERY_MS, 1000)
    expect(asked).toHaveLength(before)
    expect(demanded()).toBeCloseTo(0)
  })
})

describe('a list of three pages', () => {
  const [info] = testStreams.filter(({ name }) => name === 'info') as [StreamSpec]
  const pages = ['/list', '/list?page=2', '/list?page=3']
  const request = (at: number) => ({ path: pages[at] as string, weight: 1 })
  const nextPage = (_: string, body: Uint8Array) => {
    const at = pages.indexOf(Buffer.from(body).toString().slice('http://x'.length)) + 1
    return at < pages.length ? request(at) : null
  }
  const poll = { everyMs: EVERY_MS, request: () => request(0), nextPage }
  const paged = [{ ...info, poll }]
  const bodiesOf = (intake: MemoryIntake): string[] =>
    intake.of(RecordKind.answer).map(({ payload }) => {
      const { context, body } = decodeAnswerPayload(payload)
      return `${context.stream} ${Buffer.from(body)}`
    })

  it('is asked for and journaled page by page, once a period', async () => {
    const { asked, intake, polling, pass } = world([], () => 'ok', 1, paged)
    await pass(100)
    expect(asked.map(({ url }) => url)).toEqual(pages)
    expect(bodiesOf(intake)).toEqual(pages.map((path) => `info http://x${path}`))
    await pass(2 * EVERY_MS, 1_000)
    expect(asked.length % 3).toBe(0)
    expect(asked.length).toBeGreaterThanOrEqual(6)
    await polling.stop()
  })

  it('says which page failed, keeps those before it, and begins with the first again', async () => {
    let isBroken = true
    const answer = (url: string) => (isBroken && url.endsWith('=2') ? 'fail' : 'ok')
    const { asked, intake, polling, pass } = world([], answer, 1, paged)
    await pass(100)
    expect(intake.told('poll-failed')).toMatchObject([{ symbol: '', stream: 'info', reason: 'page 2: no' }])
    expect(bodiesOf(intake)).toEqual(['info http://x/list'])
    isBroken = false
    await pass(2_000)
    expect(asked.map(({ url }) => url)).toEqual([...pages.slice(0, 2), ...pages])
    expect(intake.told('poll-failed')).toHaveLength(1)
    await polling.stop()
  })

  it.each([
    ['names itself as the next page', 1],
    ['more than 100 pages', 100],
  ])('that never ends is told (%s)', async (reason, count) => {
    let at = 0
    const more = () => ({ path: count === 1 ? '/list' : `/list?page=${at++}`, weight: 1 })
    const { asked, intake, polling, pass } = world([], () => 'ok', 1, [
      { ...info, poll: { ...poll, nextPage: more } },
    ])
    await pass(500)
    expect(asked).toHaveLength(count)
    expect(intake.told('poll-failed')).toMatchObject([{ stream: 'info', reason }])
    await polling.stop()
  })
})

describe('streams with the same request', () => {
  const [oi] = testStreams.filter(({ name }) => name === 'oi') as [StreamSpec]
  const request = () => ({ path: '/list', weight: 1 })
  const same = [
    { ...oi, name: 'often', scope: 'market', poll: { everyMs: EVERY_MS, request } },
    { ...oi, name: 'too', scope: 'market', poll: { everyMs: EVERY_MS, request } },
    { ...oi, name: 'rarely', scope: 'market', poll: { everyMs: 10 * EVERY_MS, request } },
  ] as const
  const streamsOf = (intake: MemoryIntake): string[] =>
    intake.of(RecordKind.answer).map(({ payload }) => decodeAnswerPayload(payload).context.stream)

  it('are asked for once, and each gets an answer at its own distance', async () => {
    const { asked, intake, polling, pass, demanded } = world([], () => 'ok', 1, same)
    expect(demanded()).toBe(1)
    await pass(30 * EVERY_MS, 1_000)
    const counted = Object.fromEntries(['often', 'too', 'rarely'].map((name) => [name, 0]))
    for (const stream of streamsOf(intake)) counted[stream] = (counted[stream] ?? 0) + 1
    expect(asked.length).toBeGreaterThanOrEqual(30)
    expect(asked.length).toBeLessThanOrEqual(32)
    expect(counted).toEqual({ often: asked.length, too: asked.length, rarely: 4 })
    await polling.stop()
  })

  it('are told one by one when their question fails', async () => {
    const { intake, polling, pass } = world([], () => 'fail', 1, same)
    await pass(100)
    expect(intake.told('poll-failed').map(({ stream }) => stream)).toEqual(['often', 'too', 'rarely'])
    await polling.stop()
  })
})

describe('an ingest with polls', () => {
  it('asks over the wire, counts, and slows down when its budget is too small', async () => {
    const asked: string[] = []
    const intake = await hearing(
      {
        server: {
          onRequest(request, response) {
            asked.push(String(request.url))
            const isFirst = asked.filter((url) => url === request.url).length === 1
            if (request.url === '/oi?symbol=B' && isFirst) {
              response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')
            } else response.end('{"a":1}')
          },
        },
        symbols: ['A', 'B'],
        streams: ['oi', 'info'],
        session: { restWeightPerMinute: limit(1000) },
        options: { pollEveryMs: { oi: 50 } },
      },
      async (records, ingest) => {
        await records.until(() => ingest.counters.polls >= 10 && ingest.counters.pollFailures === 1)
      },
    )
    // Two symbols every 50 ms are 2400 a minute, and 800 are there.
    expect(intake.told('poll-slowed').find(({ stream }) => stream === 'oi')?.possibleMs).toBeGreaterThan(149)
    expect(intake.told('poll-failed')).toMatchObject([{ symbol: 'B', stream: 'oi' }])
    expect(asked[0]).toBe('/info?symbol=')
    expect(intake.of(RecordKind.answer).length).toBeGreaterThanOrEqual(10)
  })
})
