import type { Market } from '@cryptoflow/model'
import { expect } from 'vitest'
import { type AuditedExchange, type AuditScene, playAudits } from './audit-scene.ts'
import type { Row } from './simulation/stored-rows.ts'

/** What audits must find, judged by a plain comparison of what was sent, `seeds` runs of a book. */

/** Nothing was wrong, and no audit says so. */
export async function findsNothing(exchange: AuditedExchange, market: Market, seeds: number): Promise<void> {
  for (let seed = 0; seed < seeds; seed++) {
    const scene = await playAudits(exchange, market, seed, null)
    const found = audits(scene)
    expect(found.length).toBeGreaterThan(3)
    for (const row of found) {
      expect(row).toMatchObject({ levels_wrong: 0, side: null, healed: false })
      expect(row.levels_compared).toBeGreaterThan(50)
    }
    expect(scene.rows.get('gaps')?.filter(({ cause }) => cause === 'audit')).toEqual([])
  }
}

/** Every level that a silent fault left wrong is named within one cycle, its book is healed and its span marked. */
export async function findsFaults(exchange: AuditedExchange, market: Market, seeds: number): Promise<void> {
  let wrongs = 0
  for (let seed = 0; seed < seeds; seed++) {
    const scene = await playAudits(exchange, market, seed, 900)
    expect(scene.faults.length).toBeGreaterThan(3)
    expect(named(scene)).toEqual(expected(scene))
    const wrong = audits(scene).filter(({ levels_wrong }) => levels_wrong !== 0)
    wrongs += wrong.length
    const gaps = scene.rows.get('gaps')?.filter(({ cause }) => cause === 'audit') ?? []
    for (const row of wrong) {
      expect(row.healed).toBe(true)
      const spans = gaps.filter(({ frame }) => frame === row.frame)
      expect(spans.map(({ table_name }) => table_name).sort()).toEqual(
        market === 'spot' ? ['spot_delta', 'spot_ob'] : ['futures_delta', 'futures_ob'],
      )
      // The span holds the fault that made the level wrong.
      const isHeld = (us: number): boolean =>
        spans.every(({ from_ts, to_ts }) => us >= Number(from_ts) && us <= Number(to_ts))
      expect(scene.faults.some(isHeld)).toBe(true)
    }
  }
  expect(wrongs).toBeGreaterThan(2 * seeds)
}

const SCALE = 10n ** 18n

function audits({ rows }: AuditScene): Row[] {
  return [...(rows.get('book_audit') ?? [])]
}

/** A decimal of the tables as the exchange writes it, without the zeros at its end. */
function plain(value: unknown): string {
  if (typeof value !== 'bigint') return '-'
  const fraction = `${value % SCALE}`.padStart(18, '0').replace(/0+$/, '')
  return fraction === '' ? `${value / SCALE}` : `${value / SCALE}.${fraction}`
}

const short = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

/** The wrong levels of each audit by rows, in the words of the plain comparison. */
function named(scene: AuditScene): { lastSeq: number; wrong: string[] }[] {
  const byAudit = Map.groupBy(audits(scene), (row) => Number(row.frame))
  return [...byAudit.values()].map((rows) => ({
    lastSeq: Number(rows[0]?.last_seq),
    wrong: rows
      .filter(({ side }) => side !== null)
      .map(({ side, price, ours, theirs }) => `${side} ${plain(price)} ${plain(ours)} ${plain(theirs)}`)
      .sort(),
  }))
}

const expected = ({ expected: all }: AuditScene): typeof all =>
  all.map(({ lastSeq, wrong }) => ({
    lastSeq,
    wrong: wrong.map((text) => text.split(' ').map(short).join(' ')).sort(),
  }))
