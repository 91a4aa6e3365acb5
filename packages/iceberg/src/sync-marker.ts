import { uuidBytes } from './bounds.ts'

/** The 16 random bytes between the blocks of an Avro file, from a random uuid. */
export function syncMarker(uuid: string): Uint8Array {
  return uuidBytes(uuid)
}
