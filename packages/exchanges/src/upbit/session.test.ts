import { SYMBOL_BYTES_MAX } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { upbitSpot } from './index.ts'

const { session, streams } = upbitSpot()

function codesOf(frame: string, type: string): string[] {
  const parts = JSON.parse(frame) as { type?: string; codes?: string[] }[]
  return parts.find((part) => part.type === type)?.codes ?? []
}

describe('the session', () => {
  it('talks to the exchange in Korea, and to other addresses when asked', () => {
    expect(session.routes).toEqual({ public: 'wss://api.upbit.com/websocket/v1' })
    expect(session.restUrl).toBe('https://api.upbit.com')
    const given = { wsUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:2' }
    expect(upbitSpot(given).session.routes).toEqual({ public: 'ws://127.0.0.1:1/websocket/v1' })
    expect(upbitSpot({ ...given, paths: { public: '/x' } }).session.routes).toEqual({
      public: 'ws://127.0.0.1:1/x',
    })
    expect(upbitSpot(given).session.restUrl).toBe('http://127.0.0.1:2')
  })

  it('wants everything of a connection in one request, type by type', () => {
    const names = ['trade:KRW-BTC', 'orderbook:KRW-BTC', 'trade:BTC-ETH']
    expect(new Set(names.map((name) => session.subscribeGroup(name))).size).toBe(1)
    expect(session.subscribeFrame(names, 7)).toBe(
      '[{"ticket":"cryptoflow-7"},{"type":"trade","codes":["KRW-BTC","BTC-ETH"]},' +
        '{"type":"orderbook","codes":["KRW-BTC"]},{"format":"DEFAULT"}]',
    )
  })

  it('has room in one frame for the longest codes of a full connection, since a second frame replaces it', () => {
    const names = Array.from({ length: session.streamsPerConnectionMax.value }, (_, i) =>
      session.streamName(
        i % 2 === 0 ? 'trade' : 'orderbook',
        `"${String(i).padStart(SYMBOL_BYTES_MAX - 1, '"')}`,
      ),
    )
    const frame = upbitSpot({ bookDepth: 15 }).session.subscribeFrame(names, 1)
    expect(session.streamsPerFrameMax).toBeNull()
    expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(session.subscribeFrameBytesMax.value)
  })

  it.each([
    [undefined, ''],
    [0, '.1'],
    [1, '.1'],
    [2, '.5'],
    [5, '.5'],
    [6, '.15'],
    [15, '.15'],
    [16, ''],
    [30, ''],
    [1000, ''],
  ])('asks for books of %s levels with the suffix "%s", and for trades without one', (bookDepth, suffix) => {
    const options = bookDepth === undefined ? {} : { bookDepth }
    const frame = upbitSpot(options).session.subscribeFrame(['orderbook:KRW-BTC', 'trade:KRW-BTC'], 1)
    expect(codesOf(frame, 'orderbook')).toEqual([`KRW-BTC${suffix}`])
    expect(codesOf(frame, 'trade')).toEqual(['KRW-BTC'])
  })

  it('is confirmed by data and ended by the connection only', () => {
    expect(session.confirms).toBe('data')
    expect(session.unsubscribeFrame(['trade:KRW-BTC'], 2)).toBeNull()
    expect(session.snapshotRequest).toBeNull()
  })

  it('says PING more often than the exchange closes what is silent', () => {
    expect(session.clientPing?.frame).toBe('PING')
    expect(session.clientPing?.everyMs.value).toBeLessThan(120_000 / 2)
  })

  it('sends less than 100 messages a minute and 5 a second', () => {
    expect(session.messagesPerSecondMax.value).toBeLessThanOrEqual(100 / 60)
  })
})

describe('the streams', () => {
  it('have neither order nor books that deltas belong to, and trades that are known by their ids', () => {
    expect(streams.map(({ name, table, idWindow }) => [name, table, idWindow])).toEqual([
      ['trade', 'ticks', 1024],
      ['orderbook', 'spot_ob', 0],
      ['market/all', 'instruments', 0],
      ['orderbook@rest', 'spot_ob', 0],
    ])
    for (const { follows, book } of streams) expect([follows, book]).toEqual([null, null])
  })

  it.each([
    [{}, 30],
    [{ bookPollDepth: 1 }, 1],
    [{ bookPollDepth: 31 }, 30],
  ])('ask for polled books with %j as %s levels a side, ungrouped', (options, count) => {
    const poll = upbitSpot(options).streams.find(({ name }) => name === 'orderbook@rest')?.poll
    expect(poll).toMatchObject({ everyMs: 1_000, levelsMax: 30 })
    expect(poll?.request('A&b')).toEqual({
      path: `/v1/orderbook?markets=A%26b&level=0&count=${count}`,
      weight: 1,
    })
  })

  it('ask for the list of markets with its details, whatever the symbol', () => {
    const poll = streams.find(({ name }) => name === 'market/all')?.poll
    expect(poll?.request('')).toEqual({ path: '/v1/market/all?is_details=true', weight: 1 })
  })
})
