import { type TableContract, type TableName, tables } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { addCoverage } from './test-coverage.ts'
import { type Emission, GREEN, judgedWide, type Row, take, type World, wideWorld } from './test-world.ts'

const red = { ...GREEN, ok: false }
const inverse = (row: Row): boolean => row.market === 'inverse'

describe('a run over three markets', () => {
  it('passes, and every emitted message of every table has one status', async () => {
    const report = await judgedWide(() => {})
    expect(report).toMatchObject({ ...GREEN, images_missing: 0, unheard: 0 })
    const { emitted, stored, in_gaps, dead_letters, lost, unanswered, undetectable } = report
    expect(emitted).toBe(stored + in_gaps + dead_letters + lost + unanswered + undetectable)
    expect(report.images_checked).toBeGreaterThan(80)
    expect(report).toMatchObject({ unasked: 80, undetectable: 2, unanswered: 10, gaps_precautionary: 6 })
    expect(report.gaps_recorded).toBe(report.gaps_injected)
    for (const table of [
      'bbo',
      'futures_delta',
      'futures_ob',
      'funding',
      'open_interest',
      'instruments',
    ] as const) {
      expect(report.tables[table].stored).toBeGreaterThan(0)
    }
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })
})

/** Columns that the verifier compares in other ways than as values of an event. */
const NOT_OF_EVENT = new Set(['exchange', 'market', 'symbol', 'instrument', 'received_ts', 'writer', 'frame'])

describe('every column of an event is compared', () => {
  it('of every table whose messages are rows', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const report = await judgedWide(({ rows }) => {
        for (const [table, part] of partsOf(round)) {
          const changed = rows[table].filter(inverse)
          for (const [i, name] of part.entries()) alter(table, changed[i] as Row, name)
        }
      })
      for (const [table, part] of partsOf(round)) {
        const { lost, foreign, doubled } = report.tables[table]
        // A gap that no longer begins or ends at a stored message covers nothing.
        expect({ part, foreign, doubled }).toEqual({ part, foreign: part.length, doubled: 0 })
        expect(lost, table).toBeGreaterThanOrEqual(part.length)
      }
      expect(report.ok).toBe(false)
    }
    expect([...partsOf(ROUNDS).values()].flat()).toEqual([])
  }, 60_000)

  it.each([
    [
      'futures_delta',
      ['prev_seq', 'first_seq', 'quantity_unit', 'event_ts', 'checksum', 'is_snapshot', 'source'],
    ],
    ['futures_ob', ['depth', 'last_seq', 'kind', 'level', 'side', 'price_scale', 'sent_ts', 'quantity_unit']],
  ] as const)(
    '%s',
    async (table, names) => {
      const changed: unknown[] = []
      const report = await judgedWide(({ rows }) => {
        const told = rows[table].filter((row) => inverse(row) && (row.kind === 'partial' || isOfBook(row)))
        const sequences = [...new Set(told.map(({ last_seq }) => last_seq))]
        for (const [i, name] of names.entries()) {
          const seq = sequences[i + 3]
          changed.push(seq)
          for (const row of told.filter(({ last_seq }) => last_seq === seq)) alter(table, row, name)
        }
      })
      const lost = report.examples.lost.map(({ last_seq }) => last_seq)
      expect(lost).toEqual(expect.arrayContaining(changed))
      expect(report.tables[table].foreign).toBeGreaterThan(names.length)
    },
    60_000,
  )

  it('an absent number is not the same as one that cannot be read', async () => {
    const report = await judgedWide(({ log }) => {
      const mark = log.find(({ stream, values }) => stream === 'premiumIndex' && values !== null) as Emission
      mark.values = { ...mark.values, index_price: '1.0000000000000000001' }
    })
    expect(report).toMatchObject({ ...red, lost: 1, foreign: 1 })
  })

  it('a value that the table has no column for is not overlooked', async () => {
    const report = await judgedWide(({ log }) => {
      const mark = log.find(({ stream }) => stream === 'premiumIndex') as Emission
      mark.values = { ...mark.values, interest_rate: '0.1' }
    })
    expect(report).toMatchObject({ ...red, lost: 1, foreign: 1 })
  })

  it('a row that is told of another market is foreign there', async () => {
    const report = await judgedWide(({ rows }) => {
      const row = rows.bbo.filter(inverse)[25] as Row
      Object.assign(row, { market: 'linear', symbol: 'BTCUSDT', quantity_unit: 'base', bid_price: '1' })
    })
    expect(report).toMatchObject({ ok: false, lost: 1, foreign: 1, doubled: 0 })
  })
})

