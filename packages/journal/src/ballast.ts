import { join } from 'node:path'
import { seededChance } from '@cryptoflow/runtime'
import { type Disk, isDiskFull, nodeDisk, writeFully } from './disk.ts'

/**
 * Space kept back for the day the disk is full (K7): `ballast`, a file of noise in the journal's directory. Whoever
 * must write then, in whichever thread or process, gives up a step of it and tries again: release needs a commit, a
 * commit needs files, files need space. Its size is all the state there is.
 */
const FILE = 'ballast'

/** Noise, because zeros or holes take no space on file systems that compress. */
const NOISE_BYTES = 1024 * 1024
const NOISE_SEED = 7

/** The least that is given up at once. */
const STEP_BYTES_MIN = 1024 * 1024

/** A step is this share of what is left: enough for a cut at first, and nobody finds it gone soon. */
const STEP_SHARE = 1 / 4

/** At most this share of what is free is kept back: a tiny disk is for records. */
const FREE_SHARE_MAX = 1 / 8

/** What a process keeps back. */
export interface Reserve {
  /** Bytes asked for. */
  readonly wantedBytes: number
  /** Bytes that stand on the disk now. */
  readonly bytes: number
  /** Bytes that this disk allows, at most those asked for: a person should know when it is less. */
  readonly targetBytes: number
}

/**
 * Makes the ballast as large as `wantBytes` asks and the disk allows, which is `atLeastBytes` however little is free;
 * or smaller where it was larger. Durable when this returns. A disk without room answers what stands; other failures
 * are thrown.
 */
export async function reserveBallast(
  directory: string,
  wantBytes: number,
  disk: Disk = nodeDisk,
  atLeastBytes = 0,
): Promise<Reserve> {
  const path = join(directory, FILE)
  const standing = (await disk.sizeOf(path)) ?? 0
  const free = await disk.freeBytes(directory)
  // What stands already is kept on a disk that is full now: that is the day it was reserved for.
  const allowed = Math.max(standing, atLeastBytes, Math.floor((free + standing) * FREE_SHARE_MAX))
  const targetBytes = Math.min(wantBytes, allowed)
  if (targetBytes === standing) return { wantedBytes: wantBytes, bytes: standing, targetBytes }
  const file = await disk.open(path, standing === 0 ? 'create' : 'change')
  try {
    if (targetBytes < standing) await file.truncate(targetBytes)
    for (let at = standing; at < targetBytes; at += NOISE_BYTES) {
      await writeFully(file, noise().subarray(0, Math.min(NOISE_BYTES, targetBytes - at)), at)
    }
    await file.sync()
    await disk.syncDirectory(directory)
  } catch (error) {
    if (!isDiskFull(error)) throw error
    // What fills the disk to its last byte must not be our own reserve.
    await file.truncate(standing)
    return { wantedBytes: wantBytes, bytes: standing, targetBytes }
  } finally {
    await file.close()
  }
  return { wantedBytes: wantBytes, bytes: targetBytes, targetBytes }
}

/** Bytes of a directory's ballast now. */
export async function ballastBytes(directory: string, disk: Disk = nodeDisk): Promise<number> {
  return (await disk.sizeOf(join(directory, FILE))) ?? 0
}

/**
 * Gives up one step of a directory's ballast; answers the bytes that became free, 0 when none were left. For
 * whoever met a full disk and must write to empty it.
 */
export async function giveBallast(directory: string, disk: Disk = nodeDisk): Promise<number> {
  const path = join(directory, FILE)
  const standing = await disk.sizeOf(path)
  if (standing === null || standing === 0) return 0
  const file = await disk.open(path, 'change')
  try {
    const given = Math.min(standing, Math.max(Math.ceil(standing * STEP_SHARE), STEP_BYTES_MIN))
    await file.truncate(standing - given)
    await file.sync()
    return given
  } finally {
    await file.close()
  }
}

/**
 * Does something that needs space, and again with a step of the ballast given up each time the disk is full. Throws
 * what the work throws: of a full disk when no ballast is left. The work must leave nothing half done.
 */
export async function withBallast<T>(
  directory: string,
  work: () => Promise<T>,
  disk: Disk = nodeDisk,
): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isDiskFull(error) || (await giveBallast(directory, disk)) === 0) throw error
    }
  }
}

let noiseBytes: Uint8Array | null = null

function noise(): Uint8Array {
  if (noiseBytes !== null) return noiseBytes
  const chance = seededChance(NOISE_SEED)
  noiseBytes = Uint8Array.from({ length: NOISE_BYTES }, () => chance.below(256))
  return noiseBytes
}
