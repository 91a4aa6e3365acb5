import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { connectSpanMs, createConnectPools } from './connect-pool.ts'

function world(perFiveMinutes = 300, everyMs = 1000) {
  const clock = manualClock()
  const startUs = clock.nowUs()
  const pools = createConnectPools({ clock })
  const pool = pools.of('ws://one/a', perFiveMinutes, everyMs)
  const made: number[] = []
  const connect = (): void => {
    made.push((clock.nowUs() - startUs) / 1000)
  }
  return { clock, pools, pool, made, connect }
}

describe('a connect pool', () => {
  it('lets the first connect at once and the others a second apart', () => {
    const { clock, pool, made, connect } = world()
    for (let i = 0; i < 3; i++) pool.request(connect)
    clock.advance(10_000)
    expect(made).toEqual([0, 1000, 2000])
  })

  it('stays within half of what the exchange allows in any five minutes', () => {
    const { clock, pool, made, connect } = world(20, 1000)
    for (let i = 0; i < 35; i++) pool.request(connect)
    clock.advance(20 * 60_000)
    expect(made).toHaveLength(35)
    for (const [index, at] of made.entries()) {
      const tenth = made[index + 10]
      if (tenth !== undefined) expect(tenth - at).toBeGreaterThanOrEqual(300_000)
    }
  })

  it('takes as long as is told before', () => {
    for (const [connects, perFiveMinutes, everyMs] of [
      [1, 300, 1000],
      [30, 300, 1000],
      [35, 20, 1000],
      [9, 1, 0],
    ] as const) {
      const { clock, pool, made, connect } = world(perFiveMinutes, everyMs)
      for (let i = 0; i < connects; i++) pool.request(connect)
      clock.advance(60 * 60_000)
      expect(made.at(-1)).toBe(connectSpanMs(connects, perFiveMinutes, everyMs))
    }
  })

  it('is silent for as long as the host asked, for everybody who waits or comes', () => {
    const { clock, pool, made, connect } = world()
    pool.request(connect)
    pool.request(connect)
    pool.block(120_000)
    clock.advance(60_000)
    pool.request(connect)
    clock.advance(100_000)
    expect(made).toEqual([0, 120_000, 121_000])
  })

  it('forgets who does not want any more', () => {
    const { clock, pool, made, connect } = world()
    pool.request(connect)
    const cancel = pool.request(() => made.push(-1))
    pool.request(connect)
    cancel()
    clock.advance(10_000)
    expect(made).toEqual([0, 1000])
  })

  it('is one per host, whatever the path', () => {
    const { pools, pool } = world()
    expect(pools.of('ws://one/b', 300, 1000)).toBe(pool)
    expect(pools.of('ws://two/a', 300, 1000)).not.toBe(pool)
  })
})

describe('a host on which connects fail again and again', () => {
  it('is left alone by all its pools, then tried by one connection, and free when that was subscribed', () => {
    const clock = manualClock()
    const changes: string[] = []
    const backoff = { firstMs: 10_000, maxMs: 60_000, jitter: 0 }
    const onBreaker = ({ dependency, state }: { dependency: string; state: string }): void => {
      changes.push(`${dependency} ${state}`)
    }
    const pools = createConnectPools({ clock, backoff, onBreaker })
    const pool = pools.of('ws://one/a', 300, 0)
    let made = 0
    const connect = (): void => {
      made += 1
    }
    for (let i = 0; i < 5; i++) {
      pool.request(connect)
      pool.failed('refused')
    }
    for (let i = 0; i < 3; i++) pools.of('ws://one/b', 300, 0).request(connect)
    pools.of('ws://two/a', 300, 0).request(connect)
    expect(made).toBe(6)
    clock.advance(9_999)
    expect(made).toBe(6)
    clock.advance(1)
    expect(made).toBe(7)
    clock.advance(60_000)
    expect(made).toBe(7)
    pool.succeeded()
    expect(made).toBe(9)
    expect(changes).toEqual(['connect one open', 'connect one half_open', 'connect one closed'])
    expect(pools.breakers.states()).toEqual([
      { dependency: 'connect one', state: 'closed' },
      { dependency: 'connect two', state: 'closed' },
    ])
  })
})
