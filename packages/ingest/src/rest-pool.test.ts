import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { manualClock, systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { limit, testDialer, testExchange, testMarket } from './ingest-support.ts'
import { createRestPools, openRestPool, type RestPool, type RestQuestion } from './rest-pool.ts'
import type { RestBounds, RestOutcome } from './rest-request.ts'

const bounds: RestBounds = { answerWithinMs: 5_000, bodyWithinMs: 6_000, bodyBytesMax: 100_000 }
const json = { 'content-type': 'application/json;charset=UTF-8' }
const never = new AbortController().signal

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A pool on a clock that stands still, before a server that answers as told and remembers what it was asked. */
async function world(
  answer: Answer,
  work: (
    ask: (path: string, more?: Partial<RestQuestion>) => Promise<RestOutcome | { kind: 'dropped' }>,
    parts: {
      pool: RestPool
      clock: ReturnType<typeof manualClock>
      asked: string[]
      until(n: number): Promise<void>
    },
  ) => Promise<void>,
  perMinute = 480,
  more: Partial<RestBounds> = {},
): Promise<void> {
  const asked: string[] = []
  let wake = (): void => {}
  const exchange = await testExchange({
    onRequest(request, response) {
      asked.push(String(request.url).slice(1))
      answer(request, response)
      wake()
    },
  })
  const clock = manualClock()
  const pool = openRestPool(
    'x-used',
    { perMinute, banMs: new Map() },
    { ...bounds, ...more },
    { clock, dialer: testDialer },
  )
  const until = async (n: number): Promise<void> => {
    while (asked.length < n) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  try {
    await work(
      (path, question) =>
        pool.ask({
          kind: 'book',
          weight: 1,
          url: () => `${exchange.restUrl}/${path}`,
          signal: never,
          ...question,
        }),
      { pool, clock, asked, until },
    )
  } finally {
    await exchange.close()
  }
}

const ok: Answer = (_, response) => response.writeHead(200, json).end('{"a":1}')

describe('an answer', () => {
  const once = async (answer: Answer, more: Partial<RestBounds> = {}): Promise<RestOutcome> => {
    const outcomes: RestOutcome[] = []
    await world(
      answer,
      async (ask) => {
        outcomes.push((await ask('x')) as RestOutcome)
      },
      480,
      more,
    )
    return outcomes[0] as RestOutcome
  }

  it('is its body, byte for byte', async () => {
    const outcome = await once(ok)
    expect(outcome).toMatchObject({ kind: 'answered' })
    expect(outcome.kind === 'answered' && Buffer.from(outcome.body).toString()).toBe('{"a":1}')
  })

  it('is none when its type is not JSON, whatever its status', async () => {
    const html: Answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('{"looks":"like JSON"}')
    expect(await once(html)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('text/html') })
  })

  it('is none when it does not begin like JSON, whatever its type', async () => {
    for (const body of ['<html>', '', '   ', 'Service Unavailable']) {
      const outcome = await once((_, response) => response.writeHead(200, json).end(body))
      expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('begin like JSON') })
    }
  })

  it('may come compressed with gzip, and in no other way', async () => {
    const encoded = (encoding: string): Answer => {
      const headers = { ...json, 'content-encoding': encoding }
      return (_, response) => response.writeHead(200, headers).end(gzipSync('{"a":1}'))
    }
    const outcome = await once(encoded('gzip'))
    expect(outcome.kind === 'answered' && Buffer.from(outcome.body).toString()).toBe('{"a":1}')
    const other = await once(encoded('br'))
    expect(other).toMatchObject({ kind: 'failed', reason: expect.stringContaining('expected gzip') })
  })

  it('is asked for again when its kept connection ended just then', async () => {
    const sockets: unknown[] = []
    await world(
      (request, response) => {
        const isFirst = !sockets.includes(request.socket)
        sockets.push(request.socket)
        if (isFirst) response.writeHead(200, json).end('{"a":1}')
        else request.socket.destroy()
      },
      async (ask, { asked }) => {
        expect(await ask('once')).toMatchObject({ kind: 'answered' })
        expect(await ask('twice')).toMatchObject({ kind: 'answered' })
        expect(asked).toEqual(['once', 'twice', 'twice'])
      },
    )
  })

  it('may come without a type', async () => {
    expect(await once((_, response) => response.writeHead(200).end(' [1]'))).toMatchObject({
      kind: 'answered',
    })
  })

  it('is not looked for where a redirect points', async () => {
    let followed = 0
    const outcome = await once((request, response) => {
      if (request.url === '/x') response.writeHead(302, { location: '/elsewhere' }).end()
      else followed += 1
    })
    expect([outcome.kind, outcome.kind === 'failed' && outcome.status, followed]).toEqual(['failed', 302, 0])
  })

  it('is given up when it is longer than the bound, compressed or not', async () => {
    const long = Buffer.alloc(200_000, '[')
    const bomb: Answer = (_, response) =>
      response
        .writeHead(200, { ...json, 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(50_000_000, '[')))
    for (const answer of [
      (_: unknown, response: ServerResponse) => response.writeHead(200, json).end(long),
      bomb,
    ]) {
      expect(await once(answer as Answer)).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('longer than 100000 bytes'),
      })
    }
  })

  it('never shows foreign text unescaped', async () => {
    const outcome = await once((_, response) => response.writeHead(500, json).end('\u001b[2J\n evil'))
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('\\u001b[2J\\n evil') })
  })

  it('that breaks off is none', async () => {
    const outcome = await once((_, response) => {
      response.writeHead(200, { ...json, 'content-length': '100' }).write('{"a"')
      response.socket?.destroy()
    })
    expect(outcome.kind).toBe('failed')
  })

  it('must begin in time', async () => {
    await world(
      () => {},
      async (ask, { clock, until }) => {
        const silent = ask('silent')
        await until(1)
        clock.advance(5_000)
        expect(await silent).toMatchObject({ kind: 'failed', reason: 'no answer within 5 s' })
      },
    )
  })

  it('that began in time may take longer to be complete, up to a bound of its own', async () => {
    // Headers come over a real socket, so a slow body is met on the real clock.
    const clock = systemClock()
    const exchange = await testExchange({
      onRequest(request, response) {
        response.writeHead(200, json).write('{"a"')
        if (request.url === '/late') clock.after(500, () => response.end(':1}'))
      },
    })
    const slow = { ...bounds, answerWithinMs: 300, bodyWithinMs: 2_000 }
    const pool = openRestPool(null, { perMinute: 100, banMs: new Map() }, slow, { clock, dialer: testDialer })
    const ask = (path: string) =>
      pool.ask({ kind: 'book', weight: 1, url: () => exchange.restUrl + path, signal: never })
    const [late, unended] = await Promise.all([ask('/late'), ask('/never')])
    expect(late).toMatchObject({ kind: 'answered' })
    expect(unended).toMatchObject({ kind: 'failed', reason: 'no complete answer within 2 s' })
    await exchange.close()
  })
})

