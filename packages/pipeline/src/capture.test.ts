import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JournalRecord, RecordKind } from '@cryptoflow/model'
import { afterAll, describe, expect, it } from 'vitest'
import { captureRecords, openCapture } from './capture.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-capture-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function capture(name: string, lines: (object | string)[]): string {
  const path = join(folder, name)
  writeFileSync(
    path,
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  )
  return path
}

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
    const file = await openCapture(
      capture('plain.jsonl', [
        line('a', trade(1)),
        line('b', trade(2), { exchange: 'elsewhere' }),
        line('a', trade(3), { recv_ts_us: null }),
      ]),
    )
    expect(file).toMatchObject({ messages: 3, refused: { unsupported_market: 1 } })
    const records: JournalRecord[] = []
    for await (const record of captureRecords(file, async () => 0)) records.push(record)
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
})
