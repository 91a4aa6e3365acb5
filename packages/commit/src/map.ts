import { ancestors, type Snapshot, type TableMetadata } from '@cryptoflow/iceberg'

/**
 * The table's own record of what is in it: `exactly-once.md` section 3.3 and R7.
 *
 * It is a table property, set in the same commit as the snapshot it names:
 *
 *   cryptoflow.hwm = {"v":1,"snapshot":"123","seq":7,"map":{"<writer>":5},"void":{"<writer>":[2]}}
 *
 * It counts only while that snapshot is the nearest of ours on main's ancestor chain, or has expired from a
 * chain that otherwise continues it.
 */
export const mapProperty = 'cryptoflow.hwm'
/** Summary keys of our snapshots; the id is a diagnostic (R6), the epochs are this commit's only. */
export const commitIdKey = 'cryptoflow.commit-id'
export const epochsKey = 'cryptoflow.epochs'

/** Which epochs a table has decided. */
export interface DecidedMap {
  /** Per writer the highest epoch decided; epochs are decided in order without holes, from 1. */
  readonly decided: ReadonlyMap<string, number>
  /** Epochs passed over without their rows, to come under a later epoch (R16). */
  readonly voids: ReadonlyMap<string, ReadonlySet<number>>
}

export const emptyMap: DecidedMap = { decided: new Map(), voids: new Map() }

/** What a table's metadata says about our commits. */
export type MapReading =
  | { readonly kind: 'map'; readonly map: DecidedMap; readonly snapshot: bigint }
  /** A table that none of our commits has touched: begin with an empty append (R8). */
  | { readonly kind: 'genesis' }
  /** `evidence`: `table` is certain; `ledger` may be younger than the metadata and wants a second look. */
  | { readonly kind: 'halt'; readonly why: string; readonly evidence: 'table' | 'ledger' }

/** The file key's question (`seenOrPut`): is this epoch of this writer in the table? */
export function isDecided(map: DecidedMap, writer: string, epoch: number): boolean {
  return epoch <= (map.decided.get(writer) ?? 0) && !(map.voids.get(writer)?.has(epoch) ?? false)
}

/**
 * The map of a loaded table, or why it cannot be trusted.
 *
 * @param knownDone whether the ledger has ever seen an epoch marked done in this table
 */
export function readMap(metadata: TableMetadata, knownDone: boolean): MapReading {
  const text = metadata.properties[mapProperty]
  const chain = chainOf(metadata)
  if (text === undefined) return readWithoutProperty(metadata, chain, knownDone)
  const property = parseProperty(metadata)
  if (property === null) return halt(`the property ${mapProperty} cannot be read`)
  return trust(property, chain)
}

/** The property's text for a map that a snapshot brings into force. Writers in order, so equal maps are equal. */
export function encodeMap(
  map: DecidedMap,
  snapshot: Pick<Snapshot, 'snapshotId' | 'sequenceNumber'>,
): string {
  const voids = [...map.voids].map(([writer, epochs]) => [writer, [...epochs].sort((a, b) => a - b)] as const)
  return JSON.stringify({
    v: 1,
    snapshot: String(snapshot.snapshotId),
    seq: snapshot.sequenceNumber,
    map: inOrder(map.decided),
    void: inOrder(voids),
  })
}

export interface MapProperty extends DecidedMap {
  readonly snapshot: bigint
  readonly seq: number
}

function trust(property: MapProperty, { snapshots, end }: Chain): MapReading {
  const own = snapshots.find(isOwn)
  const known: MapReading = { kind: 'map', map: property, snapshot: property.snapshot }
  if (own?.snapshotId === property.snapshot) {
    return own.sequenceNumber === property.seq
      ? known
      : halt('the map names its snapshot with another sequence')
  }
  if (own !== undefined && own.sequenceNumber > property.seq) {
    return halt(`snapshot ${own.snapshotId} is ours and newer than the map: the property was overwritten`)
  }
  const head = snapshots[0]
  if (head === undefined) return halt('main is absent though the map names a snapshot')
  if (head.sequenceNumber < property.seq) return halt('main is older than the map: the table was rolled back')
  if (snapshots.some((snapshot) => snapshot.sequenceNumber <= property.seq)) {
    return halt("main's history passes the map's snapshot without meeting it")
  }
  return end === 'root' ? halt("main's history begins after the map: the table was replaced") : known
}

function readWithoutProperty(metadata: TableMetadata, chain: Chain, knownDone: boolean): MapReading {
  if (chain.snapshots.some(isOwn))
    return halt(`our snapshots are on main, the property ${mapProperty} is gone`)
  if (metadata.snapshots.some(isOwn)) return halt('our snapshots are not on main, and there is no map')
  if (knownDone) {
    const why = 'the table holds nothing of ours though the ledger saw commits: its history is lost'
    return { kind: 'halt', why, evidence: 'ledger' }
  }
  return { kind: 'genesis' }
}

/** Only appends count: a rewrite that copies our summary brings no map (R21). */
function isOwn(snapshot: Snapshot): boolean {
  return snapshot.summary.operation === 'append' && snapshot.summary[commitIdKey] !== undefined
}

interface Chain {
  /** Retained ancestors of main, newest first, up to the first that is gone. */
  readonly snapshots: readonly Snapshot[]
  readonly end: 'root' | 'expired' | 'absent'
}

function chainOf(metadata: TableMetadata): Chain {
  if (metadata.currentSnapshotId === null) return { snapshots: [], end: 'absent' }
  const snapshots: Snapshot[] = []
  for (const step of ancestors(metadata, metadata.currentSnapshotId)) {
    if (step.kind !== 'snapshot') return { snapshots, end: step.kind }
    snapshots.push(step.snapshot)
  }
  return { snapshots, end: 'expired' }
}

/** The map as the property tells it, trusted or not; null when there is none that can be read. */
export function parseProperty(metadata: TableMetadata): MapProperty | null {
  try {
    const text = metadata.properties[mapProperty] ?? ''
    const { v, snapshot, seq, map, void: voids = {} } = JSON.parse(text)
    if (v !== 1 || typeof snapshot !== 'string' || !Number.isSafeInteger(seq)) return null
    const decided = new Map(Object.entries<number>(map))
    const passed = new Map(Object.entries<number[]>(voids).map(([w, epochs]) => [w, new Set(epochs)]))
    for (const epoch of [...decided.values(), ...[...passed.values()].flatMap((epochs) => [...epochs])]) {
      if (!Number.isSafeInteger(epoch) || epoch < 0) return null
    }
    return { snapshot: BigInt(snapshot), seq, decided, voids: passed }
  } catch {
    return null
  }
}

function halt(why: string): MapReading {
  return { kind: 'halt', why, evidence: 'table' }
}

function inOrder<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}
