import { silentFaultKinds } from '@cryptoflow/exchange-sim'
import type { Market } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { findsFaults, findsNothing } from '../audit-judgement.ts'
import type { AuditedExchange } from '../audit-scene.ts'
import { queried } from '../book-poll-run.ts'
import { collectHouses, houseOffers, houseRun } from '../house-run.ts'
import { inFolder } from '../support.ts'

const SEEDS = 6
const books: readonly (readonly [AuditedExchange, Market])[] = (['bybit', 'okx'] as const).flatMap(
  (exchange) => (['spot', 'linear', 'inverse'] as const).map((market) => [exchange, market] as const),
)

describe.each(books)('audits of books of %s %s', (exchange, market) => {
  it('raise no alarm where nothing is wrong', () => findsNothing(exchange, market, SEEDS))
  it('name every level that a silent fault left wrong within one cycle, heal the book and mark the span', () =>
    findsFaults(exchange, market, SEEDS))
})

const audited = houseOffers.filter(({ exchange }) => exchange === 'bybit' || exchange === 'okx')

interface Found {
  readonly name: string
  readonly wrong: number
}

const FOUND = `SELECT exchange || ' ' || market AS name,
  (count(DISTINCT frame) FILTER (levels_wrong > 0))::int AS wrong
  FROM book_audit GROUP BY ALL ORDER BY ALL`
/** Wrong books whose spans are not marked, and spans without a wrong book. */
const UNMARKED = `SELECT count(*)::int AS n
  FROM (SELECT DISTINCT frame FROM book_audit WHERE levels_wrong > 0) w
  FULL JOIN (SELECT DISTINCT frame FROM gaps WHERE cause = 'audit') g ON w.frame = g.frame
  WHERE g.frame IS NULL OR w.frame IS NULL`

describe('books that begin in their stream, audited over sockets by subscriptions of their own', () => {
  it.concurrent('are right where nothing is wrong, and stay subscribed', async () => {
    await inFolder(async (folder) => {
      await collectHouses(7, folder, 8, audited, { auditEveryMs: 1_000, kinds: [] })
      const found = await queried<Found>(folder, FOUND)
      const markets = books.map(([exchange, market]) => `${exchange} ${market}`).sort()
      expect(found.map(({ name }) => name)).toEqual(markets)
      for (const { name, wrong } of found) expect(wrong, name).toBe(0)
      expect(await queried(folder, "SELECT * FROM gaps WHERE cause <> 'start' AND state = 'closed'")).toEqual(
        [],
      )
    })
  })

  it.concurrent('are found wrong where a fault was silent, and their spans are marked', async () => {
    await inFolder(async (folder) => {
      await collectHouses(8, folder, 12, audited, { auditEveryMs: 1_000, kinds: silentFaultKinds })
      const found = await queried<Found>(folder, FOUND)
      expect(found.reduce((sum, { wrong }) => sum + wrong, 0)).toBeGreaterThan(0)
      expect(await queried(folder, UNMARKED)).toEqual([{ n: 0 }])
    })
  })

  it.concurrent.each([11, 12])(
    'are stored and judged with everything else going wrong: seed %i',
    async (seed) => {
      await inFolder(async (folder) => {
        const verdict = await houseRun(seed, folder, 8, audited, 1_000)
        expect(verdict).toMatchObject({
          lost: 0,
          doubled: 0,
          foreign: 0,
          gap_mismatch_count: 0,
          images_wrong: 0,
        })
        expect(verdict.ok).toBe(true)
        expect(await queried<Found>(folder, FOUND)).not.toEqual([])
      })
    },
  )
})
