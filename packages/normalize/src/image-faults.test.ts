import { EventBatch, parseDecimal, Side, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { imageFault } from './image-faults.ts'

/** What is wrong with the second image of a batch, of these prices as written; the first one is right. */
function faultOf(bids: readonly string[], asks: readonly string[], spreadMaxPercent: number | null = null) {
  const batch = new EventBatch(new StringTable())
  const add = (side: number, text: string): void => {
    const { mantissa, scale } = parseDecimal(text) as { mantissa: bigint; scale: number }
    batch.reserveEntries(1)
    batch.side[batch.entryCount] = side
    batch.price.set(batch.entryCount, mantissa, scale)
    batch.entryCount += 1
  }
  const image = (ownBids: readonly string[], ownAsks: readonly string[]): void => {
    batch.reserveEvent()
    for (const text of ownBids) add(Side.bid, text)
    for (const text of ownAsks) add(Side.ask, text)
    batch.endEvent()
  }
  image(['1'], ['2'])
  image(bids, asks)
  return imageFault(batch, 1, spreadMaxPercent)
}

describe('an image of a book', () => {
  it('is right with its sides best first, whatever the scales, and with a side missing', () => {
    expect(faultOf(['10.5', '10.49', '9'], ['10.50001', '11'])).toBe(null)
    expect(faultOf(['0.0000001234'], ['98765432109876543210'])).toBe(null)
    expect(faultOf(['10', '9'], [], 0)).toBe(null)
    expect(faultOf([], ['9', '10'], 0)).toBe(null)
    expect(faultOf([], [], 0)).toBe(null)
  })

  it('is wrong when a side is out of order or says a price twice', () => {
    expect(faultOf(['10', '10.01'], ['11'])).toBe('bids out of order: 10.01 after 10')
    expect(faultOf(['10', '9'], ['12', '11.5'])).toBe('asks out of order: 11.5 after 12')
    expect(faultOf(['10', '10.00'], ['11'])).toBe('bids out of order: 10 after 10')
    expect(faultOf(['9'], ['10', '10.0'])).toBe('asks out of order: 10 after 10')
  })

  it('is wrong when its sides cross or touch', () => {
    expect(faultOf(['10.01'], ['10'])).toBe('crossed: best bid 10.01, best ask 10')
    expect(faultOf(['10.0'], ['10'])).toBe('crossed: best bid 10, best ask 10')
    expect(faultOf(['9007199254740993'], ['9007199254740992'])).toContain('crossed')
  })

  it('is wrong when its spread is above the limit, in percent of the middle, to the last digit', () => {
    expect(faultOf(['95'], ['105'], 10)).toBe(null)
    expect(faultOf(['95'], ['105.000000000000000001'], 10)).toBe(
      'spread above 10 %: best bid 95, best ask 105.000000000000000001',
    )
    expect(faultOf(['99.9'], ['100.1'], 0.2)).toBe(null)
    expect(faultOf(['99.9'], ['100.1'], 0.19)).toContain('spread above 0.19 %')
    expect(faultOf(['1'], ['1000000'], 200)).toBe(null)
  })
})
