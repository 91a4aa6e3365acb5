import { describe, expect, it } from 'vitest'
import { memoryEmissionLog } from './emission-log.ts'
import { HeldLog } from './held-log.ts'
import { recordOf } from './testing/records.ts'

describe('a held log', () => {
  it('hands entries on in order, as they are when the last hold ends', () => {
    const memory = memoryEmissionLog()
    const log = new HeldLog(memory)
    log.append({ ...recordOf({ last: 1 }) })
    log.hold()
    const entry = { ...recordOf({ last: 2 }) }
    log.append(entry)
    log.hold()
    log.append({ ...recordOf({ last: 3 }) })
    log.release()
    expect(memory.records).toHaveLength(1)
    entry.copies = 9
    log.release()
    log.append({ ...recordOf({ last: 4 }) })
    expect(memory.records.map(({ last, copies }) => [last, copies])).toEqual([
      [1, 1],
      [2, 9],
      [3, 1],
      [4, 1],
    ])
  })

  it('holds only so many, and says so to whoever relied on it', () => {
    const memory = memoryEmissionLog()
    const log = new HeldLog(memory, 2)
    const hold = log.hold()
    for (let last = 1; last <= 2; last++) log.append({ ...recordOf({ last }) })
    expect(log.isKept(hold)).toBe(true)
    log.append({ ...recordOf({ last: 3 }) })
    expect(log.isKept(hold)).toBe(false)
    expect(memory.records).toHaveLength(3)
  })
})
