import { assert, type DataFileOffer, type TableContract, type TableName, tables } from '@cryptoflow/model'
import type { SealedFile } from './file-writer.ts'

/** What the name of a data file tells: who wrote it, in which epoch, for which table, which of its parts. */
export interface DataFileName {
  /** Random, in front so that keys of an object store spread. */
  readonly entropy: string
  /** Journal id. */
  readonly writer: string
  readonly epoch: number
  readonly table: TableName
  /** Which file of this table in this epoch, from 0. */
  readonly part: number
  /** New at every attempt: a key is never written twice (rule R15). */
  readonly nonce: string
}

const WORD = /^[0-9A-Za-z]+$/
const KEY = /^([a-z_]+)\/data\/([0-9A-Za-z]+)-([0-9A-Za-z]+)-(\d+)-([a-z_]+)-(\d+)-([0-9A-Za-z]+)\.parquet$/

/** `<table>/data/<entropy>-<writer>-<epoch>-<table>-<part>-<nonce>.parquet`. */
export function dataFileKey(name: DataFileName): string {
  const { entropy, writer, epoch, table, part, nonce } = name
  assert(
    [entropy, writer, nonce].every((word) => WORD.test(word)),
    'the words of a file name are letters and digits',
  )
  assert(Number.isSafeInteger(epoch) && epoch > 0, 'epochs count from 1')
  assert(Number.isSafeInteger(part) && part >= 0, 'parts count from 0')
  assert(Object.hasOwn(tables, table), 'the table is in the contract')
  return `${table}/data/${entropy}-${writer}-${epoch}-${table}-${part}-${nonce}.parquet`
}

/** The reverse of `dataFileKey`; null when the key is none of ours. */
export function parseDataFileKey(key: string): DataFileName | null {
  const match = KEY.exec(key)
  if (match === null) return null
  const [, folder = '', entropy = '', writer = '', epoch, table, part, nonce = ''] = match
  if (folder !== table || !Object.hasOwn(tables, folder)) return null
  const name = {
    entropy,
    writer,
    epoch: Number(epoch),
    table: folder as TableName,
    part: Number(part),
    nonce,
  }
  const isOurs = name.epoch > 0 && Number.isSafeInteger(name.epoch) && Number.isSafeInteger(name.part)
  return isOurs && dataFileKey(name) === key ? name : null
}

/** The offer of a sealed file of a table that lies, durable, at `location`. */
export function offerOf(
  file: SealedFile,
  table: Pick<TableContract, 'schemaId' | 'specId'>,
  place: { readonly location: string; readonly partition: DataFileOffer['partition'] },
): DataFileOffer {
  const { bytes, ...metrics } = file
  return { ...place, bytes: bytes.length, ...metrics, schemaId: table.schemaId, specId: table.specId }
}
