import type { Clock } from '@cryptoflow/runtime'
import { type Disk, nodeDisk } from './disk.ts'

/** The machine's disk; `onSync` is told the seconds of each write with its sync, from the first byte on. */
export function timedDisk(clock: Clock, onSync: (seconds: number) => void, disk: Disk = nodeDisk): Disk {
  return {
    ...disk,
    async open(path, mode) {
      const file = await disk.open(path, mode)
      let beganUs: number | null = null
      return {
        ...file,
        write(bytes, position) {
          beganUs ??= clock.nowUs()
          return file.write(bytes, position)
        },
        async syncData() {
          const fromUs = beganUs ?? clock.nowUs()
          beganUs = null
          await file.syncData()
          onSync((clock.nowUs() - fromUs) / 1e6)
        },
      }
    },
  }
}
