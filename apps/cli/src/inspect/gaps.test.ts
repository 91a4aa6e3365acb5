import { describe, expect, it } from 'vitest'
import { type Emission, GREEN, judgedWide, problemsOf, type Row, take, type World } from './test-world.ts'

const inverse = (row: Row): boolean => row.market === 'inverse'
const gapsOf = ({ rows }: World, stream: string, cause: string): Row[] =>
  rows.gaps.filter((row) => inverse(row) && row.stream === stream && row.cause === cause)
const closedOf = (world: World, stream: string, cause: string): Row =>
  gapsOf(world, stream, cause).find(({ state }) => state === 'closed') as Row
const forget = (world: World, stream: string, cause: string): void => {
  const gone = new Set(gapsOf(world, stream, cause).map(({ gap_id }) => gap_id))
  const kept = world.rows.gaps.filter(({ gap_id }) => !gone.has(gap_id as string))
  world.rows.gaps.splice(0, world.rows.gaps.length, ...kept)
}

describe('gaps of streams that no sequence proves', () => {
  it.each(['forceOrder', 'bookTicker', 'depth20'])(
    'what was missed of %s while the connection was away is lost unless a gap says so',
    async (stream) => {
      const report = await judgedWide((world) => forget(world, stream, 'disconnect'))
      expect(report.ok).toBe(false)
      expect(report.lost).toBeGreaterThan(0)
      expect(problemsOf(report)).toEqual(['an injected hole is not recorded'])
    },
  )

  it.each(['forceOrder', 'bookTicker', 'depth20', 'markPrice@1s', '!markPrice@arr@1s'])(
    'a gap of %s begins and ends when its borders were received, to the microsecond',
    async (stream) => {
      const begins = await judgedWide((world) => {
        for (const row of gapsOf(world, stream, 'disconnect')) row.from_ts = (row.from_ts as number) + 1
      })
      expect(problemsOf(begins)).toContain('does not begin at a stored message')
      const ends = await judgedWide((world) => {
        const row = closedOf(world, stream, 'disconnect')
        row.to_ts = (row.to_ts as number) - 1
      })
      expect(problemsOf(ends)).toContain('does not end at a stored message')
    },
  )

  it('a gap bears the ids of its borders where the stream has some, and none where it has none', async () => {
    const report = await judgedWide((world) => {
      const quotes = closedOf(world, 'bookTicker', 'disconnect')
      quotes.to_seq = (quotes.to_seq as number) + 1
      closedOf(world, 'forceOrder', 'disconnect').to_seq = 5
    })
    expect(problemsOf(report)).toEqual([
      'does not end at a stored message',
      'does not end at a stored message',
    ])
  })

  it('a gap in which nothing is missing is honest when the connection ended', async () => {
    const stays = ({ log }: World): void => {
      for (const emission of log) if (emission.connection !== null) emission.connection = 3
    }
    const report = await judgedWide(stays)
    expect(new Set(problemsOf(report))).toEqual(new Set(['a recorded hole was not injected']))
    expect(report.gap_mismatch_count).toBe(6)
    expect(await judgedWide(stays, true)).toMatchObject({ ...GREEN, gaps_precautionary: 6 })
  })

  it('a gap in which nothing is missing needs an interruption as its cause', async () => {
    const report = await judgedWide((world) => {
      for (const row of gapsOf(world, 'markPrice@1s', 'disconnect')) row.cause = 'sequence'
    })
    expect(report.gap_mismatches).toMatchObject([
      { problem: 'a recorded hole was not injected', stream: 'markPrice@1s' },
    ])
  })

  it('a gap that reaches over a stored message is too wide', async () => {
    const report = await judgedWide((world) => {
      const orders = world.rows.liquidations.filter(inverse)
      closedOf(world, 'forceOrder', 'disconnect').to_ts = orders.at(-1)?.received_ts as number
    })
    expect(problemsOf(report)).toContain('stored messages lie inside')
  })

  it('a message that came late may lie inside', async () => {
    const report = await judgedWide((world) => {
      const orders = world.rows.liquidations.filter(inverse)
      const [, late, last] = orders as [Row, Row, Row]
      Object.assign(late, {
        frame: (last.frame as number) + 1,
        received_ts: (last.received_ts as number) + 1,
      })
      const gap = closedOf(world, 'forceOrder', 'disconnect')
      Object.assign(gap, { to_ts: last.received_ts, frame: last.frame })
    })
    expect(report).toMatchObject(GREEN)
  })

  it('a hole that is recorded under two ids is a mismatch', async () => {
    const report = await judgedWide((world) => {
      world.rows.gaps.push({ ...closedOf(world, 'forceOrder', 'disconnect'), gap_id: 'again' })
    })
    expect(problemsOf(report)).toEqual(['a hole is recorded more than once'])
  })

  it('a start that is recorded behind the first stored message is too wide', async () => {
    const report = await judgedWide((world) => {
      const orders = world.rows.liquidations.filter(inverse)
      closedOf(world, 'forceOrder', 'start').to_ts = orders[1]?.received_ts as number
    })
    expect(problemsOf(report)).toContain('stored messages lie inside')
  })

  it('what was sent and never stored is lost, though nobody could have noticed what was withheld', async () => {
    const report = await judgedWide(({ log }) => {
      const withheld = log.find(({ stream, fault }) => stream === 'bookTicker' && fault === 'gap') as Emission
      withheld.copies = 1
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, lost: 1, undetectable: 1 })
  })

  it('the end of a stream is in the gap that its stop left open, from the last stored message on', async () => {
    const stop =
      (at: number) =>
      (world: World): void => {
        const orders = world.rows.liquidations.filter(inverse)
        take(world.rows.liquidations, (row) => row === orders.at(-1))
        const gap = closedOf(world, 'forceOrder', 'disconnect')
        const end = { gap_id: 'end', cause: 'shutdown', state: 'open', to_ts: null, frame: 900_000 }
        world.rows.gaps.push({ ...gap, ...end, from_ts: orders.at(at)?.received_ts as number })
      }
    expect(await judgedWide(stop(-2))).toMatchObject({ ...GREEN, unheard: 1 })
    expect(problemsOf(await judgedWide(stop(-3)))).toContain('stored messages lie inside')
  })

  it('a gap of a stream that nobody emitted has no borders', async () => {
    const quiet = (borders: Row) => (world: World) =>
      void world.rows.gaps.push({
        ...(gapsOf(world, 'forceOrder', 'start')[0] as Row),
        ...{ symbol: 'QUIET', gap_id: 'quiet', state: 'open', instrument: null, ...borders },
      })
    expect(await judgedWide(quiet({ to_ts: null }))).toMatchObject(GREEN)
    const bordered = await judgedWide(quiet({ to_ts: null, from_ts: 1_700_000_000_000_000 }))
    expect(problemsOf(bordered)).toEqual(['does not begin at a stored message'])
  })

  it('a stream that is asked for has no gaps', async () => {
    const report = await judgedWide((world) => {
      const gap = closedOf(world, 'forceOrder', 'disconnect')
      world.rows.gaps.push({ ...gap, gap_id: 'asked', stream: 'openInterest', table_name: 'open_interest' })
    })
    expect(problemsOf(report)).toEqual(['a stream that is asked for has no gaps'])
  })
})

