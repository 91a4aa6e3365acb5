import type { DataFileOffer, EpochRequest, TableName } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import type { Seal } from '../writer.ts'

/** An offered file of one row and one byte in the first partition of its table. */
export function offer(
  location: string,
  partition: DataFileOffer['partition'] = [0, 'exchange'],
): DataFileOffer {
  return {
    location,
    bytes: 1,
    rows: 1,
    partition,
    valueCounts: { 1: 1 },
    nullCounts: { 1: 0 },
    lowerBounds: { 1: '61' },
    upperBounds: { 1: '62' },
    splitOffsets: [4],
    schemaId: 0,
    specId: 0,
  }
}

/** Epoch e of a writer covers records 10e - 9 to 10e and has one file in each named table. */
export function requestOf(writer: string, epoch: number, ...named: TableName[]): EpochRequest {
  const files = named.map((table) => [table, [offer(`file:///${writer}-${epoch}-${table}.parquet`)]] as const)
  return {
    writer,
    epoch,
    from: epoch * 10 - 9,
    to: epoch * 10,
    tables: Object.fromEntries(files),
    progress: { 'x\0spot\0测试USDT\0trades': epoch },
    sealedAtMs: epoch * 1000,
    version: 'test',
  }
}

export function sealOf(writer: string, epoch: number, ...named: TableName[]): Seal {
  return { request: requestOf(writer, epoch, ...named), image: `image-${epoch}` }
}

/** A clock that stands still and whose waits are over at once. */
export const restingClock: Clock = {
  nowUs: () => 60_000_000,
  after: (_ms, callback) => {
    queueMicrotask(callback)
    return () => {}
  },
  every: () => () => {},
}
