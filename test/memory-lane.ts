import type { TableName } from '@cryptoflow/model'
import { createLane } from '@cryptoflow/pipeline/parts'

type LaneOptions = Parameters<typeof createLane>[0]
type Cut = Awaited<ReturnType<ReturnType<typeof createLane>['cut']>>

/** A table's data file. */
export type TableFile = readonly [table: TableName, bytes: Uint8Array]

/** A lane whose files stay in memory; what is not said is as for a live journal that keeps no states. */
export function memoryLane(options: Pick<LaneOptions, 'images'> & Partial<LaneOptions>) {
  const objects = new Map<string, Uint8Array>()
  const lane = createLane({
    writer: 'w',
    namespace: 'n',
    store: {
      location: (key) => key,
      put: async (key, bytes) => void objects.set(key, bytes),
      get: async (key) => objects.get(key) as Uint8Array,
      size: async (key) => objects.get(key)?.length ?? null,
    },
    discard: async () => {},
    imageDirectory: null,
    image: null,
    compression: 'snappy',
    isImport: false,
    nowUs: () => 0,
    ...options,
  })
  return {
    lane,
    /** A barrier, with its files. */
    async cut(epoch = 1): Promise<Cut & { readonly files: readonly TableFile[] }> {
      const cut = await lane.cut(epoch)
      const files = Object.entries(cut.tables).flatMap(([table, offers]) =>
        offers.map(({ location }) => [table as TableName, objects.get(location) as Uint8Array] as const),
      )
      return { ...cut, files }
    },
  }
}
