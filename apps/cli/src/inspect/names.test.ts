import { describe, expect, it } from 'vitest'
import { GREEN, judgedWide, type Row } from './test-world.ts'

const red = { ...GREEN, ok: false }
const inverse = (row: Row): boolean => row.market === 'inverse'

describe('the name of the instrument', () => {
  it.each(['ticks', 'futures_delta', 'futures_ob', 'bbo', 'funding', 'gaps'] as const)(
    'stands in every row of %s behind the first row in instruments',
    async (table) => {
      const named = (rows: Row[]): Row[] => rows.filter((row) => inverse(row) && row.instrument !== null)
      const without = await judgedWide(({ rows }) => {
        ;(named(rows[table]).at(-1) as Row).instrument = null
      })
      expect(without).toMatchObject({ ...red, names_wrong: 1 })
      const other = await judgedWide(({ rows }) => {
        ;(named(rows[table]).at(-1) as Row).instrument = 'BTC-USD'
      })
      expect(other).toMatchObject({ ...red, names_wrong: 1 })
      expect(other.examples.names).toMatchObject([{ table_name: table, expected: 'BTCUSD_PERP-NAME' }])
    },
  )

  it('stands in no row before it', async () => {
    const report = await judgedWide(({ rows }) => {
      const early = rows.ticks.find((row) => inverse(row) && row.instrument === null) as Row
      early.instrument = 'BTCUSD_PERP-NAME'
    })
    expect(report).toMatchObject({ ...red, names_wrong: 1 })
  })

  it('stands in no row of a key that no list names', async () => {
    const report = await judgedWide(({ rows }) => {
      const spot = rows.ticks.find((row) => row.market === 'spot') as Row
      spot.instrument = 'BTC-USDT'
    })
    expect(report).toMatchObject({ ...red, names_wrong: 1 })
  })

  it('is one per key, and there from the first row on', async () => {
    const changed = await judgedWide(({ rows }) => {
      ;(rows.instruments.filter(inverse)[1] as Row).instrument = 'OTHER'
    })
    expect(changed.ok).toBe(false)
    expect(changed.names_wrong).toBeGreaterThan(1)
    const absent = await judgedWide(({ rows }) => {
      ;(rows.instruments.find(inverse) as Row).instrument = null
    })
    expect(absent.ok).toBe(false)
  })

  it('may be in an image of an update before it, which was written behind it', async () => {
    const report = await judgedWide(({ rows }) => {
      const images = rows.futures_ob.filter((row) => inverse(row) && row.kind !== 'partial')
      const [, second] = [...new Set(images.map(({ frame }) => frame as number))] as [number, number]
      ;(rows.instruments.find(inverse) as Row).frame = second + 1
      for (const row of Object.values(rows).flat()) {
        if (inverse(row) && (row.frame as number) <= second && !images.includes(row)) row.instrument = null
      }
    })
    expect(report).toMatchObject(GREEN)
  })
})
