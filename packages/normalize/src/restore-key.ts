import type { ExchangeMarket } from '@cryptoflow/model'
import { restoreKeeper } from './book-image.ts'
import { restoreCoverage } from './coverage-image.ts'
import type { KeyIndex } from './key-state.ts'
import { restoreBars } from './operators/bar-image.ts'
import { type KeyImage, restoreImageGap } from './state-image.ts'
import { restoreStream } from './stream-image.ts'

/** A key goes on from its image. */
export function restoreKey(index: KeyIndex, market: ExchangeMarket, saved: KeyImage, depthCap: number): void {
  const state = saved.symbol === '' ? index.unnamed(market) : index.key(market, saved.symbol)
  restoreCoverage(state, saved)
  state.imageGap = restoreImageGap(saved)
  if (saved.instrument !== undefined) {
    const [name, hash, digits = null] = saved.instrument
    index.nameInstrument(state, { name, hash, digits })
  }
  for (const savedStream of saved.streams ?? []) {
    const stream = index.stream(state, savedStream.name)
    if (stream?.isRemembered) restoreStream(stream, savedStream)
  }
  const plan = state.operators.bars
  if (plan !== null && saved.bars !== undefined) state.bars = restoreBars(plan, saved.bars)
  const { keeper } = state
  if (keeper !== null && saved.keeper !== undefined) restoreKeeper(keeper, saved.keeper, depthCap)
}
