import { describe, expect, it } from 'vitest'
import { GREEN, isImage, judged, type Row, take } from './test-world.ts'

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
    expect(report).toMatchObject({ ...GREEN, ok: false, images_wrong: 1 })
    expect(report.examples.grid).toMatchObject([{ images: 2 }])
  })
})
