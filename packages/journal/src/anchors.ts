import { join } from 'node:path'
import { withBallast } from './ballast.ts'
import { type Disk, ensureDirectory, nodeDisk, writeWhole } from './disk.ts'
import { readImage, readImageAt } from './images.ts'

/**
 * The state image of the last seal before a day, kept longer than the images of recovery: whoever derives that day again
 * begins from it, not at a journal's beginning that retention took.
 *
 * `anchors/<day>-<to>-<hash>.image`; the name says all, so that nothing else must remember it.
 */
export interface Anchor {
  /** Days since 1970, UTC: no record that the day's process received on it lies at or below `to`. */
  readonly day: number
  /** Last record that the state holds. */
  readonly to: number
  /** Hash of the image. */
  readonly image: string
}

/** The default retention of a journal is a week; a day more than that is begun from before it. */
const ANCHORS_MAX = 9

const nameShape = /^(\d+)-(\d+)-([0-9a-f]{64})\.image$/

/** Makes an anchor of an image that is still there, and lets go of the oldest beyond nine. */
export async function keepAnchor(directory: string, anchor: Anchor, disk: Disk = nodeDisk): Promise<void> {
  const bytes = await readImage(directory, anchor.image, disk)
  const folder = anchorsDirectory(directory)
  await withBallast(
    directory,
    async () => {
      await ensureDirectory(disk, folder)
      await writeWhole(disk, join(folder, nameOf(anchor)), bytes)
    },
    disk,
  )
  const old = (await listAnchors(directory, disk)).slice(0, -ANCHORS_MAX)
  for (const one of old) await disk.remove(join(folder, nameOf(one)))
  if (old.length > 0) await disk.syncDirectory(folder)
}

/** Oldest first; none where a journal keeps none. */
export async function listAnchors(directory: string, disk: Disk = nodeDisk): Promise<Anchor[]> {
  const names = await disk.list(anchorsDirectory(directory))
  return names
    .flatMap((name) => {
      const [, day, to, image] = nameShape.exec(name) ?? []
      return image === undefined ? [] : [{ day: Number(day), to: Number(to), image }]
    })
    .sort((a, b) => a.to - b.to)
}

/** Throws a CryptoFlowError (`disk`) when it is missing or is not what was written. */
export function readAnchor(directory: string, anchor: Anchor, disk: Disk = nodeDisk): Promise<Uint8Array> {
  return readImageAt(join(anchorsDirectory(directory), nameOf(anchor)), anchor.image, disk)
}

function anchorsDirectory(directory: string): string {
  return join(directory, 'anchors')
}

function nameOf({ day, to, image }: Anchor): string {
  return `${day}-${to}-${image}.image`
}
