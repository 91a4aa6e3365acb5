import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blockOf } from '@cryptoflow/journal'
import { type ConnectNote, encodeNote, type JournalBlock, RecordKind } from '@cryptoflow/model'
import { imageDefaults } from '@cryptoflow/normalize'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { openBoard } from './board.ts'
import { openRewindableLane } from './lane-host.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-lane-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let lanes = 0
beforeEach(() => {
  lanes += 1
})

function open(threads: 0 | 1) {
  const directory = join(folder, `${lanes}`)
  return openRewindableLane(
    {
      writer: 'w',
      warehouseDirectory: join(directory, 'warehouse'),
      imageDirectory: null,
      image: null,
      images: imageDefaults,
      compression: 'zstd',
      isImport: false,
      board: openBoard().shared,
      drill: null,
    },
    threads,
  )
}

const note: ConnectNote = {
  exchange: 'binance',
  market: 'spot',
  subscriptions: [
    { symbol: 'BTCUSDT', stream: 'trade' },
    { symbol: 'BTCUSDT', stream: 'depth' },
  ],
}

/** Record 1 opens a connection, the others tell the time. */
function blockAt(number: number): JournalBlock {
  const kind = number === 1 ? RecordKind.connect : RecordKind.clock
  const payload = number === 1 ? encodeNote(note) : new Uint8Array(0)
  return blockOf([{ number, kind, connection: 0, receivedUs: number, payload }])
}

describe.each([0, 1] as const)('a lane that begins again, in %i threads', (threads) => {
  it('tells what its books wait for when it stands where it stood, never of a time before', async () => {
    const lane = await open(threads)
    expect(await lane.outstanding()).toEqual([])
    await lane.accept(blockAt(1))
    const wanted = await lane.outstanding()
    expect(wanted).toMatchObject([{ symbol: 'BTCUSDT' }])
    await lane.accept(blockAt(2))

    const asked = Array.from({ length: 300 }, () => lane.outstanding())
    const rewound = lane.rewind(null)
    let isAnswered = false
    const late = lane.outstanding().then((requests) => {
      isAnswered = true
      return requests
    })
    await rewound
    expect(await Promise.all(asked)).toEqual(asked.map(() => wanted))
    await lane.accept(blockAt(1))
    expect(isAnswered).toBe(false)
    await lane.accept(blockAt(2))
    expect(await late).toEqual(wanted)
    await lane.close()
  })
})

it('a lane that is closed while it begins again leaves no thread behind', async () => {
  const lane = await open(1)
  const rewound = lane.rewind(null)
  await lane.close()
  await rewound
  await expect(lane.accept(blockAt(1))).rejects.toThrow('ended')
})
