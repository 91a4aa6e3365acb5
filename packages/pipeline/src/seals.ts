import { type Disk, dropImages, isDiskFull, keepAnchor, removeImage } from '@cryptoflow/journal'
import type { ControlEntry, EpochRequest } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { StateAt } from './recut.ts'

/** State images kept whatever is released: the last one, and the one before in case the last is unreadable. */
const IMAGES_KEPT = 2
/** With those of epochs that are not released, from which rows may have to be made again. */
const IMAGES_MAX = 64

const DAY_MS = 86_400_000

/** What is remembered of a seal: its last record, the state after it, the day on which it was sealed. */
interface Sealed {
  readonly epoch: number
  readonly to: number
  readonly image: string
  readonly day: number
}

function sealedOf({ epoch, to, sealedAtMs }: EpochRequest, image: string): Sealed {
  return { epoch, to, image, day: Math.floor(sealedAtMs / DAY_MS) }
}

/** Where each seal ends and which images are still needed. */
export function openSeals(
  directory: string,
  entries: readonly ControlEntry[],
  disk: Disk | undefined,
  lastReleased: () => number,
): {
  endOf(epoch: number): number
  /** Images that are there, oldest first. */
  states(): readonly StateAt[]
  /** Last record of the state from which everything that is not released can be made again. */
  baseTo(): number
  add(request: EpochRequest, image: string): Promise<void>
  tidy(): Promise<void>
} {
  const ends = new Map<number, number>()
  let kept: Sealed[] = []
  /** The state at the last release and all later ones; of too many the second is left out, then the third. */
  const needed = (): Sealed[] => {
    const base = kept.findLastIndex(({ epoch }) => epoch <= lastReleased())
    const from = Math.min(Math.max(0, base), Math.max(0, kept.length - IMAGES_KEPT))
    const [first, ...later] = kept.slice(from)
    return first === undefined ? [] : [first, ...later.slice(1 - IMAGES_MAX)]
  }
  for (const entry of entries) {
    if (entry.kind !== 'seal') continue
    ends.set(entry.epoch, entry.to)
    kept.push(sealedOf(entry.request, entry.image))
  }
  return {
    endOf: (epoch) => ends.get(epoch) ?? 0,
    states: () => kept,
    baseTo: () => kept.findLast(({ epoch }) => epoch <= lastReleased())?.to ?? 0,
    async add(request, image) {
      ends.set(request.epoch, request.to)
      const last = kept.at(-1)
      const sealed = sealedOf(request, image)
      if (last !== undefined && last.day < sealed.day) await anchorOf(directory, last, sealed.day, disk)
      kept.push(sealed)
      const before = kept
      kept = needed()
      const images = new Set(kept.map((one) => one.image))
      for (const old of before) if (!images.has(old.image)) await removeImage(directory, old.image, disk)
    },
    // Only before a lane writes images of its own: what no seal names is an orphan of a cut that was lost.
    async tidy() {
      kept = needed()
      const images = kept.map(({ image }) => image)
      const there = await dropImages(directory, images, disk)
      kept = kept.filter(({ image }) => there.has(image))
    },
  }
}

/** An image that has no room or cannot be read is left out: a check of that day says where it could begin. */
async function anchorOf(
  directory: string,
  { to, image }: Sealed,
  day: number,
  disk: Disk | undefined,
): Promise<void> {
  try {
    await keepAnchor(directory, { day, to, image }, disk)
  } catch (error) {
    const isOfDisk = error instanceof CryptoFlowError && error.kind === 'disk'
    if (!isOfDisk && !isDiskFull(error)) throw error
  }
}
