import { createRowBuffer, type RowBuffer, type StringTable, type TableName, tables } from '@cryptoflow/model'
import { partitionOf, type TablePartition } from '@cryptoflow/partitioner'

/** Rows of one table partition that wait for the next barrier. */
export interface OpenPartition {
  readonly table: TableName
  readonly values: readonly (number | string | null)[]
  readonly buffer: RowBuffer
}

/** The row buffers of a lane by (table, partition). */
export interface Partitions {
  rowsFor<T extends TableName>(table: T, exchange: string, eventUs: number): RowBuffer<(typeof tables)[T]>
  rowCount(): number
  /** Gives the filled buffers away and starts anew. */
  take(): OpenPartition[]
}

export function openPartitions(names: StringTable): Partitions {
  let open = new Map<string, OpenPartition>()
  // Rows come in runs of one partition, and the partitioner answers a run with the same object.
  let latest = new Map<TableName, { of: TablePartition; buffer: RowBuffer }>()
  return {
    rowsFor(table, exchange, eventUs) {
      const of = partitionOf(tables[table], exchange, eventUs)
      const known = latest.get(table)
      if (known?.of === of) return known.buffer as never
      const { key, values, fromUs, untilUs } = of
      const place = `${table}\0${key}`
      let partition = open.get(place)
      if (partition === undefined) {
        const buffer = createRowBuffer(tables[table], names) as RowBuffer
        partition = { table, values, buffer: Object.assign(buffer, { fromUs, untilUs }) }
        open.set(place, partition)
      }
      latest.set(table, { of, buffer: partition.buffer })
      return partition.buffer as never
    },
    rowCount() {
      let rows = 0
      for (const { buffer } of open.values()) rows += buffer.count
      return rows
    },
    take() {
      for (const { buffer } of open.values()) buffer.untilUs = Number.NEGATIVE_INFINITY
      const taken = [...open.values()].filter(({ buffer }) => buffer.count > 0)
      open = new Map()
      latest = new Map()
      return taken
    },
  }
}
