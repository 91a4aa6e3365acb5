import type { SegmentFiles } from './segment-files.ts'
import { segmentName, segmentPath, segmentsDirectory } from './segment-files.ts'
import { firstTimeOf } from './segment-summary.ts'

const DAY_US = 86_400_000_000

/** How long released segments are kept; either bound is enough to let one go. */
export interface RetentionPolicy {
  /** Whole or broken days after a segment's last record; Infinity keeps by size alone. */
  readonly days: number
  /** Bytes of all segments above which the oldest go; Infinity keeps by age alone. */
  readonly bytes: number
}

/** A segment that was deleted. */
export interface RetiredSegment {
  readonly segment: string
  readonly first: number
  readonly last: number
  /** Bytes it had on the disk. */
  readonly bytes: number
}

export interface RetireOptions {
  /** Every record up to here is released: nothing above it is touched. */
  readonly releasedTo: number
  readonly policy: RetentionPolicy
  /** Now, or the journal's last time when that is later: a clock that went back makes nothing older (K13). */
  readonly nowUs: number
}

/**
 * Deletes whole released segments, oldest first, that are too old or too much. `segments` is the journal's own list
 * and loses them. The last segment is always kept.
 *
 * One by one, each with the directory synced before it leaves the list (K1): a power cut in between leaves a
 * journal without a hole. A segment's age is that of the first record behind it, so none goes too early.
 */
export async function retireSegments(
  files: SegmentFiles,
  segments: number[],
  { releasedTo, policy, nowUs }: RetireOptions,
): Promise<readonly RetiredSegment[]> {
  const sizes = await Promise.all(segments.map((first) => sizeOf(files, first)))
  let total = sizes.reduce((sum, bytes) => sum + bytes, 0)
  const retired: RetiredSegment[] = []
  for (let i = 0; segments.length > 1 && i < sizes.length; i++) {
    const [first, following] = segments as [number, number]
    const bytes = sizes[i] as number
    if (following - 1 > releasedTo) break
    if (total <= policy.bytes && (await ageDays(files, following, nowUs)) <= policy.days) break
    await files.disk.remove(segmentPath(files.directory, first))
    await files.disk.syncDirectory(segmentsDirectory(files.directory))
    segments.shift()
    total -= bytes
    retired.push({ segment: segmentName(first), first, last: following - 1, bytes })
  }
  return retired
}

async function sizeOf(files: SegmentFiles, first: number): Promise<number> {
  return (await files.disk.sizeOf(segmentPath(files.directory, first))) ?? 0
}

/** Days since the first record of a segment; 0 when it has none that can be read. */
async function ageDays(files: SegmentFiles, first: number, nowUs: number): Promise<number> {
  const timeUs = await firstTimeOf(files, first)
  return timeUs === null ? 0 : Math.max(0, nowUs - timeUs) / DAY_US
}

/** What a forecast is made from. */
export interface ForecastInput {
  /** How fast the journal grows. */
  readonly bytesPerSecond: number
  /** Bytes free on the disk, the reserve not among them. */
  readonly freeBytes: number
  /** Bytes of all segments. */
  readonly bytes: number
  /** Time of the last record of the oldest segment that can be retired; null when nothing is released. */
  readonly oldestUs: number | null
  readonly policy: RetentionPolicy
  readonly nowUs: number
}

export interface Forecast {
  /** Seconds until the disk is full when nothing is deleted; Infinity when nothing is written. */
  readonly fullInSeconds: number
  /** Seconds until retention begins to make room, 0 when it may now; null when nothing is released. */
  readonly roomInSeconds: number | null
  /** Retention makes room before the disk is full. */
  readonly isSteady: boolean
}

/** When the disk will be full, and whether retention comes first. */
export function forecast(input: ForecastInput): Forecast {
  const { bytesPerSecond, freeBytes, bytes, oldestUs, policy, nowUs } = input
  const fullInSeconds = secondsFor(freeBytes, bytesPerSecond)
  if (oldestUs === null)
    return { fullInSeconds, roomInSeconds: null, isSteady: !Number.isFinite(fullInSeconds) }
  const byAge = policy.days * 86_400 - Math.max(0, nowUs - oldestUs) / 1e6
  const bySize = secondsFor(policy.bytes - bytes, bytesPerSecond)
  const roomInSeconds = Math.max(0, Math.min(byAge, bySize))
  return {
    fullInSeconds,
    roomInSeconds,
    isSteady: roomInSeconds < fullInSeconds || fullInSeconds === Infinity,
  }
}

function secondsFor(bytes: number, bytesPerSecond: number): number {
  if (bytes <= 0) return 0
  return bytesPerSecond === 0 ? Number.POSITIVE_INFINITY : bytes / bytesPerSecond
}