const isOfBook = (row: Row): boolean => row.source === 'ws' && row.book_state !== 'waiting'

/** How many columns of a table are changed in one run: there are only so many rows. */
const PARTS = { bbo: 20, liquidations: 7, funding: 16, open_interest: 7, instruments: 4, ticks: 20 }
const ROUNDS = 4

/** The columns that are changed in a run. */
function partsOf(round: number): Map<keyof typeof PARTS, string[]> {
  const sizes = Object.entries(PARTS) as [keyof typeof PARTS, number][]
  return new Map(
    sizes.map(([table, size]) => {
      const names = Object.keys(tables[table].columns).filter((name) => !NOT_OF_EVENT.has(name))
      return [table, names.slice(round * size, (round + 1) * size)]
    }),
  )
}

/** Puts another value of its type into a column. */
function alter(table: TableName, row: Row, name: string): void {
  const { type } = (tables[table] as TableContract).columns[name] as TableContract['columns'][string]
  const value = row[name] ?? null
  if (name === 'kind' || name === 'source' || name === 'side') row[name] = 'other'
  else if (type === 'decimal') row[name] = value === null ? '0' : `${value}1`
  else if (type === 'boolean') row[name] = value !== true
  else if (type === 'name' || type === 'text') row[name] = value === null ? '' : `${value} `
  else row[name] = Number(value ?? 0) + 1
}

describe('what is said by two streams, or twice by one', () => {
  it('two streams that say the same make two rows, and one of them is not enough', async () => {
    const isMark = (row: Row): boolean => inverse(row) && row.sent_ts !== undefined && row.source === 'ws'
    const less = await judgedWide(({ rows }) => void take(rows.funding, isMark))
    expect(less).toMatchObject({ ok: false, lost: 1, foreign: 0, doubled: 0 })
    const more = await judgedWide(({ rows }) => void rows.funding.push(rows.funding.find(isMark) as Row))
    expect(more).toMatchObject({ ...red, doubled: 1 })
  })

  it('an answer that is given twice makes two rows', async () => {
    const less = await judgedWide(({ rows }) => void take(rows.open_interest, inverse))
    expect(less).toMatchObject({ ...red, lost: 1 })
    const more = await judgedWide(
      ({ rows }) => void rows.open_interest.push({ ...(rows.open_interest[0] as Row) }),
    )
    expect(more).toMatchObject({ ...red, doubled: 1 })
  })

  it('a message that only one of two streams delivered does not explain two rows', async () => {
    const report = await judgedWide(({ log }) => {
      const marks = log.filter(({ stream, market }) => stream === '!markPrice@arr@1s' && market === 'inverse')
      Object.assign(marks.at(-1) as Emission, { copies: 0, fault: 'outage' })
    })
    expect(report).toMatchObject({ ok: false, doubled: 1 })
  })

  it('the same book under the same id, sent again, is no second row', async () => {
    const again = (world: World): Emission =>
      world.log.findLast(({ stream, market }) => stream === '!bookTicker' && market === 'inverse') as Emission
    const report = await judgedWide((world) => {
      const { last } = again(world)
      const row = world.rows.bbo.find((r) => inverse(r) && r.last_seq === last) as Row
      const ms = again(world).engine_ms as number
      world.rows.bbo.push({ ...row, event_ts: ms * 1000, sent_ts: (ms + 1) * 1000 })
    })
    expect(report).toMatchObject({ ...red, doubled: 1 })
    expect(report.examples.doubled[0]).toMatchObject({ table_name: 'bbo' })
  })

  it('an image of the exchange that is stored twice is doubled, and one without a level is foreign', async () => {
    const isPartial = (row: Row): boolean => inverse(row) && row.kind === 'partial'
    const twice = await judgedWide(({ rows }) => {
      const { last_seq } = rows.futures_ob.find(isPartial) as Row
      rows.futures_ob.push(...rows.futures_ob.filter((row) => isPartial(row) && row.last_seq === last_seq))
    })
    expect(twice).toMatchObject({ ...red, doubled: 40 })
    const less = await judgedWide(({ rows }) => void take(rows.futures_ob, isPartial))
    expect(less).toMatchObject({ ok: false, lost: 1, foreign: 39 })
  })

  it('an image of a kind that nobody makes is foreign', async () => {
    const report = await judgedWide(({ rows }) => {
      rows.spot_ob.push({ ...(rows.spot_ob[0] as Row), kind: 'rest' })
    })
    expect(report).toMatchObject({ ...red, foreign: 1 })
  })
})

