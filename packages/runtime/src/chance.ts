/** The only door to chance. From one seed the same numbers in the same order. */
export interface Chance {
  /** 0 <= x < 1 with 32 random bits. */
  next(): number
  /** A whole number 0 ... below - 1. */
  below(below: number): number
  /** True with probability p. */
  hits(p: number): boolean
}

/** A small seeded generator (sfc32); not for secrets. */
export function seededChance(seed: number): Chance {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = 0xb7e15162 ^ seed
  let counter = 1
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return (t >>> 0) / 4294967296
  }
  for (let i = 0; i < 12; i++) next()
  return {
    next,
    below: (below) => Math.floor(next() * below),
    hits: (p) => next() < p,
  }
}

/** `bytes` random bytes of the operating system as lower-case hex, for names that must not collide. */
export function entropy(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes))
  return Array.from(values, (value) => value.toString(16).padStart(2, '0')).join('')
}

const ULID_DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID: 48 bits of milliseconds, 80 random bits, 26 characters that sort by time. */
export function ulid(nowUs: number): string {
  let ms = Math.floor(nowUs / 1000)
  let time = ''
  for (let i = 0; i < 10; i++) {
    time = ULID_DIGITS[ms % 32] + time
    ms = Math.floor(ms / 32)
  }
  const random = crypto.getRandomValues(new Uint8Array(16))
  return time + Array.from(random, (value) => ULID_DIGITS[value % 32]).join('')
}

/** A random UUID (version 4). */
export function uuid(): string {
  return crypto.randomUUID()
}

/** A seed of the operating system's, 0 ... 2^32 - 1, for processes that must not draw the same numbers. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number
}
