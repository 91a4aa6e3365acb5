import { CryptoFlowError } from '@cryptoflow/runtime'

/** Fastest pace that may be asked for; beyond it `max` is what is meant. */
const SPEED_MAX = 1_000_000

/** Reads `1x`, `0.5x`, `10x` as how many times as fast; `max`, without a pace, is null. */
export function speedFlag(text: string): number | null {
  if (text === 'max') return null
  const speed = /^\d{1,7}(\.\d{1,3})?x$/.test(text) ? Number(text.slice(0, -1)) : 0
  if (speed > 0 && speed <= SPEED_MAX) return speed
  const found = JSON.stringify(text).replace(/[^\x20-\x7e]/g, '?')
  throw new CryptoFlowError(
    `reading the command line: --speed is ${found}, expected max or a pace such as 1x, 10x`,
    { kind: 'usage', reaction: 'stop' },
  )
}