describe('a REST pool', () => {
  it('asks for books before polls, and lets one poll in nine through', async () => {
    await world(
      ok,
      async (ask, { asked }) => {
        const polls = ['p1', 'p2'].map((path) => ask(path, { kind: 'poll' }))
        const books = Array.from({ length: 20 }, (_, i) => ask(`b${i}`))
        await Promise.all([...polls, ...books])
        // The polls came first into an empty pool; those behind four books wait for their place.
        expect(asked.slice(0, 2).sort()).toEqual(['p1', 'p2'])
        asked.length = 0
        const again = [...Array.from({ length: 20 }, (_, i) => ask(`b${i}`)), ask('p1', { kind: 'poll' })]
        await Promise.all(again)
        const place = asked.indexOf('p1')
        // Four books are on their way before it comes, eight more go first; on the wire they may overtake each other.
        expect(place).toBeGreaterThanOrEqual(8)
        expect(place).toBeLessThanOrEqual(15)
      },
      1e6,
    )
  })

  it('has four requests under way at most, three of them polls', async () => {
    const open: ServerResponse[] = []
    await world(
      (_, response) => open.push(response),
      async (ask, { asked, until }) => {
        const polls = Array.from({ length: 5 }, (_, i) => ask(`p${i}`, { kind: 'poll' }))
        await until(3)
        const books = Array.from({ length: 3 }, (_, i) => ask(`b${i}`))
        await until(4)
        expect(asked.toSorted()).toEqual(['b0', 'p0', 'p1', 'p2'])
        const all = Promise.all([...polls, ...books])
        while (asked.length < 8 || open.length > 0) {
          open.shift()?.writeHead(200, json).end('{}')
          await new Promise((resolve) => setImmediate(resolve))
        }
        await all
      },
    )
  })

  it('waits when its weight is spent, and goes on a minute later', async () => {
    await world(
      ok,
      async (ask, { clock, asked }) => {
        await Promise.all([1, 2, 3, 4].map((i) => ask(String(i), { weight: 25 })))
        const fifth = ask('5', { weight: 25 })
        clock.advance(59_000)
        expect(asked).toHaveLength(4)
        clock.advance(2_000)
        expect((await fifth).kind).toBe('answered')
      },
      100,
    )
  })

  it('waits when the exchange says that others on our address spent it', async () => {
    await world(
      (_, response) => response.writeHead(200, { ...json, 'x-used': '99' }).end('{}'),
      async (ask, { clock, asked }) => {
        clock.advance(10_000)
        await ask('1')
        const second = ask('2', { weight: 2 })
        // The manual clock began 20 s into a minute; a second is left for the exchange's clock.
        clock.advance(30_999)
        expect(asked).toEqual(['1'])
        clock.advance(1)
        expect((await second).kind).toBe('answered')
      },
      100,
    )
  })

  it('is not upset by a used weight that is none', async () => {
    await world(
      (_, response) => response.writeHead(200, { ...json, 'x-used': '1e99' }).end('{}'),
      async (ask) => {
        await ask('1')
        expect((await ask('2')).kind).toBe('answered')
      },
      100,
    )
  })

  for (const [status, headers, waitMs] of [
    [429, { 'retry-after': '7' }, 7_000],
    [429, {}, 60_000],
    [418, { 'retry-after': '3600' }, 3_600_000],
    [418, {}, 120_000],
    [418, { 'retry-after': '0' }, 120_000],
    [418, { 'retry-after': 'soon' }, 120_000],
    [429, { 'retry-after': '999999999999' }, 3 * 86_400_000],
    [503, { 'retry-after': '5' }, 5_000],
  ] as const) {
    it(`asks nothing for ${waitMs / 1000} s after ${status} with ${JSON.stringify(headers)}`, async () => {
      await world(
        (request, response) =>
          request.url === '/1' ? response.writeHead(status, headers).end() : ok(request, response),
        async (ask, { pool, clock, asked }) => {
          expect(await ask('1')).toMatchObject({ kind: 'failed', status })
          expect(pool.blockedMs).toBe(waitMs)
          const second = ask('2', { kind: 'poll' })
          clock.advance(waitMs - 1)
          expect(asked).toEqual(['1'])
          clock.advance(1)
          expect((await second).kind).toBe('answered')
        },
      )
    })
  }

  it('backs off from a 403, longer each time, and forgets it after an answer', async () => {
    let isForbidden = true
    await world(
      (request, response) => (isForbidden ? response.writeHead(403).end() : ok(request, response)),
      async (ask, { pool, clock }) => {
        const waits: number[] = []
        for (let i = 0; i < 4; i++) {
          await ask('x')
          waits.push(pool.blockedMs)
          clock.advance(pool.blockedMs)
        }
        for (const [i, wait] of waits.entries()) {
          expect(wait).toBeGreaterThanOrEqual(750 * 2 ** i)
          expect(wait).toBeLessThanOrEqual(1250 * 2 ** i)
        }
        isForbidden = false
        await ask('x')
        isForbidden = true
        await ask('x')
        expect(pool.blockedMs).toBeLessThanOrEqual(1250)
      },
    )
  })

  it('does not let a 500 for one request block the others', async () => {
    await world(
      (request, response) => (request.url === '/1' ? response.writeHead(500).end() : ok(request, response)),
      async (ask, { pool }) => {
        await ask('1')
        expect(pool.blockedMs).toBe(0)
        expect((await ask('2')).kind).toBe('answered')
      },
    )
  })

  it('drops what is not wanted any more, in line and under way', async () => {
    const stop = new AbortController()
    await world(
      () => {},
      async (ask, { asked, until }) => {
        const signal = stop.signal
        const questions = Array.from({ length: 6 }, (_, i) => ask(String(i), { signal }))
        const other = ask('other', { url: () => null })
        await until(4)
        stop.abort()
        for (const question of questions) expect(await question).toEqual({ kind: 'dropped' })
        expect(await other).toEqual({ kind: 'dropped' })
        expect(await ask('late', { signal })).toEqual({ kind: 'dropped' })
        expect(asked).toHaveLength(4)
      },
    )
  })
})

