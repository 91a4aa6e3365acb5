import { blockOf, readRecords } from '@cryptoflow/journal'
import type { JournalBlock, JournalRecord } from '@cryptoflow/model'
import { RecordKind } from '@cryptoflow/model'
import type { Clock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { eagerClock } from './eager-clock-fixture.ts'
import { type Pace, pacedBy, unpaced } from './pace.ts'

const BEGIN_US = 1_763_000_000_000_000

/** A block of records that were received at these seconds after the beginning, numbered from `first`. */
function blockAt(seconds: readonly number[], first = 1): JournalBlock {
  const records = seconds.map(
    (second, i): JournalRecord => ({
      number: first + i,
      kind: RecordKind.clock,
      connection: 0,
      receivedUs: BEGIN_US + second * 1e6,
      payload: new Uint8Array(0),
    }),
  )
  return blockOf(records)
}

/** Seconds after the beginning at which each record was handed on. */
async function handedOn(clock: Clock, pace: Pace, ...blocks: JournalBlock[]): Promise<[number, number][]> {
  const beganUs = clock.nowUs()
  const handed: [number, number][] = []
  for (const block of blocks) {
    for await (const part of pace(block)) {
      for (const { number } of readRecords(part)) handed.push([number, (clock.nowUs() - beganUs) / 1e6])
    }
  }
  return handed
}

describe('the pace of a replay', () => {
  it('hands records on in the time that lay between them, across blocks', async () => {
    const clock = eagerClock()
    const handed = await handedOn(clock, pacedBy(clock, 1), blockAt([0, 2, 2, 5]), blockAt([9], 5))
    expect(handed).toEqual([
      [1, 0],
      [2, 2],
      [3, 2],
      [4, 5],
      [5, 9],
    ])
  })

  it('is ten times as fast at 10x', async () => {
    const clock = eagerClock()
    expect((await handedOn(clock, pacedBy(clock, 10), blockAt([0, 2, 5]))).map(([, at]) => at)).toEqual([
      0, 0.2, 0.5,
    ])
  })

  it('waits for nothing when there is no pace', async () => {
    const clock = eagerClock()
    expect((await handedOn(clock, unpaced, blockAt([0, 100]))).map(([, at]) => at)).toEqual([0, 0])
    expect(clock.waitsMs).toEqual([])
  })

  it('takes a silence of years for a minute', async () => {
    const clock = eagerClock()
    const handed = await handedOn(clock, pacedBy(clock, 1), blockAt([-1.5e9, 0, 1]))
    expect(handed.map(([, at]) => at)).toEqual([0, 60, 61])
  })

  it('begins with the first record that has a time', async () => {
    const clock = eagerClock()
    const handed = await handedOn(clock, pacedBy(clock, 1), blockAt([-BEGIN_US / 1e6, 0, 1]))
    expect(handed.map(([, at]) => at)).toEqual([0, 0, 1])
  })

  it('makes up for the time that the taker took, and does not wait for what is late', async () => {
    const clock = eagerClock()
    const beganUs = clock.nowUs()
    const at: number[] = []
    for await (const part of pacedBy(clock, 1)(blockAt([0, 1, 2, 10]))) {
      at.push((clock.nowUs() - beganUs) / 1e6)
      if (part.first === 1) clock.advance(3_000)
    }
    expect(at).toEqual([0, 3, 10])
  })

  it('hands on together what is due together', async () => {
    const clock = eagerClock()
    const parts: number[] = []
    const block = blockAt([0, 0.001, 0.002, 0.5, 0.501])
    for await (const part of pacedBy(clock, 1)(block)) parts.push(part.first)
    expect(parts).toEqual([1, 4])
  })
})
