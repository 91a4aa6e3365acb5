/**
 * Rows per second of `sealRows` on book updates as Binance spot sends them: 40 symbols, messages of 2 to 12
 * levels, prices on a tick, in order of arrival. Beside it the plain way (one Arrow builder per column fed
 * value by value, decimals by BigInt) to Arrow data alone, in the same process.
 *
 * Run: `node packages/sink/bench/encode.ts`
 */
import {
  type DecimalColumn,
  decimalText,
  type LongColumn,
  type NameColumn,
  type RowBuffer,
} from '@cryptoflow/model'
import { Decimal, Dictionary, Int32, Int64, makeBuilder, Utf8 } from 'apache-arrow'
import { bookUpdates } from '../src/examples.ts'
import { sealRows } from '../src/index.ts'
import { sortedOrder } from '../src/order.ts'
import { partOf } from '../src/parts.ts'

const ROWS = 200_000
const ROUNDS = 7

const buffer = bookUpdates(ROWS)
const ours: number[] = []
const arrow: number[] = []
const plain: number[] = []
const sort: number[] = []
let bytes = 0
for (let round = 0; round < ROUNDS; round++) {
  ours.push(
    timed(() => {
      bytes = sealRows(buffer, { compression: 'zstd' }).reduce((sum, file) => sum + file.bytes.length, 0)
    }),
  )
  sort.push(timed(() => sortedOrder(buffer)))
  arrow.push(timed(() => gather(buffer)))
  plain.push(timed(() => buildPlainly(buffer)))
}
const report = (name: string, ms: number) =>
  process.stdout.write(
    `${name.padEnd(46)} ${ms.toFixed(0).padStart(6)} ms  ${(ROWS / ms / 1000).toFixed(2)} M rows/s\n`,
  )
report('sealRows, zstd (sort, columns, bounds, Parquet)', median(ours))
report('  of it: sort', median(sort))
report('  of it: columns and bounds', median(arrow))
report('columns by builders and BigInt, no bounds', median(plain))
process.stdout.write(
  `builders / ours: ${(median(plain) / median(arrow)).toFixed(1)}x; ${(bytes / ROWS).toFixed(2)} bytes per row\n`,
)

function gather(rows: RowBuffer): void {
  const order = Uint32Array.from({ length: rows.count }, (_, row) => row)
  for (const [name, spec] of Object.entries(rows.table.columns)) {
    partOf(spec, (rows.columns as never)[spec.of ?? name], rows.names, order)
  }
}

function buildPlainly(rows: RowBuffer): void {
  for (const [name, spec] of Object.entries(rows.table.columns)) {
    const column: unknown = (rows.columns as never)[spec.of ?? name]
    if (spec.type === 'name') {
      const builder = makeBuilder({ type: new Dictionary(new Utf8(), new Int32()), nullValues: [null] })
      const { values } = column as NameColumn
      for (let i = 0; i < rows.count; i++) builder.append(values[i]! < 0 ? null : rows.names.text(values[i]!))
      builder.finish().toVector()
    } else if (spec.type === 'decimal') {
      const builder = makeBuilder({ type: new Decimal(18, 38, 128), nullValues: [null] })
      const decimal = column as DecimalColumn
      for (let i = 0; i < rows.count; i++) builder.append(wordsOf(decimal, i))
      builder.finish().toVector()
    } else if (spec.type === 'long' || spec.type === 'timestamp' || spec.type === 'int') {
      const type = spec.type === 'int' ? new Int32() : new Int64()
      const builder = makeBuilder({ type: type as Int64, nullValues: [null] })
      const { values } = column as LongColumn
      for (let i = 0; i < rows.count; i++) {
        const value = values[i]!
        builder.append(
          (Number.isNaN(value) ? null : spec.type === 'int' ? value : BigInt(value)) as bigint | null,
        )
      }
      builder.finish().toVector()
    }
  }
}

function wordsOf(column: DecimalColumn, row: number): Uint32Array | null {
  const mantissa = column.mantissa(row)
  if (mantissa === null) return null
  const value =
    BigInt(decimalText(mantissa, column.scales[row]!).replace('.', '')) *
    10n ** BigInt(18 - column.scales[row]!)
  return new Uint32Array(
    new BigUint64Array([BigInt.asUintN(64, value), BigInt.asUintN(64, value >> 64n)]).buffer,
  )
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}
