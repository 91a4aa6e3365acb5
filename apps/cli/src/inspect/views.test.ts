import { type Duck, openDuck, views } from '@cryptoflow/reader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let duck: Duck
beforeAll(async () => {
  duck = await openDuck({ files: new Map(), warehouse: null, isUnsafe: true })
})
afterAll(() => duck.close())

/** What a view of `name` says of other rows of its table. */
async function latestOf(rows: readonly string[]): Promise<unknown[]> {
  const { sql = '' } = views.find(({ name }) => name === 'bars_latest') ?? {}
  const named = rows.map(
    (row) => `SELECT 'x' AS exchange, 'spot' AS market, 'A' AS symbol, * FROM (SELECT ${row})`,
  )
  await duck.run(`CREATE OR REPLACE TEMP TABLE told AS ${named.join(' UNION ALL ')}`)
  return await duck.objects(
    `SELECT interval, window_start AS start, revision, frame FROM (${sql.replace('"bars"', 'told')}) ORDER BY ALL`,
  )
}

const bar = (interval: string, start: number, revision: number, complete: boolean, frame: number): string =>
  `'${interval}' AS interval, ${start} AS window_start, ${revision} AS revision, ${complete} AS complete,
    ${frame} AS received_ts, ${frame} AS frame`

describe('the view bars_latest', () => {
  it('is there, empty where nothing is', async () => {
    expect(await duck.objects('SELECT count(*) AS n FROM bars_latest')).toEqual([{ n: 0 }])
  })

  it('has the last revision of each window', async () => {
    expect(
      await latestOf([
        bar('1s', 1, 1, false, 12),
        bar('1s', 1, 0, false, 11),
        bar('1s', 2, 0, true, 13),
        bar('1m', 1, 0, false, 14),
        bar('1m', 1, 2, true, 19),
        bar('1m', 1, 1, true, 18),
      ]),
    ).toEqual([
      { interval: '1m', start: 1, revision: 2, frame: 19 },
      { interval: '1s', start: 1, revision: 1, frame: 12 },
      { interval: '1s', start: 2, revision: 0, frame: 13 },
    ])
  })

  it('prefers what is complete to what another process saw a part of, and else what came last', async () => {
    expect(await latestOf([bar('1s', 1, 3, false, 99), bar('1s', 1, 0, true, 5)])).toMatchObject([
      { frame: 5 },
    ])
    expect(await latestOf([bar('1s', 1, 0, false, 7), bar('1s', 1, 0, false, 8)])).toMatchObject([
      { frame: 8 },
    ])
  })
})
