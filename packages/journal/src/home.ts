import { hostname } from 'node:os'
import { type Disk, nodeDisk } from './disk.ts'

/** Where a process runs: when none of it changed, its disk was neither copied nor restored (K15). */
export interface Home {
  /** The system's id of this boot; empty where the system has none to tell. */
  readonly boot: string
  readonly host: string
  /** Device, inode and birth of the directory. */
  readonly disk: string
}

/** Linux names each boot here (proc_sys_kernel(5), read 2026-11-21). */
const BOOT_FILE = '/proc/sys/kernel/random/boot_id'

export async function readHome(directory: string, disk: Disk = nodeDisk): Promise<Home> {
  return { boot: await readBoot(), host: hostname(), disk: await disk.fingerprint(directory) }
}

/** Files there have no length to ask for, so it is read as far as an id goes. */
async function readBoot(): Promise<string> {
  try {
    const file = await nodeDisk.open(BOOT_FILE, 'read')
    try {
      const bytes = new Uint8Array(64)
      return new TextDecoder().decode(bytes.subarray(0, await file.read(bytes, 0))).trim()
    } finally {
      await file.close()
    }
  } catch {
    return ''
  }
}

export function isSameHome(a: Home, b: Home): boolean {
  return a.boot === b.boot && a.host === b.host && a.disk === b.disk
}
