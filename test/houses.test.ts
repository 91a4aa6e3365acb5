import { describe, expect, it } from 'vitest'
import { polledBooks } from './book-poll-run.ts'
import { type HouseOffer, houseOffers, houseRun } from './house-run.ts'
import { accounted } from './simulated-run.ts'
import { inFolder } from './support.ts'

/** The book of one of them is asked for by REST. */
const offers = houseOffers.map((offer): HouseOffer => {
  const isPolled = offer.exchange === 'bybit' && offer.market === 'inverse'
  return isPolled ? { ...offer, bookPoll: { everyMs: 300, depth: 9, spreadMaxPercent: 10 } } : offer
})

describe('five simulated exchanges that misbehave, their books begin in their streams', () => {
  it('are stored exactly, or in a recorded hole', async () => {
    await inFolder(async (folder) => {
      const verdict = await houseRun(2001, folder, 6, offers)
      expect(verdict).toMatchObject({
        lost: 0,
        doubled: 0,
        foreign: 0,
        gap_mismatch_count: 0,
        images_wrong: 0,
        changes_wrong: 0,
        coverage_wrong: 0,
        coverage_open: 0,
      })
      expect(verdict.ok).toBe(true)
      expect(verdict.emitted).toBe(accounted(verdict))
      expect(verdict.coverage_minutes).toBeGreaterThan(0)
      expect(verdict.changes_checked).toBeGreaterThan(0)
      for (const table of [
        'ticks',
        'spot_delta',
        'futures_delta',
        'spot_ob',
        'bbo',
        'funding',
        'instruments',
      ]) {
        expect(verdict.tables[table]?.rows, table).toBeGreaterThan(0)
      }
      expect(await polledBooks(folder)).toEqual([
        {
          exchange: 'bybit',
          market: 'inverse',
          symbol: 'BTCUSD',
          source: 'rest',
          book_state: 'waiting',
          depth: 9,
        },
      ])
    })
  })
})
