import { blockOf } from '@cryptoflow/journal'
import type { InstrumentKey, TableName } from '@cryptoflow/model'
import { createLane } from '@cryptoflow/pipeline/parts'
import { images } from './process.ts'
import type { Outcome } from './run.ts'
import { type Row, readFiles } from './stored-rows.ts'

/** The rows of a journal in one pass: as many lanes as the plan says, each with its keys, and one barrier at the end. */
export async function replayed(
  outcome: Pick<Outcome, 'records' | 'writer' | 'plan'>,
): Promise<Map<TableName, Row[]>> {
  const { lanes } = outcome.plan
  const files: (readonly [TableName, Uint8Array])[] = []
  for (let at = 0; at < lanes; at++)
    files.push(...(await filesOf(outcome, (key) => laneOf(key, lanes) === at)))
  return readFiles(files)
}

/** Any spread of keys will do. */
function laneOf({ symbol }: InstrumentKey, lanes: number): number {
  return [...symbol].reduce((sum, letter) => sum + (letter.codePointAt(0) as number), 0) % lanes
}

async function filesOf(
  { records, writer }: Pick<Outcome, 'records' | 'writer'>,
  owns: (key: InstrumentKey) => boolean,
): Promise<(readonly [TableName, Uint8Array])[]> {
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
    owns,
    nowUs: () => 0,
  })
  lane.accept(blockOf(records))
  const { tables } = await lane.cut(1)
  return Object.entries(tables).flatMap(([table, offers]) =>
    offers.map(({ location }) => [table as TableName, objects.get(location) as Uint8Array] as const),
  )
}