describe('gaps of streams whose ids go on', () => {
  it('a gap begins and ends when its borders were received, to the microsecond', async () => {
    const report = await judgedWide((world) => {
      for (const row of gapsOf(world, 'aggTrade', 'disconnect')) row.from_ts = (row.from_ts as number) - 1
      const diffs = closedOf(world, 'depth@100ms', 'sequence')
      diffs.to_ts = (diffs.to_ts as number) + 1
    })
    expect(problemsOf(report).sort()).toEqual([
      'from_ts is not when the message before was received',
      'to_ts is not when the message after was received',
    ])
  })

  it('a border has both its sequence and its time', async () => {
    const report = await judgedWide((world) => {
      closedOf(world, 'depth@100ms', 'disconnect').to_ts = null
    })
    expect(problemsOf(report)).toContain('a border has a sequence or a time, not both')
  })

  it('the rows of a gap begin alike', async () => {
    const report = await judgedWide((world) => {
      const open = gapsOf(world, 'aggTrade', 'disconnect').find(({ state }) => state === 'open') as Row
      open.from_seq = (open.from_seq as number) - 1
    })
    expect(problemsOf(report)).toEqual(['the rows of the gap begin differently'])
  })

  it('diffs whose ids skip have their holes, each speed its own', async () => {
    const report = await judgedWide((world) => forget(world, 'depth@100ms', 'sequence'))
    expect(report).toMatchObject({ ok: false, lost: 1 })
    expect(problemsOf(report)).toEqual(['an injected hole is not recorded'])
    const other = await judgedWide((world) => {
      for (const row of gapsOf(world, 'depth@100ms', 'sequence')) row.stream = 'depth@500ms'
    })
    expect(problemsOf(other)).toContain('a recorded hole was not injected')
  })
})
