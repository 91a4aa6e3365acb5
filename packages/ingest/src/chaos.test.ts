import { RecordKind } from '@cryptoflow/model'
import { type Chance, seededChance, systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { acking, hearing, type MemoryIntake } from './ingest-support.ts'

/** A server of which every second connection goes wrong somehow. */
function moody(chance: Chance): (socket: WebSocket, path: string) => void {
  return (socket, path) => {
    const answer = acking((peer) => {
      const cancel = systemClock().every(3, () => peer.send('1'))
      peer.on('close', cancel)
      if (chance.hits(0.2)) peer.close(1011)
    })
    switch (chance.below(12)) {
      case 0:
        return socket.close(1013)
      case 1:
        return socket.terminate()
      case 2:
        return
      case 3:
        return void socket.on('message', () => socket.send('{"no":1}'))
      case 4:
        return void socket.on('message', () => socket.terminate())
      default:
        return answer(socket, path)
    }
  }
}

/** Most connections that were open at once; every one of them ends, and nothing is heard of one that has not begun. */
function openAtOnce(intake: MemoryIntake): number {
  const open = new Set<number>()
  let most = 0
  for (const { kind, number, connection } of intake.records) {
    if (kind === RecordKind.connect) open.add(number)
    if (kind === RecordKind.frame) expect(open.has(connection)).toBe(true)
    if (kind === RecordKind.disconnect) expect(open.delete(connection)).toBe(true)
    most = Math.max(most, open.size)
  }
  expect(open.size).toBe(0)
  return most
}

describe('a session under an exchange that does anything', () => {
  for (const seed of [1, 2, 3, 4]) {
    for (const [streams, most] of [
      [['t', 'd'], 2],
      [['f'], 1],
    ] as const) {
      it(`has ${most} connections at most and ends every one of them (seed ${seed})`, async () => {
        const chance = seededChance(seed)
        const intake = await hearing(
          {
            server: { onSocket: moody(seededChance(seed + 100)) },
            symbols: ['A'],
            streams: [...streams],
            limits: { answerWithinMs: 60, overlapMs: 4, steadyAfterMs: 15 },
            options: { backoff: { firstMs: 1, maxMs: 4, jitter: 0.25 } },
          },
          async (records, ingest) => {
            while (records.of(RecordKind.connect).length < 40) {
              const before = records.records.length
              await records.until(() => records.records.length > before)
              const opened = records.of(RecordKind.connect).length
              const number = records.opened(Math.max(0, opened - 1 - chance.below(2)))
              if (chance.hits(0.3)) ingest.replace(number)
              if (chance.hits(0.05)) ingest.deadLetters(number, 100, 100)
            }
          },
        )
        expect(openAtOnce(intake)).toBeLessThanOrEqual(most)
        expect(intake.told('replaced').length).toBeGreaterThan(0)
        for (const { overlapped } of intake.told('replaced')) if (most === 1) expect(overlapped).toBe(false)
      })
    }
  }
})
