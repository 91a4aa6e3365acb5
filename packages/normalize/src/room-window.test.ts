import { createRowBuffer, EventBatch, type RowBuffer, StringTable, ticks } from '@cryptoflow/model'
import { expect, it } from 'vitest'
import { setDecimal } from './lane-fixture.ts'
import { fakeMarket } from './market-fixture.ts'
import { createRowSink, rowKey } from './row-sink.ts'
import { receivedStamp } from './stamps.ts'
import { tickRow } from './tick-rows.ts'

/** Trades into buffers of 100 us and one exchange each; `asked` counts the questions where rows belong. */
function openWorld() {
  const names = new StringTable()
  const batch = new EventBatch(names)
  batch.reserveEvent()
  batch.reserveEntries(1)
  setDecimal(batch.price, 0, '1')
  setDecimal(batch.quantity, 0, '1')
  batch.entryCount = 1
  batch.endEvent()
  const buffers = new Map<string, RowBuffer>()
  const world = { asked: 0, buffers, trade, counts }
  const sink = createRowSink({
    writer: 'J1',
    names,
    rowsFor: (_table, exchange, us) => {
      world.asked += 1
      const fromUs = 100 * Math.floor(us / 100)
      const place = `${exchange} ${fromUs}`
      const made = () => createRowBuffer(ticks, names) as RowBuffer
      const buffer = buffers.get(place) ?? Object.assign(made(), { fromUs, untilUs: fromUs + 100 })
      buffers.set(place, buffer)
      return buffer as never
    },
  })
  const keys = new Map(
    ['a', 'b'].map((exchange) => [exchange, rowKey({ ...fakeMarket, exchange }, 'S', names)]),
  )
  function trade(exchange: string, us: number): void {
    tickRow(sink, keys.get(exchange) as never, receivedStamp(us, 1), batch, 0, 'ws')
  }
  function counts(): Record<string, number> {
    return Object.fromEntries([...buffers].map(([place, { count }]) => [place, count]))
  }
  return world
}

it('puts rows where they belong on both sides of a border and for each exchange', () => {
  const { trade, counts } = openWorld()
  for (const us of [100, 150, 199]) trade('a', us)
  for (const us of [200, 299]) trade('a', us)
  trade('a', 199)
  trade('b', 199)
  trade('a', 199)
  expect(counts()).toEqual({ 'a 100': 5, 'a 200': 2, 'b 100': 1 })
})

it('asks once for a run of rows, and again as soon as the buffer was taken back', () => {
  const world = openWorld()
  for (let n = 0; n < 1_000; n++) world.trade('a', 150)
  expect(world.asked).toBe(1)
  const taken = world.buffers.get('a 100') as RowBuffer
  world.buffers.clear()
  taken.untilUs = Number.NEGATIVE_INFINITY
  world.trade('a', 150)
  expect(taken.count).toBe(1_000)
  expect(world.counts()).toEqual({ 'a 100': 1 })
})