describe('instruments', () => {
  it('an instrument that was listed again without a change is no second row', async () => {
    const report = await judgedWide(
      ({ rows }) => void rows.instruments.push({ ...(rows.instruments[0] as Row) }),
    )
    expect(report).toMatchObject({ ...red, doubled: 1 })
  })

  it('an instrument that changed back and forth is stored each time', async () => {
    const back = (rows: Row[]): void => {
      const first = rows.find((row) => inverse(row)) as Row
      rows.push({ ...first, frame: 900_000 })
    }
    const world = (change: (world: World) => void) =>
      judgedWide((wide) => {
        const listed = wide.log.find(
          ({ stream, market }) => stream === 'exchangeInfo' && market === 'inverse',
        )
        wide.log.push({ ...(listed as Emission), n: wide.log.length + 1 })
        change(wide)
      })
    expect(await world(({ rows }) => back(rows.instruments))).toMatchObject(GREEN)
    expect(await world(() => {})).toMatchObject({ ...red, lost: 1 })
  })

  it('a list as before ends a hole without a row: what nobody was sent before it lies in the hole', async () => {
    const listedByStream = (isRecorded: boolean) => (wide: World) => {
      const { log, rows } = wide
      const asked = log.find(({ stream, market }) => stream === 'exchangeInfo' && market === 'inverse')
      const tell = (more: Partial<Emission>): void => {
        const told = { ...(asked as Emission), symbol: 'WS', stream: 'instrument', is_answer: false }
        log.push({ ...told, ...more, n: log.length + 1 })
      }
      tell({ copies: 1 })
      tell({ copies: 0, fault: 'disconnect' })
      tell({ copies: 1 })
      const row: Row = {
        ...(rows.instruments.find(inverse) as Row),
        symbol: 'WS',
        source: 'ws',
        frame: 900_000,
      }
      rows.instruments.push(row)
      if (!isRecorded) return
      const gap = rows.gaps.find((one) => inverse(one) && one.cause === 'disconnect') as Row
      const borders = { from_ts: row.received_ts as number, to_ts: (row.received_ts as number) + 1_000_000 }
      rows.gaps.push({
        ...gap,
        ...{
          symbol: 'WS',
          stream: 'instrument',
          table_name: 'instruments',
          gap_id: 'ws',
          state: 'closed',
          frame: 900_001,
        },
        ...{ instrument: row.instrument as string, from_seq: null, to_seq: null, missing: null },
        ...borders,
      })
    }
    expect(await judgedWide(listedByStream(true))).toMatchObject({ ...GREEN, lost: 0 })
    const unrecorded = await judgedWide(listedByStream(false))
    expect(unrecorded).toMatchObject({ ok: false, lost: 1, gap_mismatch_count: 1 })
  })

  it('a change that no answer showed must not be stored', async () => {
    const report = await judgedWide(({ rows }) => {
      rows.instruments.push({ ...(rows.instruments[0] as Row), status: 'HALT', raw: '{}' })
    })
    expect(report).toMatchObject({ ...red, foreign: 1 })
  })

  it('bytes of the exchange that were tidied up are foreign', async () => {
    const report = await judgedWide(({ rows }) => {
      const row = rows.instruments[0] as Row
      row.raw = String(row.raw).replace(', ', ',')
    })
    expect(report).toMatchObject({ ...red, lost: 1, foreign: 1 })
  })
})

