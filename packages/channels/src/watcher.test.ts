import { manualClock } from '@cryptoflow/runtime'
import { expect, it } from 'vitest'
import { Channel } from './channel.ts'
import { type ChannelReading, watchChannels } from './watcher.ts'

function watched() {
  const clock = manualClock()
  const channel = new Channel<number>({ name: 'raw', policy: 'spill', itemsMax: 10, bytesMax: 1000, clock })
  const changes: ChannelReading[] = []
  const watch = watchChannels(clock, [channel], (reading) => changes.push(reading))
  const fill = (count: number): void => {
    channel.clear()
    for (let i = 0; i < count; i++) channel.offer(i, 1)
  }
  return { clock, channel, changes, watch, fill }
}

it('reads channels every 250 ms and not between', () => {
  const { clock, watch, fill } = watched()
  fill(5)
  clock.advance(249)
  expect(watch.readings()[0]?.depth).toBe(0)
  clock.advance(1)
  expect(watch.readings()).toEqual([
    {
      name: 'raw',
      policy: 'spill',
      depth: 5,
      itemsMax: 10,
      bytes: 5,
      bytesMax: 1000,
      occupancy: 0.5,
      highWater: 5,
      delaySeconds: 0,
      offered: 5,
      taken: 0,
      left: 0,
      dropped: 0,
      isFilling: false,
    },
  ])
  watch.stop()
  fill(1)
  clock.advance(1000)
  expect(watch.readings()[0]?.depth).toBe(5)
})

it('tells what waited, by the name of its channel', () => {
  const { clock, channel, watch, fill } = watched()
  const told: [string, number][] = []
  watch.delays((name, seconds) => told.push([name, seconds]))
  fill(1)
  clock.advance(250)
  channel.take()
  expect(told).toEqual([['raw', 0.25]])
})

it('tells once that a channel is fuller than 80 % for a second, and once that it is not', () => {
  const { clock, changes, fill, watch } = watched()
  fill(8)
  clock.advance(5_000)
  expect(changes).toEqual([])
  fill(9)
  clock.advance(750)
  fill(1)
  clock.advance(250)
  fill(9)
  clock.advance(750)
  expect(changes).toEqual([])
  clock.advance(2_000)
  expect(changes.map(({ isFilling, occupancy }) => [isFilling, occupancy])).toEqual([[true, 0.9]])
  expect(watch.readings()[0]?.isFilling).toBe(true)
  fill(8)
  clock.advance(3_000)
  expect(changes.map(({ isFilling }) => isFilling)).toEqual([true, false])
})