describe('the REST pools of a process', () => {
  const session = (restPool: string, perMinute: number) =>
    testMarket('ws://x', 'http://x', { restPool, restWeightPerMinute: limit(perMinute) }).session

  it('are one for markets that share a budget, and its size is the smallest that they name', () => {
    const pools = createRestPools({ clock: manualClock(), dialer: testDialer })
    const pool = pools.of(session('shared', 1000), bounds)
    expect(pools.of(session('shared', 100), bounds)).toBe(pool)
    expect(pools.of(session('other', 100), bounds)).not.toBe(pool)
    const release = pool.demand(160)
    // 80 % of 100.
    expect(pool.stretch).toBe(2)
    release()
    expect(pool.stretch).toBe(1)
  })

  for (const [status, headers, waitMs] of [
    [403, {}, 600_000],
    [403, { 'retry-after': '5' }, 600_000],
    [403, { 'retry-after': '3600' }, 3_600_000],
    [451, {}, 600_000],
    [400, {}, 0],
    [429, {}, 60_000],
  ] as const) {
    it(`are shut for ${waitMs / 1000} s by ${status} with ${JSON.stringify(headers)} where 403 and 451 are bans of ten minutes`, async () => {
      const clock = manualClock()
      const exchange = await testExchange({
        onRequest: (_, response) => void response.writeHead(status, headers).end('<html>too frequent'),
      })
      const restBan = { statuses: [403, 451], ms: limit(600_000) }
      const { session: banning } = testMarket('ws://x', exchange.restUrl, { restBan })
      const pool = createRestPools({ clock, dialer: testDialer }).of(banning, bounds)
      const outcome = await pool.ask({ kind: 'poll', weight: 1, url: () => exchange.restUrl, signal: never })
      expect(outcome).toMatchObject({ kind: 'failed', status })
      expect(pool.blockedMs).toBe(waitMs)
      await exchange.close()
    })
  }

  it('know the bans of every market that shares them, the longest of each status', async () => {
    const exchange = await testExchange({
      onRequest: (_, response) => void response.writeHead(403).end(),
    })
    const pools = createRestPools({ clock: manualClock(), dialer: testDialer })
    for (const ms of [1_000, 600_000, 2_000]) {
      const restBan = { statuses: [403], ms: limit(ms) }
      pools.of(testMarket('ws://x', exchange.restUrl, { restBan }).session, bounds)
    }
    const pool = pools.of(testMarket('ws://x', exchange.restUrl).session, bounds)
    await pool.ask({ kind: 'book', weight: 1, url: () => exchange.restUrl, signal: never })
    expect(pool.blockedMs).toBe(600_000)
    await exchange.close()
  })
})

