import { describe, expect, it } from 'vitest'
import { ForcedOrders } from './forced-orders.ts'
import { listed } from './symbols.ts'

const options = { listed: listed('linear', 'BTCUSDT'), seed: 3, startMs: 0 }

describe('forced orders', () => {
  it('are told by the largest of a stretch, and each once', () => {
    const all = new ForcedOrders({ ...options, perMinute: 6_000 })
    const sizes: number[] = []
    for (let ms = 1; ms <= 1_000; ms++) {
      all.advance(ms, 100, 101)
      const order = all.take()
      if (order !== null) sizes.push(order.quantity)
    }
    expect(sizes.length).toBeGreaterThan(60)
    const whole = new ForcedOrders({ ...options, perMinute: 6_000 })
    whole.advance(1_000, 100, 101)
    expect(whole.take()!.quantity).toBe(Math.max(...sizes))
    expect(whole.take()).toBeNull()
  })

  it('do not happen when there are to be none', () => {
    const none = new ForcedOrders({ ...options, perMinute: 0 })
    none.advance(1e9, 100, 101)
    expect(none.take()).toBeNull()
  })
})
