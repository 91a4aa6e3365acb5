import { deflateRawSync } from 'node:zlib'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { AvroReader, AvroWriter } from './avro-bytes.ts'
import { decodeAvroFile, encodeAvroFile } from './avro-file.ts'
import type { AvroRecord, AvroValue } from './avro-values.ts'
import type { JsonObject } from './json.ts'

const SYNC = Uint8Array.from({ length: 16 }, (_, i) => i)
const LONGS = [0n, -1n, 1n, 63n, -64n, 64n, 2n ** 48n, -(2n ** 49n), 2n ** 52n, -(2n ** 53n), 2n ** 53n + 1n]
const EXTREMES = [2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_993n]

/** Every type that can be written, required and optional. */
const schema: JsonObject = {
  type: 'record',
  name: 'all',
  fields: [
    { name: 'b', type: 'boolean', 'field-id': 1 },
    { name: 'i', type: 'int', 'field-id': 2 },
    { name: 'l', type: 'long', 'field-id': 3 },
    { name: 'f', type: 'float', 'field-id': 4 },
    { name: 'd', type: 'double', 'field-id': 5 },
    { name: 's', type: 'string', 'field-id': 6 },
    { name: 'x', type: 'bytes', 'field-id': 7 },
    { name: 'u', type: ['null', 'long'], default: null, 'field-id': 8 },
    { name: 'a', type: { type: 'array', items: 'long', 'element-id': 20 }, 'field-id': 9 },
    { name: 'n', type: { type: 'fixed', size: 9, name: 'nine', logicalType: 'decimal' }, 'field-id': 10 },
    {
      name: 'r',
      type: { type: 'record', name: 'inner', fields: [{ name: 'y', type: 'int', 'field-id': 12 }] },
      'field-id': 11,
    },
  ],
}

function record(long: number | bigint): AvroRecord {
  return new Map<number, AvroValue>([
    [1, true],
    [2, -5],
    [3, long],
    [4, 1.5],
    [5, Math.PI],
    [6, 'µ测试'],
    [7, Uint8Array.of(0, 255)],
    [8, null],
    [9, [1, 2, long]],
    [10, -(10n ** 18n)],
    [11, new Map([[12, 7]])],
  ])
}

/** avsc with longs as bigint. */
const longType = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a - b),
})

describe('avro primitives', () => {
  it.each([...LONGS, ...EXTREMES])('long %s comes back', (value) => {
    const out = new AvroWriter()
    out.long(value)
    const [asNumber] = [Number(value)]
    const expected = Number.isSafeInteger(asNumber) ? asNumber : value
    expect(new AvroReader(out.done()).long()).toBe(expected)
    if (!Number.isSafeInteger(asNumber)) return
    const fast = new AvroWriter()
    fast.long(asNumber)
    expect(fast.done()).toEqual(out.done())
  })

  it('refuse a long of more than 64 bits, on both ways', () => {
    expect(() => new AvroWriter().long(2n ** 63n)).toThrow('more than 64 bits')
    expect(() => new AvroReader(new Uint8Array(11).fill(255)).long()).toThrow('more than ten bytes')
  })

  it('never read beyond their bytes', () => {
    expect(() => new AvroReader(Uint8Array.of(20, 1)).bytes()).toThrow('fewer bytes than announced')
    expect(() => new AvroReader(Uint8Array.of(19, 1)).bytes()).toThrow('fewer bytes than announced')
    expect(() => new AvroReader(Uint8Array.of(128)).long()).toThrow('fewer bytes than announced')
  })
})

