import { DecimalColumn, Side } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { type HeldDelta, HeldDeltas } from './held.ts'
import { type Chance, chanceOf } from './lane-fixture.ts'
import { blankStamp } from './stamps.ts'

interface Plain {
  readonly delta: Omit<HeldDelta, 'start' | 'end'>
  readonly levels: readonly (readonly [
    side: number,
    price: bigint | null,
    quantity: bigint | null,
    scale: number,
  ])[]
}

/** A delta of up to four levels, some of them of numbers that are no safe integers. */
function anyDelta(chance: Chance, seq: number): Plain {
  const number = (): bigint => (chance(5) === 0 ? 2n ** 80n + BigInt(chance(1000)) : BigInt(chance(1000)))
  const stamp = { ...blankStamp(), eventUs: seq * 7, receivedUs: seq * 7 + 1, frame: seq * 2 }
  stamp.timeSource = (['engine', 'sent', 'received'] as const)[chance(3)] ?? 'sent'
  if (chance(2) === 0) stamp.sentUs = seq
  return {
    delta: { firstSeq: seq, lastSeq: seq + 1, prevSeq: chance(2) === 0 ? Number.NaN : seq - 1, stamp },
    levels: Array.from({ length: chance(5) }, () => [
      chance(2) === 0 ? Side.bid : Side.ask,
      number(),
      number(),
      chance(18),
    ]),
  }
}

/** Pushes a delta whose levels stand somewhere in the middle of others. */
function push(held: HeldDeltas, { delta, levels }: Plain, start: number): number {
  const rows = start + levels.length
  const source = {
    side: new Uint8Array(rows),
    price: new DecimalColumn(rows),
    quantity: new DecimalColumn(rows),
  }
  for (const [i, [side, price, quantity, scale]] of levels.entries()) {
    source.side[start + i] = side
    source.price.set(start + i, price as bigint, scale)
    source.quantity.set(start + i, quantity as bigint, scale)
  }
  return held.push({ ...delta, start, end: rows }, source)
}

function plainOf(held: HeldDeltas): Plain[] {
  return Array.from({ length: held.count }, (_, at) => {
    const { start, end, ...delta } = held.at(at)
    const rows = Array.from({ length: end - start }, (_row, i) => start + i)
    return {
      delta,
      levels: rows.map((row) => [
        held.side[row] as number,
        held.price.mantissa(row),
        held.quantity.mantissa(row),
        held.price.scales[row] as number,
      ]),
    }
  })
}

describe('held deltas', () => {
  it('are what was pushed, the oldest gone beyond the bounds, over every order of pushing and forgetting', () => {
    const chance = chanceOf(20261121)
    let dropped = 0
    let moved = 0
    for (let world = 0; world < 60; world++) {
      const bounds = { deltas: 1 + chance(40), levels: 1 + chance(80) }
      const held = new HeldDeltas(bounds)
      let plain: Plain[] = []
      for (let step = 0; step < 120; step++) {
        if (chance(12) === 0) {
          const count = chance(plain.length + 2)
          held.forget(count)
          plain = plain.slice(count)
          moved += count > 0 ? 1 : 0
        } else {
          const next = anyDelta(chance, step)
          const gone = push(held, next, chance(3))
          plain = [...plain, next].slice(gone)
          const levels = plain.flatMap((each) => each.levels).length
          expect(plain.length <= bounds.deltas && levels <= bounds.levels).toBe(true)
          dropped += gone
        }
        expect(held.count).toBe(plain.length)
      }
      expect(plainOf(held)).toEqual(plain)
    }
    expect(Math.min(dropped, moved)).toBeGreaterThan(300)
  })
})
