import { blockOf } from '@cryptoflow/journal'
import type { TableName } from '@cryptoflow/model'
import { createLane } from '@cryptoflow/pipeline/parts'
import { images } from './process.ts'
import type { Outcome } from './run.ts'
import { type Row, readFiles } from './stored-rows.ts'

/** The rows of a journal in one pass: one lane, one barrier at the end. */
export async function replayed({
  records,
  writer,
}: Pick<Outcome, 'records' | 'writer'>): Promise<Map<TableName, Row[]>> {
  const objects = new Map<string, Uint8Array>()
  const lane = createLane({
    writer,
    namespace: 'replay',
    store: {
      location: (key) => key,
      put: async (key, bytes) => void objects.set(key, bytes),
      get: async (key) => objects.get(key) as Uint8Array,
      size: async (key) => objects.get(key)?.length ?? null,
    },
    discard: async () => {},
    imageDirectory: null,
    image: null,
    images,
    compression: 'snappy',
    isImport: false,
    nowUs: () => 0,
  })
  lane.accept(blockOf(records))
  const { tables } = await lane.cut(1)
  const files = Object.entries(tables).flatMap(([table, offers]) =>
    offers.map(({ location }) => [table as TableName, objects.get(location) as Uint8Array] as const),
  )
  return readFiles(files)
}