describe('avro container', () => {
  it('reads what it wrote, over several blocks', () => {
    const records = Array.from({ length: 2500 }, (_, i) => record(i))
    const file = decodeAvroFile(encodeAvroFile(schema, records, new Map([['a', 'b']]), SYNC))
    expect(file.records).toEqual(records)
    expect(file.metadata.get('a')).toBe('b')
    expect(file.metadata.get('avro.codec')).toBe('deflate')
  })

  it('without records is a header only', () => {
    expect(decodeAvroFile(encodeAvroFile(schema, [], new Map(), SYNC)).records).toEqual([])
  })

  it('is read by avsc', async () => {
    const bytes = encodeAvroFile(schema, [...LONGS, ...EXTREMES].map(record), new Map(), SYNC)
    const values = (await avscDecode(bytes)) as Record<string, unknown>[]
    expect(values.map((value) => value.l)).toEqual([...LONGS, ...EXTREMES])
    expect(values[0]).toMatchObject({
      b: true,
      i: -5,
      f: 1.5,
      d: Math.PI,
      s: 'µ测试',
      u: null,
      a: [1n, 2n, 0n],
    })
  })

  it.each(['null', 'deflate'])('reads what avsc wrote with codec %s', async (codec) => {
    const values = [...LONGS, ...EXTREMES].map((l) => ({
      b: false,
      i: 9,
      l,
      f: 0.5,
      d: 0.1,
      s: 'text',
      x: Buffer.of(1),
      u: { long: l },
      a: [l],
      n: Buffer.alloc(9, 255),
      r: { y: 1 },
    }))
    const { records } = decodeAvroFile(await avscEncode(schema, values, codec))
    const longs = [...LONGS, ...EXTREMES]
    expect(records.map((item) => BigInt(item.get(3) as number))).toEqual(longs)
    expect(records.map((item) => BigInt(item.get(8) as number))).toEqual(longs)
    expect(records[0]?.get(10)).toBe(-1n)
    expect(records[0]?.get(11)).toEqual(new Map([[12, 1]]))
  })

  it('reads by the writer’s schema: other order, unknown fields, named types, enums, maps', async () => {
    const writer = {
      type: 'record',
      name: 'other',
      fields: [
        { name: 'unknown', type: { type: 'map', values: 'string' } },
        { name: 'color', type: { type: 'enum', name: 'color', symbols: ['red', 'blue'] }, 'field-id': 6 },
        { name: 'again', type: 'color', 'field-id': 60 },
        { name: 'wide', type: ['string', 'null', 'double'], 'field-id': 5 },
        { name: 'renamed', type: 'long', 'field-id': 3 },
      ],
    }
    const values = [{ unknown: { k: 'v' }, color: 'blue', again: 'red', wide: { double: 2.5 }, renamed: 7n }]
    const { records } = decodeAvroFile(await avscEncode(writer, values, 'deflate'))
    expect(records).toEqual([
      new Map<number, AvroValue>([
        [6, 'blue'],
        [60, 'red'],
        [5, 2.5],
        [3, 7],
      ]),
    ])
  })

  it('refuses every file cut short and most bytes turned', () => {
    const bytes = encodeAvroFile(schema, [record(1)], new Map(), SYNC)
    const header = encodeAvroFile(schema, [], new Map(), SYNC).length
    for (let length = 0; length < bytes.length; length++) {
      if (length !== header) expect(() => decodeAvroFile(bytes.slice(0, length)), `${length} bytes`).toThrow()
    }
    const turned = bytes.slice()
    turned[bytes.length - 1]! ^= 1
    expect(() => decodeAvroFile(turned)).toThrow('another sync marker')
  })

  it('throws only errors of its own on broken bytes', () => {
    const bytes = encodeAvroFile(schema, [record(1), record(2)], new Map(), SYNC)
    for (let i = 0; i < bytes.length; i++) {
      const turned = bytes.slice()
      turned[i]! ^= 1 << (i % 8)
      try {
        decodeAvroFile(turned)
      } catch (error) {
        expect((error as Error).name, `byte ${i}: ${error}`).toBe('IcebergError')
      }
    }
  })

  it('refuses a block with more bytes or fewer records than it says', () => {
    const type: JsonObject = {
      type: 'record',
      name: 'one',
      fields: [{ name: 'l', type: 'int', 'field-id': 1 }],
    }
    const header = encodeAvroFile(type, [], new Map(), SYNC)
    const block = (count: number, ...bytes: number[]) => {
      const out = new AvroWriter()
      out.raw(header)
      out.long(count)
      out.bytes(deflateRawSync(Uint8Array.from(bytes)))
      out.raw(SYNC)
      return out.done()
    }
    expect(decodeAvroFile(block(2, 2, 4)).records).toHaveLength(2)
    expect(() => decodeAvroFile(block(1, 2, 4))).toThrow('found bytes after its records')
    expect(() => decodeAvroFile(block(3, 2, 4))).toThrow('found a wrong count')
    expect(() => decodeAvroFile(block(-1, 2, 4))).toThrow('found a wrong count')
  })

  it('refuses a codec it does not know', async () => {
    const bytes = encodeAvroFile(schema, [], new Map(), SYNC)
    const text = Buffer.from(bytes).toString('latin1').replace('deflate', 'snapppy')
    const broken = Buffer.from(text, 'latin1')
    expect(() => decodeAvroFile(Buffer.concat([broken, Buffer.of(0, 0), SYNC]))).toThrow('another codec')
  })

  it.each<[string, number, AvroValue]>([
    ['int', 2, 2 ** 31],
    ['string', 6, 5],
    ['long', 3, 0.5],
    ['array', 9, 'no list'],
    ['fixed', 10, Uint8Array.of(1)],
  ])('refuses to write a wrong %s', (kind, id, value) => {
    const wrong = new Map(record(1)).set(id, value)
    expect(() => encodeAvroFile(schema, [wrong], new Map(), SYNC)).toThrow(`expected ${kind}`)
  })
})

function avscDecode(bytes: Uint8Array): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const values: unknown[] = []
    const decoder = new avro.streams.BlockDecoder({
      parseHook: (json: unknown) => avro.Type.forSchema(json as never, { registry: { long: longType } }),
    } as never)
    decoder.on('data', (value) => values.push(value))
    decoder.on('error', reject)
    decoder.on('end', () => resolve(values))
    decoder.end(Buffer.from(bytes))
  })
}

function avscEncode(json: unknown, values: readonly unknown[], codec: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const type = avro.Type.forSchema(
      json as never,
      { registry: { long: longType }, wrapUnions: true } as never,
    )
    const encoder = new avro.streams.BlockEncoder(type, { codec, blockSize: 64 } as never)
    // Given a type, avsc writes a schema without the attributes it does not know; field ids are such.
    Object.assign(encoder, { _schema: json })
    const chunks: Buffer[] = []
    encoder.on('data', (chunk: Buffer) => chunks.push(chunk))
    encoder.on('error', reject)
    encoder.on('end', () => resolve(Buffer.concat(chunks)))
    for (const value of values) encoder.write(value)
    encoder.end()
  })
}
