import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Probe } from '@cryptoflow/model'
import { withBallast } from './ballast.ts'
import {
  type Disk,
  damageError,
  ensureDirectory,
  fullError,
  halfwayOf,
  isDiskFull,
  nodeDisk,
  writeWhole,
} from './disk.ts'

const hashShape = /^[0-9a-f]{64}$/
const ending = '.image'

/**
 * Stores a state image as `images/<hash>.image` and answers its hash, SHA-256 in hex, when it is durable.
 * The same bytes may be written again.
 *
 * A full disk is met with the directory's ballast. Without any left it throws `disk`, `retry`, and nothing of the
 * image remains: the cut is forgotten, the next one may be smaller (K8).
 */
export async function writeImage(
  directory: string,
  bytes: Uint8Array,
  probe?: Probe,
  disk: Disk = nodeDisk,
): Promise<string> {
  const hash = hashOf(bytes)
  const write = async () => {
    await ensureDirectory(disk, imagesDirectory(directory))
    await writeWhole(disk, imagePath(directory, hash), bytes, halfwayOf(probe, 'image-write'))
  }
  try {
    await withBallast(directory, write, disk)
  } catch (error) {
    if (!isDiskFull(error)) throw error
    throw fullError('writing an image found the disk full', { directory, bytes: bytes.length }, error)
  }
  return hash
}

/** The image of that hash. Throws a CryptoFlowError (`disk`) when it is missing or is not what was written. */
export async function readImage(directory: string, hash: string, disk: Disk = nodeDisk): Promise<Uint8Array> {
  if (!hashShape.test(hash)) throw damageError('reading an image found no hash for its name', { directory })
  return readImageAt(imagePath(directory, hash), hash, disk)
}

/** The image of that hash in a file of another name. */
export async function readImageAt(path: string, hash: string, disk: Disk): Promise<Uint8Array> {
  const bytes = await disk.readWhole(path)
  if (bytes === null) throw damageError('reading an image found none', { path, hash })
  const found = hashOf(bytes)
  if (found !== hash) throw damageError('reading an image found another content', { path, hash, found })
  return bytes
}

/**
 * Removes all images but those to keep, whose hashes that are there it answers, and what cut writes left behind. Not while an image is being written, and
 * `keep` must name an image that no SEAL names yet but one soon will.
 */
export async function dropImages(
  directory: string,
  keep: readonly string[],
  disk: Disk = nodeDisk,
): Promise<ReadonlySet<string>> {
  const kept = new Set(keep.map((hash) => hash + ending))
  const folder = imagesDirectory(directory)
  const names = await disk.list(folder)
  const dropped = names.filter((name) => /\.image(\.tmp)?$/.test(name) && !kept.has(name))
  for (const name of dropped) await disk.remove(join(folder, name))
  if (dropped.length > 0) await disk.syncDirectory(folder)
  return new Set(keep.filter((hash) => names.includes(hash + ending)))
}

function imagesDirectory(directory: string): string {
  return join(directory, 'images')
}

function imagePath(directory: string, hash: string): string {
  return join(imagesDirectory(directory), hash + ending)
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Removes one image that no seal needs any more. */
export async function removeImage(directory: string, hash: string, disk: Disk = nodeDisk): Promise<void> {
  const folder = imagesDirectory(directory)
  await disk.remove(imagePath(directory, hash))
  await disk.syncDirectory(folder)
}
