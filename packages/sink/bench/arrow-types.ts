import type { ColumnType } from '@cryptoflow/model'
import * as arrow from 'apache-arrow'

/** What the plain call path builds a column of, before its numbers are called timestamps. */
export function arrowType(type: ColumnType): arrow.DataType {
  switch (type) {
    case 'name':
      return new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())
    case 'text':
      return new arrow.Utf8()
    case 'bytes':
      return new arrow.Binary()
    case 'boolean':
      return new arrow.Bool()
    case 'decimal':
      return new arrow.Decimal(18, 38, 128)
    case 'int':
    case 'scale':
      return new arrow.Int32()
    case 'long':
    case 'timestamp':
      return new arrow.Int64()
  }
}

/** An integer as a decimal's builder takes it: four words, the lowest first. */
export function decimalWords(value: bigint): Uint32Array {
  const [low, high] = [BigInt.asUintN(64, value), BigInt.asUintN(64, value >> 64n)]
  return new Uint32Array(new BigUint64Array([low, high]).buffer)
}
