import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Emission,
  type EmissionRecord,
  memoryEmissionLog,
  openEmissionLog,
  readEmissions,
} from './emission-log.ts'

const trade: Emission = {
  exchange: 'binance',
  market: 'spot',
  symbol: '测试USDT',
  stream: 'trade',
  table: 'ticks',
  first: 9_007_199_254_740_991,
  last: 9_007_199_254_740_991,
  prev: null,
  is_snapshot: false,
  unit: 'base',
  depth: null,
  is_answer: false,
  checksum: null,
  at_ms: 1_700_000_000_002,
  sent_ms: 1_700_000_000_001,
  engine_ms: 1_700_000_000_000,
  copies: 1,
  connection: 3,
  fault: null,
  bids: [],
  asks: [],
  values: { trade_id: '9007199254740991', price: '61837.63000000', trade_type: null },
  wire: null,
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'emission-log-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('an emission log', () => {
  it('writes one object a line, numbered from 1, in exactly the agreed shape', () => {
    const path = join(folder, 'log.jsonl')
    const log = openEmissionLog(path)
    log.append(trade)
    log.append({ ...trade, stream: 'depth@100ms', values: null, bids: [['1.00000000', '0.00000000']] })
    log.close()
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toBe(
      '{"n":1,"exchange":"binance","market":"spot","symbol":"测试USDT","stream":"trade",' +
        '"table":"ticks","first":9007199254740991,"last":9007199254740991,"prev":null,' +
        '"is_snapshot":false,"unit":"base","depth":null,"is_answer":false,"checksum":null,"at_ms":1700000000002,"sent_ms":1700000000001,"engine_ms":1700000000000,' +
        '"copies":1,"connection":3,"fault":null,"bids":[],"asks":[],' +
        '"values":{"trade_id":"9007199254740991","price":"61837.63000000","trade_type":null},"wire":null}',
    )
    expect(JSON.parse(lines[1] as string)).toMatchObject({ n: 2, bids: [['1.00000000', '0.00000000']] })
  })

  it('gives back what was appended, beyond the size of its buffers', async () => {
    const path = join(folder, 'log.jsonl')
    const file = openEmissionLog(path)
    const memory = memoryEmissionLog()
    for (let i = 0; i < 3_000; i++) {
      const emission = { ...trade, first: i, wire: i % 7 === 0 ? '{"broken\u2028\n"' : null }
      file.append(emission)
      memory.append(emission)
    }
    file.close()
    expect(await collect(path)).toEqual(memory.records)
  })

  it('can be read up to the last flush while it is being written', async () => {
    const path = join(folder, 'log.jsonl')
    const log = openEmissionLog(path)
    log.append(trade)
    log.flush()
    log.append(trade)
    expect(await collect(path)).toHaveLength(1)
    log.close()
    log.close()
    expect(await collect(path)).toHaveLength(2)
  })

  it('is refused by the reader when it ends inside a line', async () => {
    const path = join(folder, 'log.jsonl')
    const log = openEmissionLog(path)
    log.append(trade)
    log.close()
    appendFileSync(path, '{"n":2,"exch')
    await expect(collect(path)).rejects.toThrow('ends inside a line')
  })
})

async function collect(path: string): Promise<EmissionRecord[]> {
  const records: EmissionRecord[] = []
  for await (const record of readEmissions(path)) records.push(record)
  return records
}
