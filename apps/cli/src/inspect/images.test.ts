import { describe, expect, it } from 'vitest'
import {
  type Emission,
  GREEN,
  isImage,
  judged,
  judgedWide,
  type Row,
  take,
  type World,
} from './test-world.ts'

describe('book images', () => {
  it('an image with a wrong quantity, price or level is wrong', async () => {
    const changes: Row[] = [{ quantity: '0.000000000000000001' }, { price: '1.23' }, { level: 7 }]
    const report = await judged(({ rows }) => {
      const images = rows.spot_ob.filter(isImage)
      for (const [i, change] of changes.entries()) Object.assign(images[45 + i * 40] as Row, change)
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, images_wrong: 3, images_missing: 0 })
    expect(report.examples.images[0]).toMatchObject({ symbol: 'BTCUSDT', kind: 'derived' })
  })

  it('a checkpoint with a wrong quantity beyond the known depth is wrong', async () => {
    const report = await judged(({ rows }) => {
      const row = rows.spot_ob.findLast((r) => r.kind === 'checkpoint') as Row
      row.known_depth = 1
      row.quantity = '9.999'
    })
    expect(report).toMatchObject({ ok: false, images_wrong: 1 })
  })

  it('an image that lacks a level is wrong', async () => {
    const report = await judged(
      ({ rows }) => void take(rows.spot_ob, (row) => isImage(row) && row.level === 19),
    )
    expect(report).toMatchObject({ ...GREEN, ok: false, images_wrong: 1 })
  })

  it('an image that is stored twice is wrong', async () => {
    const report = await judged(({ rows }) => {
      const { last_seq, symbol } = rows.spot_ob.find(isImage) as Row
      const again = rows.spot_ob.filter((r) => isImage(r) && r.last_seq === last_seq && r.symbol === symbol)
      rows.spot_ob.push(...again)
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, images_wrong: 1 })
  })

  it('an image at a sequence that no message ends with is wrong', async () => {
    const report = await judged(({ rows }) => {
      const { last_seq } = rows.spot_ob.find(isImage) as Row
      for (const row of rows.spot_ob) if (row.last_seq === last_seq) row.last_seq = 499
    })
    expect(report.ok).toBe(false)
    expect(report.examples.images[0]?.found).toBe('no emitted update ends with this sequence')
  })

  it('an image without a sequence is wrong', async () => {
    const report = await judged(({ rows }) => {
      const { last_seq, symbol } = rows.spot_ob.findLast((row) => row.kind === 'checkpoint') as Row
      for (const row of rows.spot_ob) {
        if (row.kind === 'checkpoint' && row.last_seq === last_seq && row.symbol === symbol)
          row.last_seq = null
      }
    })
    expect(report).toMatchObject({ ok: false, images_wrong: 1 })
  })

  it('a missing image is missing, and its cell is named', async () => {
    const report = await judged(({ rows }) => {
      const { last_seq } = rows.spot_ob.find(isImage) as Row
      rows.spot_ob = rows.spot_ob.filter((row) => !(isImage(row) && row.last_seq === last_seq))
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, images_missing: 1 })
    expect(report.examples.grid).toMatchObject([{ symbol: 'BTCUSDT', images: 0 }])
  })

  it('a second image in a cell is wrong, though its levels are true', async () => {
    const report = await judged(({ rows }) => {
      const { last_seq } = rows.spot_ob.find(isImage) as Row
      const again = rows.spot_ob.filter((row) => isImage(row) && row.last_seq === last_seq)
      rows.spot_ob.push(...again.map((row) => ({ ...row, frame: (row.frame as number) + 1 })))
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, images_wrong: 2 })
    expect(report.examples.grid).toMatchObject([{ images: 2 }])
  })

  it.each([['received_ts'], ['event_ts'], ['sent_ts'], ['frame']])(
    'an image with another %s than its last update is wrong',
    async (column) => {
      const report = await judged(({ rows }) => {
        const { last_seq } = rows.spot_ob.find(isImage) as Row
        for (const row of rows.spot_ob) {
          if (isImage(row) && row.last_seq === last_seq) row[column] = (row[column] as number) + 1
        }
      })
      expect(report).toMatchObject({ ...GREEN, ok: false, images_wrong: 1, images_missing: 0 })
      expect(report.examples.images[0]?.found).toContain('frame and times')
    },
  )
})

describe('images of a book that is told at two speeds', () => {
  const isFutures = (row: Row): boolean => row.market === 'inverse' && row.kind === 'derived'
  const lastImage = (rows: readonly Row[]): Row => rows.findLast(isFutures) as Row

  it('a level of them with a wrong quantity is wrong', async () => {
    const report = await judgedWide(({ rows }) => {
      lastImage(rows.futures_ob).quantity = '0.001'
    })
    expect(report).toMatchObject({ ...GREEN, ok: false, images_wrong: 1 })
  })

  it('one of them that is missing is missing, though the slower speed is not in sync', async () => {
    const report = await judgedWide(({ rows }) => {
      const { last_seq, market } = lastImage(rows.futures_ob)
      const kept = rows.futures_ob.filter((row) => row.last_seq !== last_seq || row.market !== market)
      rows.futures_ob.splice(0, rows.futures_ob.length, ...kept)
    })
    expect(report).toMatchObject({ ok: false, images_missing: 1, images_wrong: 0 })
    expect(report.examples.grid).toMatchObject([{ market: 'inverse', images: 0 }])
  })

  it('the speed that the live updates have is the book, whichever was logged first', async () => {
    const slowFirst = ({ log }: World): void => {
      const slow = log.find(
        ({ stream, market }) => stream === 'depth@500ms' && market === 'inverse',
      ) as Emission
      log.unshift({ ...slow, first: 1, last: 2, prev: 0, copies: 0, connection: null, fault: 'outage' })
      for (const [i, emission] of log.entries()) emission.n = i + 1
    }
    expect(await judgedWide(slowFirst)).toMatchObject({ ...GREEN, images_missing: 0 })
  })

  it('an update of the other speed does not end an image', async () => {
    const report = await judgedWide(({ log, rows }) => {
      const { last_seq, market } = lastImage(rows.futures_ob)
      const told = log.filter((e) => e.market === market && e.stream === 'depth@100ms' && e.last === last_seq)
      log.splice(log.indexOf(told[0] as Emission), 1)
    })
    expect(report.ok).toBe(false)
    expect(report.examples.images.map(({ found }) => found)).toContain(
      'no emitted update ends with this sequence',
    )
  })
})
