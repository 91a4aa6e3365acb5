import { exchangeMarkets } from '@cryptoflow/pipeline'
import { describe, expect, it } from 'vitest'
import { polledBooks, queried } from '../book-poll-run.ts'
import { collectHouses, type HouseOffer, houseOffers, houseRun } from '../house-run.ts'
import { inFolder } from '../support.ts'

const DEPTH = 7
const exchanges = [...new Set(houseOffers.map(({ exchange }) => exchange))]

/** What an exchange offers, with its books asked for by REST. */
function offersOf(exchange: string, spreadMaxPercent: number): HouseOffer[] {
  const bookPoll = { everyMs: 200, depth: DEPTH, spreadMaxPercent }
  const own = houseOffers.filter((offer) => offer.exchange === exchange)
  return own.map((offer) => ({ ...offer, sometimes: [], bookPoll }))
}

/** Whether a market has a depth to choose; else the whole book is asked for. */
function hasDepth(exchange: string, market: string): boolean {
  const found = exchangeMarkets.find((one) => one.exchange === exchange && one.market === market)
  return found?.streams.some(({ poll }) => poll?.levelsMax !== undefined) ?? false
}

describe('order books that are polled by REST', () => {
  it.each(exchanges)('are stored exactly as %s answered, beside what is heard', async (exchange) => {
    await inFolder(async (folder) => {
      const offers = offersOf(exchange, 100)
      const verdict = await houseRun(77, folder, 4, offers)
      expect(verdict).toMatchObject({ ok: true, lost: 0, doubled: 0, foreign: 0, coverage_wrong: 0 })
      expect(verdict.images_checked + verdict.changes_checked).toBe(0)
      const stored = await polledBooks(folder)
      expect(stored.map(({ symbol }) => symbol).sort()).toEqual(
        offers.flatMap(({ symbols }) => symbols).sort(),
      )
      for (const books of stored) {
        expect(books).toMatchObject({ source: 'rest', book_state: 'waiting' })
        if (hasDepth(books.exchange, books.market)) expect(books.depth).toBe(DEPTH)
        else expect(books.depth).toBeGreaterThan(DEPTH)
      }
    })
  })

  it.each(exchanges)(
    'are dead letters of %s where their spread is wider than is believed',
    async (exchange) => {
      await inFolder(async (folder) => {
        const offers = offersOf(exchange, 0)
        await collectHouses(78, folder, 2, offers)
        // An image with one side has no spread.
        const images = ['spot_ob', 'futures_ob'].map((table) => `SELECT * FROM ${table} WHERE kind = 'rest'`)
        const whole = `SELECT symbol FROM (${images.join(' UNION ALL ')}) GROUP BY symbol, writer, frame HAVING count(DISTINCT side) = 2`
        expect(await queried(folder, whole)).toEqual([])
        const letters = await queried<{ symbol: string; said: boolean }>(
          folder,
          `SELECT DISTINCT market, symbol, detail LIKE 'spread above 0 %%' AS said FROM dead_letter WHERE reason = 'invalid_book'`,
        )
        expect(letters.map(({ symbol }) => symbol).sort()).toEqual(
          offers.flatMap(({ symbols }) => symbols).sort(),
        )
        expect(letters.every(({ said }) => said)).toBe(true)
      })
    },
  )
})
