import { decodeAnswerPayload, type JournalRecord, RecordKind } from '@cryptoflow/model'
import { afterAll, describe, expect, it } from 'vitest'
import { openCapture } from './capture.ts'
import { captureFolder, recordsOf } from './capture-support.ts'

const folder = captureFolder()
const capture = folder.write
afterAll(folder.remove)

const line = (conn: string, raw: string, more: object = {}): object => ({
  exchange: 'binance',
  market: 'spot',
  transport: 'ws',
  conn,
  recv_ts_us: 1_700_000_000_000_000,
  url: null,
  raw,
  ...more,
})
const trade = (id: number): string =>
  `{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000000,"s":"BTCUSDT","t":${id},"p":"1.0","q":"2.0","T":1700000000000,"m":true,"M":true}}`

describe('a capture file', () => {
  it('becomes the records that a journal of the same messages would hold', async () => {
    const path = capture('plain.jsonl', [
      line('a', trade(1)),
      line('b', trade(2), { exchange: 'elsewhere' }),
      line('a', trade(3), { recv_ts_us: null }),
    ])
    const { messages, tally } = await openCapture(path)
    expect([messages, tally.decodedMessages, tally.refused]).toEqual([3, 2, { out_of_scope: 1 }])
    const records = await recordsOf(path)
    expect(records.map(({ number, kind, connection }) => [number, kind, connection])).toEqual([
      [1, RecordKind.start, 0],
      [2, RecordKind.connect, 0],
      [3, RecordKind.frame, 2],
      [4, RecordKind.frame, 2],
      [5, RecordKind.stop, 0],
    ])
    expect(records[3]?.receivedUs).toBe(records[2]?.receivedUs)
  })

  it('replays under the same writer id whatever it is called, and under another when a byte differs', async () => {
    const ids = [
      await openCapture(capture('one.jsonl', [line('a', trade(1))])),
      await openCapture(capture('two.jsonl', [line('a', trade(1))])),
      await openCapture(capture('three.jsonl', [line('a', trade(2))])),
    ].map(({ writer }) => writer)
    expect(ids[0]).toBe(ids[1])
    expect(ids[0]).not.toBe(ids[2])
  })

  it('is refused by file and line when a line is no message', async () => {
    const broken = capture('broken.jsonl', [line('a', trade(1)), '{"exchange":'])
    await expect(openCapture(broken)).rejects.toMatchObject({ context: { path: broken, line: 2 } })
    const lacking = capture('lacking.jsonl', [{ exchange: 'binance' }])
    await expect(openCapture(lacking)).rejects.toThrow('lacks exchange, market, conn or raw')
  })

  const diff = (symbol: string, first: number): string =>
    `{"stream":"${symbol.toLowerCase()}@depth@100ms","data":{"e":"depthUpdate","E":1700000000500,"s":"${symbol}","U":${first},"u":${first},"b":[],"a":[]}}`
  const book = '{"lastUpdateId":7,"bids":[["1.0","2.0"]],"asks":[]}'
  const depthUrl = 'https://api.binance.com/api/v3/depth?symbol=BTCUSDT'

  it('opens what carries a book before the answer that starts it, and asks which resync it answers', async () => {
    const path = capture('book.jsonl', [
      line('rest', book, { transport: 'rest', url: depthUrl }),
      line('ws', diff('BTCUSDT', 8)),
    ])
    const records = await recordsOf(path)
    expect(records.map(({ kind }) => kind)).toEqual([
      RecordKind.start,
      RecordKind.connect,
      RecordKind.answer,
      RecordKind.frame,
      RecordKind.stop,
    ])
    const { context } = decodeAnswerPayload((records[2] as JournalRecord).payload)
    expect(context).toMatchObject({ symbol: 'BTCUSDT', stream: 'depth@100ms', resync: 3 })
  })

  it('takes the one symbol of a connection for a book without a name, and refuses one that could be of two', async () => {
    const nameless = line('a', book, { transport: 'rest' })
    const one = await openCapture(capture('one-symbol.jsonl', [line('a', diff('BTCUSDT', 8)), nameless]))
    expect(one.fates[1]?.answers).toMatchObject([
      { symbol: 'BTCUSDT', stream: 'depth@100ms', isAwaited: true },
    ])
    const two = await openCapture(
      capture('two-symbols.jsonl', [line('a', diff('BTCUSDT', 8)), line('a', diff('ETHUSDT', 8)), nameless]),
    )
    expect(two.tally.refused).toEqual({ no_symbol: 1 })
    const odd = { transport: 'rest', url: 'https://api.binance.com/api/v3/klines?symbol=BTCUSDT' }
    const path = capture('odd.jsonl', [line('a', '[]', odd)])
    expect((await openCapture(path)).tally.refused).toEqual({ unsupported_endpoint: 1 })
  })

  it('gives a message without a received time its own, and one without any the time that is given', async () => {
    const quote = '{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}'
    const own = await recordsOf(capture('own.jsonl', [line('a', diff('BTCUSDT', 8), { recv_ts_us: null })]))
    expect(own[2]?.receivedUs).toBe(1_700_000_000_500_000)
    const given = await recordsOf(capture('given.jsonl', [line('a', quote, { recv_ts_us: null })]), {
      receivedAtUs: 42,
    })
    expect(given[2]?.receivedUs).toBe(42)
  })

  it('reads the recorders’ words for markets', async () => {
    const path = capture('words.jsonl', [
      line('a', diff('BTCUSDT', 8), { market: 'usdm' }),
      line('b', diff('BTCUSD_PERP', 8), { market: 'coinm' }),
      line('c', trade(1), { market: 'margin' }),
    ])
    const { sessions, tally } = await openCapture(path)
    const heard = sessions.flatMap(({ connections }) => [...connections.keys()])
    expect(heard.map(({ market }) => market)).toEqual(['linear', 'inverse', 'spot'])
    expect(tally.refused).toEqual({})
  })
})
