import { describe, expect, it } from 'vitest'
import { readRequest } from './control.ts'

const ticket = { ticket: 'x' }
const trade = { type: 'trade', codes: ['KRW-BTC'] }
const read = (...parts: readonly unknown[]) => readRequest(JSON.stringify(parts))
const both = { wantsSnapshot: true, wantsRealtime: true }

describe('readRequest', () => {
  it('reads types, codes and depths', () => {
    const book = { type: 'orderbook', codes: ['KRW-BTC.5', 'KRW-ETH', 'BTC-ETH.7', 'KRW-XRP.1'], level: 0 }
    expect(read(ticket, trade, book, { format: 'SIMPLE' })).toEqual({
      format: 'SIMPLE',
      wishes: [
        { streamName: 'trade:KRW-BTC', ...both },
        { streamName: 'orderbook.5:KRW-BTC', ...both },
        { streamName: 'orderbook.30:KRW-ETH', ...both },
        { streamName: 'orderbook.30:BTC-ETH', ...both },
        { streamName: 'orderbook.1:KRW-XRP', ...both },
      ],
    })
  })

  it('takes the default format when none is named, and none that it does not know', () => {
    expect(read(ticket, trade)).toMatchObject({ format: 'DEFAULT' })
    expect(read(ticket, trade, { format: 'XML' })).toMatchObject({ name: 'INVALID_PARAM' })
  })

  it.each(['is_only_snapshot', 'isOnlySnapshot'])('knows %s', (name) => {
    const wishes = [{ streamName: 'trade:KRW-BTC', wantsSnapshot: true, wantsRealtime: false }]
    expect(read(ticket, { ...trade, [name]: true })).toMatchObject({ wishes })
  })

  it.each(['is_only_realtime', 'isOnlyRealtime'])('knows %s', (name) => {
    const wishes = [{ streamName: 'trade:KRW-BTC', wantsSnapshot: false, wantsRealtime: true }]
    expect(read(ticket, { ...trade, [name]: true })).toMatchObject({ wishes })
  })

  it('has no stream for books in steps of prices', () => {
    const wishes = [{ streamName: null, ...both }]
    expect(read(ticket, { type: 'orderbook', codes: ['KRW-BTC'], level: 10_000 })).toMatchObject({ wishes })
  })

  it.each([
    ['WRONG_FORMAT', '{'],
    ['WRONG_FORMAT', '{}'],
    ['WRONG_FORMAT', '[7]'],
    ['WRONG_FORMAT', '[null]'],
    ['NO_TICKET', JSON.stringify([trade])],
    ['NO_TICKET', JSON.stringify([{ ticket: '' }, trade])],
    ['NO_TYPE', JSON.stringify([ticket])],
    ['NO_TYPE', JSON.stringify([ticket, { codes: ['KRW-BTC'] }])],
    ['NO_CODES', JSON.stringify([ticket, { type: 'trade' }])],
    ['NO_CODES', JSON.stringify([ticket, trade, { type: 'trade', codes: [] }])],
    ['INVALID_PARAM', JSON.stringify([ticket, { type: 'trades', codes: ['KRW-BTC'] }])],
    ['INVALID_PARAM', JSON.stringify([ticket, { type: 'trade', codes: [7] }])],
    ['INVALID_PARAM', JSON.stringify([ticket, { ...trade, is_only_realtime: 'yes' }])],
  ])('refuses with %s: %s', (name, text) => {
    expect(readRequest(text)).toMatchObject({ name })
  })
})
