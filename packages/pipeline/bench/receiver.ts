import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { directDialer } from '@cryptoflow/egress'
import { findMarket } from '@cryptoflow/exchanges'
import { startIngest } from '@cryptoflow/ingest'
import { openJournal } from '@cryptoflow/journal'
import type { RecordKind } from '@cryptoflow/model'
import { seededChance, systemClock } from '@cryptoflow/runtime'
import { WebSocket } from 'ws'
import { type Bench, costLine, type Line } from './line.ts'
import { median } from './measure.ts'

const RATE = 20_000
/** Two seconds of frames in each round. */
const FRAMES = 2 * RATE
const ROUNDS = 9
const WARM_UP = 2
const RATIO_MAX = 1.3

/** Receives all frames of one connection; CPU seconds of this process for it, all of its threads. */

/** What it costs to have every frame of a socket on the disk, beside a client that does nothing with them. */
export const receiverBench: Bench = { name: 'receiver', run: receiverLines }

async function receiverLines(): Promise<Line[]> {
  const server = spawn(
    process.execPath,
    [join(import.meta.dirname, 'frame-server.ts'), `${RATE}`, `${FRAMES}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  try {
    const port = await new Promise<string>((resolve) => createInterface(server.stdout).once('line', resolve))
    const url = `ws://127.0.0.1:${port}`
    const seconds: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const bare = await bareReceiver(url)
      const ours = await journalReceiver(url)
      if (round < WARM_UP) continue
      seconds.bare.push(bare)
      seconds.ours.push(ours)
    }
    const perFrame = (all: readonly number[]): number => (median(all) / FRAMES) * 1e6
    const costs = { ours: perFrame(seconds.ours), yardstick: perFrame(seconds.bare) }
    const ratio = median(seconds.ours.map((ours, round) => ours / (seconds.bare[round] as number)))
    return [
      costLine('receiver, socket to journal, CPU per frame', 'us', costs),
      costLine(
        `receiver, CPU over a bare ws client at ${RATE} frames/s`,
        'x',
        { ours: ratio, yardstick: Number.NaN },
        RATIO_MAX,
      ),
    ]
  } finally {
    server.kill()
  }
}

/** The same socket with the same options; it counts. */
async function bareReceiver(url: string): Promise<number> {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true })
  let frames = 0
  const all = Promise.withResolvers<void>()
  socket.on('open', () => socket.send('{"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":1}'))
  const before = process.cpuUsage()
  socket.on('message', (_: Buffer) => {
    frames += 1
    // One more: the acknowledgement.
    if (frames === FRAMES + 1) all.resolve()
  })
  await all.promise
  const { user, system } = process.cpuUsage(before)
  socket.terminate()
  return (user + system) / 1e6
}

async function journalReceiver(url: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'cryptoflow-bench-'))
  const clock = systemClock()
  const journal = await openJournal({ directory, clock, version: 'bench', reserveBytes: 0 })
  const all = Promise.withResolvers<void>()
  const intake = {
    append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array) {
      const number = journal.append(kind, connection, receivedUs, payload)
      if (counters.frames === FRAMES) all.resolve()
      return number
    },
    get isCongested() {
      return journal.isCongested
    },
  }
  const dialer = directDialer()
  const before = process.cpuUsage()
  const ingest = startIngest({
    market: findMarket('binance', 'spot', { wsUrl: url, restUrl: url.replace('ws', 'http') }),
    symbols: ['BTCUSDT'],
    streams: ['bookTicker'],
    intake,
    dialer,
    clock,
    chance: seededChance(1),
    notice: () => {},
  })
  const { counters } = ingest
  try {
    await all.promise
    await journal.flush()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1e6
  } finally {
    await ingest.stop()
    dialer.close()
    await journal.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
