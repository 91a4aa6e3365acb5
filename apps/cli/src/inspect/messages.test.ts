import { describe, expect, it } from 'vitest'
import { GREEN, isTrade, judged, liveDelta, type Row, receivedAt, take, type World } from './test-world.ts'

describe('one mistake turns the run red and is named', () => {
  it('a trade that is not stored is lost', async () => {
    const report = await judged(({ rows }) => void take(rows.ticks, isTrade(1025)))
    expect(report).toMatchObject({ ...GREEN, ok: false, lost: 1 })
    expect(report.examples.lost).toMatchObject([{ stream: 'trade', first_seq: 1025, found: 'not stored' }])
  })

  it('a row that is stored twice is doubled', async () => {
    const report = await judged(({ rows }) => void rows.ticks.push(rows.ticks[20] as Row))
    expect(report).toMatchObject({ ...GREEN, ok: false, doubled: 1, coverage_wrong: 1 })
    expect(report.tables.ticks.doubled).toBe(1)
  })

  it('a message that is stored twice is doubled in all its rows', async () => {
    let rows = 0
    const report = await judged((world) => {
      const again = liveDelta(world)
      rows = again.length
      world.rows.spot_delta.push(...again)
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, doubled: rows })
    expect(report.examples.doubled).toMatchObject([{ form: 'delta', doubled: rows }])
  })

  it('one level of a message that is stored twice is doubled', async () => {
    const report = await judged((world) => void world.rows.spot_delta.push(liveDelta(world)[0] as Row))
    expect(report).toMatchObject({ ...GREEN, ok: false, doubled: 1 })
  })

  it('a duplicate on the wire that is stored twice is doubled', async () => {
    const report = await judged(({ log, rows }) => {
      const twice = log.find(({ copies, stream }) => copies === 2 && stream === 'trade')
      const row = rows.ticks.find((r) => r.trade_id === String(twice?.first) && r.symbol === twice?.symbol)
      rows.ticks.push({ ...(row as Row), frame: 77_777 })
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, doubled: 1, wire_duplicates: 4, coverage_wrong: 1 })
  })

  it('a trade with another value in any column is lost, and its row is foreign', async () => {
    const changes: Row[] = [
      { price: '123456789.000000000000000001' },
      { quantity: '0.500000000000000001' },
      { price_scale: 3 },
      { quantity_scale: 4 },
      { side: 'sell' },
      { trade_id: '01024' },
      { event_ts: 1 },
      { sent_ts: null },
      { event_ts_source: 'sent' },
      { source: 'rest' },
      { quantity_unit: 'quote' },
      { trade_count: 1 },
    ]
    const report = await judged(({ rows }) => {
      for (const [i, change] of changes.entries()) {
        Object.assign(rows.ticks.find(isTrade(1019 + i)) as Row, change)
      }
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, lost: changes.length, foreign: changes.length })
    expect(report.examples.foreign).toHaveLength(20)
  })

  it('a digit changed in a level makes the whole message foreign', async () => {
    let rows = 0
    const report = await judged((world) => {
      const message = liveDelta(world)
      rows = message.length
      Object.assign(message[1] as Row, { price: '99.981' })
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, lost: 1, foreign: rows })
    const shown = report.examples.foreign.map((example) => example.shown)
    expect(shown).toContainEqual(expect.stringContaining('99.981'))
    expect(report.examples.lost[0]?.found).toBe('stored in part or with other values')
  })

  it('a level dropped from a message makes what is left of it foreign', async () => {
    let rows = 0
    const report = await judged((world) => {
      const message = liveDelta(world)
      rows = message.length
      world.rows.spot_delta.splice(world.rows.spot_delta.indexOf(message[0] as Row), 1)
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, lost: 1, foreign: rows - 1 })
  })

  it('two levels that changed places are foreign', async () => {
    const report = await judged((world) => {
      const [first, second] = liveDelta(world) as [Row, Row]
      const place = first.level_index as number
      first.level_index = second.level_index as number
      second.level_index = place
    })
    expect(report).toMatchObject({ ok: false, lost: 1 })
  })

  it('a row that nobody emitted is foreign', async () => {
    const report = await judged(({ rows }) => {
      rows.ticks.push({ ...(rows.ticks[3] as Row), trade_id: '999999' })
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, foreign: 1, coverage_wrong: 1 })
    expect(report.examples.foreign[0]?.shown).toContain(
      'never emitted: trade_id=999999 kind=trade side=buy price=',
    )
  })

  it('a number that the column cannot hold exactly is not taken for its rounded value', async () => {
    const report = await judged(({ log, rows }) => {
      const at = log.findIndex((m) => m.first === 1024 && m.symbol === 'BTCUSDT')
      const values = { ...log[at]?.values, price: '1.0000000000000000001' }
      log[at] = { ...(log[at] as World['log'][number]), values }
      Object.assign(rows.ticks.find(isTrade(1024)) as Row, { price: '1', price_scale: 19 })
    })
    expect(report).toMatchObject({ ok: false, lost: 1, foreign: 1 })
  })

  it('a snapshot that was answered and is not stored is lost, unless the process was killed', async () => {
    const forget = ({ rows }: World): void => {
      const { last_seq } = rows.spot_delta.find((row) => row.is_snapshot && row.symbol === 'BTCUSDT') as Row
      rows.spot_delta = rows.spot_delta.filter((row) => !(row.is_snapshot && row.last_seq === last_seq))
    }
    expect(await judged(forget)).toMatchObject({ ok: false, foreign: 0 })
    expect((await judged(forget)).lost).toBeGreaterThan(0)
    expect((await judged(forget, true)).lost).toBe(0)
  })

  it('a damaged text that is not in dead_letter is lost, though its hole is recorded', async () => {
    const report = await judged(({ rows }) => void rows.dead_letter.pop())
    expect(report).toMatchObject({ ...GREEN, ok: false, lost: 1, dead_letters: 3 })
    expect(report.examples.lost[0]?.found).toBe('heard damaged, not in dead_letter')
  })

  it('a damaged text sent to somebody who was shutting down is in the gap of the shutdown', async () => {
    const report = await judged(({ log, rows }) => {
      const last = log.find((m) => m.first === 1030 && m.symbol === 'BTCUSDT') as World['log'][number]
      Object.assign(last, { copies: 0, fault: 'malformed', wire: '{"t":1030,#' })
      take(rows.ticks, isTrade(1030))
      const open = rows.gaps.find((row) => row.stream === 'trade' && row.state === 'open') as Row
      const from_ts = receivedAt(rows.ticks, isTrade(1029))
      rows.gaps.push({ ...open, gap_id: 'end', cause: 'shutdown', from_seq: 1029, from_ts, frame: 90_000 })
    })
    expect(report).toMatchObject(GREEN)
  })

  it('a dead letter that nobody sent is foreign', async () => {
    const report = await judged(({ rows }) => {
      rows.dead_letter.push({ ...(rows.dead_letter[0] as Row), raw: '1b5b' })
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, foreign: 1 })
    expect(report.tables.dead_letter.foreign).toBe(1)
  })

  it('a run that stored nothing proves nothing', async () => {
    const report = await judged((world) => {
      world.log.length = 0
      for (const rows of Object.values(world.rows)) rows.length = 0
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, emitted: 0 })
  })
})
