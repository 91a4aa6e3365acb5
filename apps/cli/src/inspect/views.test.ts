import { type Duck, openDuck } from '@cryptoflow/reader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let duck: Duck
beforeAll(async () => {
  duck = await openDuck({ files: new Map(), warehouse: null, isUnsafe: true })
})
afterAll(() => duck.close())

/** Puts rows of these columns, and nothing else in them, where the views look. */
async function fill(table: string, rows: readonly Readonly<Record<string, string>>[]): Promise<void> {
  const columns = await duck.objects<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = '${table}'`,
  )
  const selects = rows.map(
    (row) =>
      `SELECT ${columns.map(({ name, type }) => `(${row[name] ?? 'NULL'})::${type} AS ${name}`).join(', ')}`,
  )
  await duck.run(`CREATE OR REPLACE VIEW "${table}" AS ${selects.join(' UNION ALL ')}`)
}

describe('the view bars_latest', () => {
  const bar = (interval: string, start: number, revision: number, complete: boolean, frame: number) => ({
    interval: `'${interval}'`,
    window_start: `make_timestamptz(${start})`,
    revision: String(revision),
    complete: String(complete),
    received_ts: `make_timestamptz(${frame})`,
    frame: String(frame),
  })
  const latest = () =>
    duck.objects('SELECT interval, epoch_us(window_start) AS start, frame FROM bars_latest ORDER BY ALL')

  it('is there, and empty where nothing is', async () => {
    expect(await latest()).toEqual([])
  })

  it('has the last revision of each window', async () => {
    await fill('bars', [
      bar('1s', 1, 1, false, 12),
      bar('1s', 1, 0, false, 11),
      bar('1s', 2, 0, true, 13),
      bar('1m', 1, 0, false, 14),
      bar('1m', 1, 2, true, 19),
      bar('1m', 1, 1, true, 18),
    ])
    expect(await latest()).toEqual([
      { interval: '1m', start: 1, frame: 19 },
      { interval: '1s', start: 1, frame: 12 },
      { interval: '1s', start: 2, frame: 13 },
    ])
  })

  it('prefers what is complete to what another process saw a part of, and else what came last', async () => {
    await fill('bars', [bar('1s', 1, 3, false, 99), bar('1s', 1, 0, true, 5)])
    expect(await latest()).toMatchObject([{ frame: 5 }])
    await fill('bars', [bar('1s', 1, 0, false, 7), bar('1s', 1, 0, false, 8)])
    expect(await latest()).toMatchObject([{ frame: 8 }])
  })
})

/** Columns of a number with its written scale. */
const written = (name: string, number: string): Record<string, string> => ({
  [name]: `'${number}'`,
  [`${name}_scale`]: String((number.split('.')[1] ?? '').length),
})

describe('the view ticks_derived', () => {
  it('has notionals, exact where 18 digits hold them and else rounded half to even', async () => {
    const cases = [
      ['base', '61234.50', '0.00001000', '0.6123450000000000'],
      ['base', '100000.00000000', '1234.56789012', '123456789.0120000000000000'],
      ['base', '0.000000000000000005', '0.1', '0'],
      ['base', '0.000000000000000015', '0.1', '0.000000000000000002'],
      ['base', '0.000000000000000015', '0.10000000000000001', '0.000000000000000002'],
      ['base', '99999999999999999999', '99999999999999999999', null],
      ['base', '99999999999999999999', '2', null],
      ['quote', '61234.5', '100', '100'],
      ['contracts', '61234.5', '100', null],
    ] as const
    await fill(
      'ticks',
      cases.map(([unit, price, quantity], at) => ({
        frame: String(at),
        quantity_unit: `'${unit}'`,
        ...written('price', price),
        ...written('quantity', quantity),
      })),
    )
    const found = await duck.objects<{ notional: string | null }>(
      'SELECT notional FROM ticks_derived ORDER BY frame',
    )
    expect(found.map(({ notional }) => (notional === null ? null : Number(notional)))).toEqual(
      cases.map(([, , , due]) => (due === null ? null : Number(due))),
    )
    expect(found[1]?.notional).toBe('123456789.012000000000000000')
  })
})

describe('the view bbo_derived', () => {
  it('has spread, middle and the price weighted by the other side, and nothing where a side is absent', async () => {
    const quote = (frame: number, bid: string, bidQuantity: string, ask: string, askQuantity: string) => ({
      frame: String(frame),
      ...written('bid_price', bid),
      ...written('bid_quantity', bidQuantity),
      ...written('ask_price', ask),
      ...written('ask_quantity', askQuantity),
    })
    await fill('bbo', [
      quote(0, '100.00', '3', '100.10', '1.0'),
      quote(1, '0.000000000000000001', '1', '0.000000000000000002', '1'),
      quote(2, '99999.99000000', '0.12345678', '100000.01000000', '98765.43210000'),
      quote(3, '100', '0', '101', '0'),
      { frame: '4', ...written('bid_price', '100'), ...written('bid_quantity', '1') },
    ])
    const found = await duck.objects('SELECT spread, mid_price, microprice FROM bbo_derived ORDER BY frame')
    const [bid, bidQuantity, ask, askQuantity] = [9999999000000n, 12345678n, 10000001000000n, 9876543210000n]
    const total = bidQuantity + askQuantity
    const above = (bid * askQuantity + ask * bidQuantity) * 10n ** 10n
    const micro = above / total + ((above % total) * 2n > total ? 1n : 0n)
    expect(found).toEqual([
      {
        spread: '0.100000000000000000',
        mid_price: '100.050000000000000000',
        microprice: '100.075000000000000000',
      },
      {
        spread: '0.000000000000000001',
        mid_price: '0.000000000000000002',
        microprice: '0.000000000000000002',
      },
      {
        spread: '0.020000000000000000',
        mid_price: '100000.000000000000000000',
        microprice: `${micro / 10n ** 18n}.${String(micro % 10n ** 18n).padStart(18, '0')}`,
      },
      { spread: '1.000000000000000000', mid_price: '100.500000000000000000', microprice: null },
      { spread: null, mid_price: null, microprice: null },
    ])
  })
})
