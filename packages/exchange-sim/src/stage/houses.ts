import { CryptoFlowError } from '@cryptoflow/runtime'
import { bybitHouse } from '../bybit/house.ts'
import { coinbaseHouse } from '../coinbase/house.ts'
import { krakenHouse } from '../kraken/house.ts'
import { okxHouse } from '../okx/house.ts'
import { upbitHouse } from '../upbit/house.ts'
import type { HouseFactory } from './house.ts'

/** Exchanges that can play, by name. */
const factories: ReadonlyMap<string, HouseFactory> = new Map<string, HouseFactory>([
  ['bybit', bybitHouse],
  ['coinbase', coinbaseHouse],
  ['kraken', krakenHouse],
  ['okx', okxHouse],
  ['upbit', upbitHouse],
])

/** Names of the exchanges that can play. */
export const houseNames: readonly string[] = [...factories.keys()]

/** Throws a usage error for an exchange that cannot. */
export function houseFactory(exchange: string): HouseFactory {
  const factory = factories.get(exchange)
  if (factory !== undefined) return factory
  throw new CryptoFlowError('starting the simulator: it cannot play this exchange', {
    kind: 'usage',
    reaction: 'stop',
    context: { exchange, known: houseNames.join(' ') },
  })
}
