import { systemClock } from '@cryptoflow/runtime'
import { Channel } from '../src/index.ts'

const ITEMS = 100_000
/** Items that wait at once: a channel that is in use, not one that is always empty. */
const WAITING = 1_000

/** Median seconds of a pass of each candidate, measured in turns. */
type Measure = (candidates: readonly (() => unknown)[]) => Promise<number[]>

/** Nanoseconds for an item in and out: the channel, with its bounds, delays and figures, and a plain array. */
export async function channelBench(measure: Measure): Promise<{ ours: number; plain: number }> {
  const [ours, plain] = (await measure([channelPass, arrayPass])) as [number, number]
  return { ours: (ours / ITEMS) * 1e9, plain: (plain / ITEMS) * 1e9 }
}

const thing = new Uint8Array(200)

function channelPass(): void {
  const bounds = { itemsMax: 2 * WAITING, bytesMax: 2 * WAITING * thing.length }
  const channel = new Channel<Uint8Array>({ name: 'bench', policy: 'spill', clock: systemClock(), ...bounds })
  for (let i = 0; i < WAITING; i++) channel.offer(thing, thing.length)
  for (let i = 0; i < ITEMS; i++) {
    channel.offer(thing, thing.length)
    channel.take()
  }
}

/** No bound, no figure, no time. */
function arrayPass(): void {
  const list: Uint8Array[] = []
  for (let i = 0; i < WAITING; i++) list.push(thing)
  for (let i = 0; i < ITEMS; i++) {
    list.push(thing)
    list.shift()
  }
}