describe('a host that fails again and again', () => {
  it('is left alone by everybody, then tried once, and asked again when that was answered', async () => {
    let isWell = false
    const answer: Answer = (request, response) => {
      if (isWell) ok(request, response)
      else response.writeHead(503, json).end('{}')
    }
    await world(answer, async (ask, { pool, clock, asked, until }) => {
      for (let i = 0; i < 5; i++) expect(await ask(`${i}`)).toMatchObject({ kind: 'failed', status: 503 })
      const book = ask('book')
      const poll = ask('poll', { kind: 'poll' })
      clock.advance(700)
      expect(asked).toHaveLength(5)
      clock.advance(600)
      await until(6)
      expect(await book).toMatchObject({ kind: 'failed' })
      expect(asked).toHaveLength(6)
      isWell = true
      clock.advance(2_600)
      expect(await poll).toMatchObject({ kind: 'answered' })
      expect(await ask('more')).toMatchObject({ kind: 'answered' })
      expect(pool.blockedMs).toBe(0)
    })
  })

  it('does not keep the pool from asking another one', async () => {
    await world(
      (_, response) => response.writeHead(500, json).end('{}'),
      async (ask) => {
        const other = await testExchange({ onRequest: ok as never })
        try {
          for (let i = 0; i < 5; i++) await ask(`${i}`)
          const stopped = new AbortController()
          const waiting = ask('waits', { signal: stopped.signal })
          const url = () => `${other.restUrl}/x`
          expect(await ask('', { url })).toMatchObject({ kind: 'answered' })
          stopped.abort()
          expect(await waiting).toEqual({ kind: 'dropped' })
        } finally {
          await other.close()
        }
      },
    )
  })

  it('is not one that refuses: what is answered was heard', async () => {
    await world(
      (_, response) => response.writeHead(400, json).end('{}'),
      async (ask, { asked }) => {
        for (let i = 0; i < 12; i++) await ask(`${i}`)
        expect(asked).toHaveLength(12)
      },
    )
  })
})