describe('answers', () => {
  const lastAnswer = (rows: Row[]): void => {
    const at = rows.findLastIndex(inverse)
    rows.splice(at, 1)
  }
  const stop = ({ rows }: World): void => {
    const last = rows.ticks.findLast(inverse) as Row
    rows.gaps.push({
      ...(rows.gaps.find((row) => inverse(row) && row.stream === 'aggTrade') as Row),
      ...{ gap_id: 'end', state: 'open', cause: 'shutdown', from_seq: Number(last.trade_id) },
      ...{
        instrument: last.instrument as string,
        from_ts: last.received_ts as number,
        to_seq: null,
        to_ts: null,
        missing: null,
        frame: 900_000,
      },
    })
  }

  it('the last answer may be missing when the process stopped, and only then', async () => {
    expect(await judgedWide(({ rows }) => lastAnswer(rows.open_interest))).toMatchObject({ ...red, lost: 1 })
    const stopped = await judgedWide((world) => {
      lastAnswer(world.rows.open_interest)
      stop(world)
    })
    expect(stopped).toMatchObject({ ...GREEN, unanswered: 11 })
  })

  it('an answer before the last one may not', async () => {
    const report = await judgedWide((world) => {
      take(world.rows.funding, (row) => inverse(row) && row.source === 'rest')
      stop(world)
    })
    expect(report).toMatchObject({ ...red, lost: 1 })
  })

  it('a killed process may have missed one', async () => {
    const report = await judgedWide(({ rows }) => void take(rows.open_interest, inverse), true)
    expect(report).toMatchObject({ ...GREEN, unanswered: 11 })
  })

  it('an answer that failed and is stored is foreign', async () => {
    const report = await judgedWide(({ log }) => {
      const premium = log.find(({ stream }) => stream === 'premiumIndex') as Emission
      premium.copies = 0
    })
    expect(report).toMatchObject({ ...red, foreign: 1 })
  })
})

describe('streams that nobody asked for', () => {
  it('are not expected, until somebody was connected', async () => {
    const report = await judgedWide(({ log }) => {
      for (const emission of log)
        if (emission.stream === 'trade' && emission.market === 'inverse') emission.connection = 9
    })
    expect(report).toMatchObject({ ok: false, lost: 40, unasked: 40 })
  })
})

describe('damaged messages', () => {
  it('one damaged text of many symbols is one dead letter', async () => {
    const damage = (letters: number) => (world: World) => {
      const mark = world.log.findLast(({ stream }) => stream === '!markPrice@arr@1s') as Emission
      for (const symbol of ['BTCUSD_PERP', 'ETHUSD_PERP']) {
        const n = world.log.length + 1
        world.log.push({ ...mark, n, symbol, at_ms: 5, copies: 0, fault: 'malformed', wire: '[{#' })
      }
      for (let i = 0; i < letters; i++) {
        world.rows.dead_letter.push({
          ...(world.rows.dead_letter[0] as Row),
          raw: '5b7b23',
          frame: 900_000 + i,
        })
      }
    }
    expect(await judgedWide(damage(1))).toMatchObject({ ...GREEN, dead_letters: 4 })
    expect(await judgedWide(damage(2))).toMatchObject({ ...red, foreign: 1 })
    expect(await judgedWide(damage(0))).toMatchObject({ ...red, lost: 2 })
  })
})

it('the wide world has what its tests are about', () => {
  const world = wideWorld()
  addCoverage(world)
  const { rows } = world
  // None of these is in a log: each has tests of its own.
  const others: readonly TableName[] = ['bars', 'redrives', 'book_audit']
  const emitted = (Object.keys(tables) as TableName[]).filter((table) => !others.includes(table))
  for (const table of emitted) expect(rows[table].length).toBeGreaterThan(0)
})
