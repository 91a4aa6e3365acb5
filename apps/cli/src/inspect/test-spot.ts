import { seededChance } from '@cryptoflow/runtime'
import { answered, applyTo, change, fullBook, type OwnBook, storeImage } from './test-book.ts'
import { type Fault, Scene, type Told, type World } from './test-scene.ts'

export const START_US = 1_700_000_000_000_000
export const CELL_US = 100_000
const CELLS = 30

/** What happens to the symbol's messages, by cell. */
const DEPTH_FAULTS = new Map<number, Fault>([
  [8, 'gap'],
  [14, 'duplicate'],
  [20, 'malformed'],
])
const TRADE_FAULTS = new Map<number, Fault>([
  [5, 'gap'],
  [6, 'gap'],
  [11, 'duplicate'],
  [16, 'malformed'],
])

/** Trades and a book of one symbol: gaps, damaged texts, duplicates, and a book that starts again. */
export function addSpotSymbol(world: World, symbol: string, seed: number): void {
  const chance = seededChance(seed)
  const scene = new Scene(world, 'spot', symbol, world.rows.ticks.length * 100)
  const market = fullBook()
  let own: OwnBook | null = null
  let seq = 500
  for (let cell = 0; cell < CELLS; cell++) {
    const us = START_US + cell * CELL_US + 20_000
    for (let i = 0; i < 2; i++) {
      const first = seq + 1
      seq += 1 + chance.below(4)
      const told: Told = { ...diff(us + i * 10_000), first, last: seq, ...change(market, chance) }
      if (own !== null && scene.lastOf(told.stream) < first - 1) own = null
      const heard = scene.tell(
        told,
        i === 0 ? DEPTH_FAULTS.get(cell) : undefined,
        own === null ? 'resync' : 'live',
      )
      if (heard === null || own === null) continue
      applyTo(own.book, { bids: told.bids ?? [], asks: told.asks ?? [] })
      if (i === 1) storeImage(scene, own, { us: told.us, last: seq, times: scene.timed(told) }, 'derived')
    }
    if (own === null && cell % 3 === 2) {
      const begun = answered(market)
      const told: Told = { ...SNAPSHOT, last: seq, ...begun.shown, us: us + 50_000 }
      scene.tell(told, undefined, 'resync')
      own = begun.own
      storeImage(scene, own, { us: told.us, last: seq, times: {} }, 'checkpoint')
    }
    const price = `${90 + chance.below(20)}.${10 + chance.below(90)}`
    scene.tell(trade(1001 + cell, price, us + 30_000), TRADE_FAULTS.get(cell))
  }
}

const SNAPSHOT = { stream: 'snapshot', table: 'spot_delta', rule: 'asked' } as const

function diff(us: number): Pick<Told, 'stream' | 'table' | 'rule' | 'sentMs' | 'us'> {
  return { stream: 'depth@100ms', table: 'spot_delta', rule: 'chain', sentMs: us / 1000, us }
}

function trade(id: number, price: string, us: number): Told {
  const values = { trade_id: String(id), kind: 'trade', side: 'buy', price, quantity: '0.500' }
  const times = { sentMs: us / 1000, engineMs: us / 1000 - 1, us }
  return { stream: 'trade', table: 'ticks', rule: 'chain', first: id, last: id, values, ...times }
}
