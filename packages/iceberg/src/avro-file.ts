import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { AvroReader, AvroWriter } from './avro-bytes.ts'
import { type AvroType, compileAvroSchema } from './avro-schema.ts'
import { type AvroRecord, readAvro, writeAvro } from './avro-values.ts'
import { IcebergError } from './errors.ts'
import { type JsonObject, parseJson, printJson } from './json.ts'

// Avro object container file (Avro specification 1.11, "Object Container Files"):
//
//   'O' 'b' 'j' 1 | metadata: map of bytes | sync: 16 bytes
//   ( record count: long | size: long | records, maybe deflated | sync )*

const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 0x01)
const SYNC_BYTES = 16
const RECORDS_PER_BLOCK = 1000
/** An inflated block is at most this; Java writes blocks of 64 KB. */
const BLOCK_BYTES_MAX = 256 * 1024 * 1024

/** A file's records by Iceberg field id, with the header's metadata beside them. */
export interface AvroFile {
  readonly metadata: ReadonlyMap<string, string>
  readonly records: readonly AvroRecord[]
}

/**
 * An object container of deflated blocks. `sync` is 16 bytes that no other file shares; `metadata` is written
 * beside `avro.schema` and `avro.codec`.
 */
export function encodeAvroFile(
  schema: JsonObject,
  records: readonly AvroRecord[],
  metadata: ReadonlyMap<string, string>,
  sync: Uint8Array,
): Uint8Array {
  const type = compileAvroSchema(schema)
  const out = new AvroWriter()
  out.raw(MAGIC)
  writeHeader(out, new Map([...metadata, ['avro.schema', printJson(schema)], ['avro.codec', 'deflate']]))
  out.raw(sync)
  for (let from = 0; from < records.length; from += RECORDS_PER_BLOCK) {
    writeBlock(out, type, records.slice(from, from + RECORDS_PER_BLOCK))
    out.raw(sync)
  }
  return out.done()
}

function writeHeader(out: AvroWriter, metadata: ReadonlyMap<string, string>): void {
  out.long(metadata.size)
  for (const [key, value] of metadata) {
    out.string(key)
    out.string(value)
  }
  out.long(0)
}

function writeBlock(out: AvroWriter, type: AvroType, records: readonly AvroRecord[]): void {
  const block = new AvroWriter()
  for (const record of records) writeAvro(block, type, record)
  out.long(records.length)
  out.bytes(deflateRawSync(block.done()))
}

/**
 * Reads an object container by the schema in its header: field order, unknown fields and named types are the
 * writer's. Codecs `null` and `deflate`. Throws IcebergError `malformed` or `unsupported`.
 */
export function decodeAvroFile(bytes: Uint8Array): AvroFile {
  const input = new AvroReader(bytes)
  if (!equal(input.raw(MAGIC.length), MAGIC)) {
    throw new IcebergError('malformed', 'reading an avro file, found no container magic')
  }
  const metadata = readHeader(input)
  const sync = input.raw(SYNC_BYTES)
  const type = compileAvroSchema(parseJson(metadata.get('avro.schema') ?? ''))
  const codec = metadata.get('avro.codec') ?? 'null'
  const records: AvroRecord[] = []
  while (input.left > 0) readBlock(input, type, codec, sync, records)
  return { metadata, records }
}

function readHeader(input: AvroReader): Map<string, string> {
  const metadata = new Map<string, string>()
  for (let count = input.integer(); count !== 0; count = input.integer()) {
    if (count < 0) input.integer()
    for (let i = Math.abs(count); i > 0; i--) metadata.set(input.string(), input.string())
  }
  return metadata
}

function readBlock(
  input: AvroReader,
  type: AvroType,
  codec: string,
  sync: Uint8Array,
  records: AvroRecord[],
): void {
  const count = input.integer()
  const block = new AvroReader(decompress(input.bytes(), codec))
  if (count < 0 || count > block.left)
    throw new IcebergError('malformed', 'reading an avro block, found a wrong count')
  for (let i = 0; i < count; i++) {
    const record = readAvro(block, type)
    if (!(record instanceof Map))
      throw new IcebergError('malformed', 'reading an avro file, found no records')
    records.push(record)
  }
  if (block.left !== 0)
    throw new IcebergError('malformed', 'reading an avro block, found bytes after its records')
  if (!equal(input.raw(SYNC_BYTES), sync)) {
    throw new IcebergError('malformed', 'reading an avro file, found another sync marker')
  }
}

function decompress(bytes: Uint8Array, codec: string): Uint8Array {
  switch (codec) {
    case 'null':
      return bytes
    case 'deflate':
      return inflate(bytes)
    default:
      throw new IcebergError('unsupported', 'reading an avro file, found another codec', { codec })
  }
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: BLOCK_BYTES_MAX })
  } catch (error) {
    throw new IcebergError('malformed', 'inflating an avro block, found broken bytes', {
      cause: String(error),
    })
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
