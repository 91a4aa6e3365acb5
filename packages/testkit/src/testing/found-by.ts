import type { ExchangeMarket } from '@cryptoflow/model'
import type { ConformanceCases } from '../cases.ts'
import type { Check } from '../conformance.ts'
import type { Finding } from '../finding.ts'

/** Most flaws show in a fraction of the messages that are tried. */
const FEW = 0.2

/** For tests: what a check finds, by few of its messages where these are enough. */
export function foundBy(check: Check, market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const found = check(market, { ...cases, share: FEW })
  return found.length > 0 ? found : check(market, cases)
}
