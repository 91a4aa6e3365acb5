import { partitionKey } from './partition-key.ts'
import type { LiveFile } from './readers.ts'
import type { PartitionValue } from './types.ts'

export interface CompactionOptions {
  /** The bytes that a new file is to have at most, as the old ones count them. */
  readonly targetBytes: number
  /** Rows that a merge may hold at once, and how many of one file it holds; default: any number. */
  readonly rowsHeldMax?: number
  readonly rowsHeldPerFile?: number
  /** Files from here on are left as they are; default: three quarters of the target. */
  readonly smallBytes?: number
  /** A partition with fewer small files is left alone; at least, and by default, 2. */
  readonly filesMin?: number
  /** Whether no more rows are expected for the partition: only closed ones are compacted. */
  isClosed(partition: readonly PartitionValue[], specId: number): boolean
}

/** Files of one partition that are to become one. */
export interface CompactionGroup {
  readonly specId: number
  readonly partition: readonly PartitionValue[]
  readonly files: readonly LiveFile[]
  readonly bytes: number
  readonly rows: number
}

/**
 * Which files of a table are to be rewritten together: small ones of one closed partition, oldest first, so that a
 * group's rows were written near to each other. Pure; `prepareReplace` commits what the caller makes of a group.
 */
export function planCompaction(
  files: readonly LiveFile[],
  options: CompactionOptions,
): readonly CompactionGroup[] {
  const { targetBytes, smallBytes = (targetBytes * 3) / 4, filesMin = 2 } = options
  const partitions = new Map<string, LiveFile[]>()
  for (const file of files) {
    if (file.bytes >= smallBytes || !options.isClosed(file.partition, file.specId)) continue
    const key = partitionKey(file.specId, file.partition)
    const others = partitions.get(key)
    if (others === undefined) partitions.set(key, [file])
    else others.push(file)
  }
  return [...partitions.values()]
    .filter((small) => small.length >= Math.max(filesMin, 2))
    .flatMap((small) => groupsOf(small, options))
}

function groupsOf(
  files: readonly LiveFile[],
  {
    targetBytes,
    rowsHeldMax = Number.POSITIVE_INFINITY,
    rowsHeldPerFile = Number.POSITIVE_INFINITY,
  }: CompactionOptions,
): readonly CompactionGroup[] {
  const heldOf = ({ rows }: LiveFile): number => Math.min(rows, rowsHeldPerFile)
  const oldestFirst = [...files].sort((a, b) => a.sequenceNumber - b.sequenceNumber)
  const groups: CompactionGroup[] = []
  for (const file of oldestFirst) {
    const group = groups.at(-1)
    const held = group?.files.reduce((rows, other) => rows + heldOf(other), heldOf(file)) ?? 0
    const fits = group !== undefined && group.bytes + file.bytes <= targetBytes && held <= rowsHeldMax
    if (!fits) groups.push(groupWith([file]))
    else groups[groups.length - 1] = groupWith([...group.files, file])
  }
  return groups.filter((group) => group.files.length > 1)
}

function groupWith(files: readonly LiveFile[]): CompactionGroup {
  const { specId, partition } = files[0]!
  return {
    specId,
    partition,
    files,
    bytes: files.reduce((bytes, file) => bytes + file.bytes, 0),
    rows: files.reduce((rows, file) => rows + file.rows, 0),
  }
}
