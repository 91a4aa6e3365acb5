import type { Market as MarketName } from '@cryptoflow/model'
import type { EmissionContent } from '../emission-log.ts'

/**
 * In which unit an exchange writes the quantities of a market, where it is not the base asset. Sources:
 * bybit-exchange/docs 2026-07-24 (inverse: contracts of 1 USD); okx.com/docs-v5 2026-07 (all derivatives: contracts);
 * Kraken Futures docs 2026-05-27 (PI_ and FI_: dollars).
 */
const units: ReadonlyMap<string, EmissionContent['unit']> = new Map([
  ['bybit inverse', 'contracts'],
  ['okx linear', 'contracts'],
  ['okx inverse', 'contracts'],
  ['kraken inverse', 'quote'],
])

export function unitOf(exchange: string, market: MarketName): EmissionContent['unit'] {
  return units.get(`${exchange} ${market}`) ?? 'base'
}
