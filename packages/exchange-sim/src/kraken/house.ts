import type { HouseFactory } from '../stage/house.ts'
import { FuturesHouse } from './futures-house.ts'
import { SpotHouse } from './spot-house.ts'

/** One market of the exchange: two protocols share its name, one of spot and one of both futures markets. */
export const krakenHouse: HouseFactory = (options) =>
  options.market === 'spot' ? new SpotHouse(options) : new FuturesHouse(options)
