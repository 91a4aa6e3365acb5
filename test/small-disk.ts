import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdirSync, openSync, statfsSync, writeSync } from 'node:fs'

/** A disk of its own in memory; null where this process may not mount one. */
export function mountDisk(directory: string, megabytes: number): (() => void) | null {
  mkdirSync(directory, { recursive: true })
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory]
  if (spawnSync('mount', options).status !== 0) return null
  return () => spawnSync('umount', ['-l', directory])
}

/** Writes a file until no more than `leaveBytes` are free, which may be 0. */
export function fillDisk(path: string, leaveBytes: number): void {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(1 << 20, 7)
  const free = (): number => {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  }
  try {
    for (let size = block.length; size >= 512 && free() > leaveBytes; ) {
      try {
        if (writeSync(file, block, 0, size) < size) size = Math.floor(size / 2)
      } catch {
        size = Math.floor(size / 2)
      }
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
