import { RecordKind } from '@cryptoflow/model'
import { type Chance, defaultBackoff, manualClock, seededChance, systemClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { Ingest } from './ingest.ts'
import {
  acking,
  bookStreams,
  confirming,
  hearing,
  limit,
  type MemoryIntake,
  snapshotFrame,
} from './ingest-support.ts'

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

/** A server of books that now and then refuses, repeats, forgets or ends what was asked. */
function moodyBooks(
  confirms: 'frame' | 'stream' | 'data',
  chance: Chance,
  mood: { readonly isBad: boolean },
): (socket: WebSocket) => void {
  return confirming(confirms, [], (socket, { names = [], id }) => {
    switch (mood.isBad ? chance.below(12) : -1) {
      case 0:
        socket.send(JSON.stringify({ no: id, streams: names.slice(0, 1) }))
        return true
      case 1:
        socket.send(JSON.stringify({ no: null, streams: ['X@o', ...names] }))
        return false
      case 2:
        socket.close(1012)
        return true
      case 3:
        return true
      case 4:
        for (let i = 0; i < 3; i++) socket.send(JSON.stringify({ ok: id, streams: names }))
        return false
      default:
        return false
    }
  })
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
            // On a busy machine answers are late, and few replacements come to their end.
            const isEnough = () =>
              records.of(RecordKind.connect).length >= 40 && records.told('replaced').length > 0
            while (!isEnough()) {
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

  for (const [index, confirms] of (['frame', 'stream', 'data'] as const).entries()) {
    it(`has one connection at most though its books are wanted all the time, and gets them in the end (${confirms})`, async () => {
      const chance = seededChance(index + 5)
      const clock = manualClock()
      const mood = { isBad: true }
      const intake = await hearing(
        {
          server: { onSocket: moodyBooks(confirms, seededChance(index + 105), mood) },
          offered: bookStreams,
          symbols: ['A', 'B', 'C'],
          streams: ['o'],
          session: {
            confirms,
            subscribeFrameBytesMax: limit(1000),
            streamsPerFrameMax: limit(2),
            subscribesPerHourMax: limit(20),
          },
          limits: { steadyAfterMs: 30_000, staleAfterMs: 1e9, staleMaxMs: 1e9, deadAfterMs: 1e9 },
          options: { clock, backoff: defaultBackoff },
        },
        async (records, ingest) => {
          const pass = async (seconds: number): Promise<void> => {
            for (let i = 0; i < seconds * 10; i++) {
              clock.advance(100)
              for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
              if (chance.hits(0.0005)) ingest.replace(records.opened(-1), 'sequence')
              if (mood.isBad && chance.hits(0.05)) want(ingest, chance.below(3))
            }
          }
          await pass(900)
          mood.isBad = false
          // Long enough for every backoff and every pace to be over.
          await pass(300)
          const before = records.records.length
          for (const symbol of [0, 1, 2]) want(ingest, symbol)
          await pass(120)
          const later = records.records.slice(before).map(({ payload }) => Buffer.from(payload).toString())
          for (const symbol of ['A', 'B', 'C']) expect(later).toContain(snapshotFrame('o', symbol))
          expect(ingest.counters.resubscribes).toBe(records.told('resubscribed').length)
        },
      )
      expect(openAtOnce(intake)).toBe(1)
      expect(intake.of(RecordKind.connect).length).toBeGreaterThan(10)
      expect(intake.told('resubscribed').length).toBeGreaterThan(10)
      for (const { overlapped } of intake.told('replaced')) expect(overlapped).toBe(false)
    })
  }
})

function want(ingest: Ingest, symbol: number): void {
  ingest.want({ symbol: 'ABC'.charAt(symbol), stream: 'o', resync: 1 })
}
