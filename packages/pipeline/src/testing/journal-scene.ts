import { type Journal, openJournal } from '@cryptoflow/journal'
import {
  type AnswerContext,
  type ConnectNote,
  encodeAnswer,
  encodeNote,
  type ImageOptions,
  RecordKind,
} from '@cryptoflow/model'
import { imageDefaults } from '@cryptoflow/normalize'
import { type ManualClock, manualClock } from '@cryptoflow/runtime'
import { openBoard } from '../board.ts'
import { openLane } from '../lane-host.ts'
import { openPublisher, type Publisher, settle } from '../publisher.ts'
import { type Sealer, sealer } from '../sealer.ts'
import { warehouseAt } from '../warehouse.ts'

/** A process that writes a warehouse's journal and tables without sockets: what it hears, a test says. */
export interface JournalScene {
  readonly writer: string
  readonly clock: ManualClock
  /** Opens a connection and answers its number. */
  connect(note: ConnectNote): number
  frame(connection: number, text: string): void
  /** A REST answer to the first question for a book. */
  book(about: Pick<AnswerContext, 'exchange' | 'market' | 'symbol' | 'stream'>, body: string): void
  tick(): void
  /** Everything so far is sealed, in the tables and released. */
  seal(): Promise<void>
  /** Everything so far is sealed, no more. */
  cut(): Promise<void>
  readonly journal: Pick<Journal, 'id' | 'directory'>
  readonly publisher: Publisher
  readonly bring: Sealer['bring']
  /** Ends as a killed process does: without a stop record. */
  close(): Promise<void>
}

const encoder = new TextEncoder()

/** Goes on in a warehouse where an earlier scene ended. */
export async function openJournalScene(
  warehouseDirectory: string,
  startUs: number,
  images: ImageOptions = imageDefaults,
): Promise<JournalScene> {
  const clock = manualClock(startUs)
  const warehouse = warehouseAt(warehouseDirectory)
  const directory = warehouse.journalDirectory
  const journal = await openJournal({
    directory,
    clock,
    version: 'test',
    reserveBytes: 0,
    segmentBytes: 20_000,
    images,
  })
  const board = openBoard()
  const shared = {
    writer: journal.id,
    warehouseDirectory: warehouse.directory,
    board: board.shared,
    drill: null,
  }
  const publisher = await openPublisher({ ...shared, name: 'test', controlDirectory: directory }, 0)
  const { last } = await publisher.resume(journal.recovered.lastRecord)
  const state = { imageDirectory: directory, image: last?.image ?? null }
  const more = { images, compression: 'zstd', isImport: false } as const
  const lane = await openLane({ ...shared, ...state, ...more }, 0)
  const seal = sealer({ writer: journal.id, lane, publisher, clock, onFailure: () => {} }, last)
  const feed = journal.feed((last?.to ?? 0) + 1)
  const cut = async (): Promise<void> => {
    const to = journal.append(RecordKind.clock, 0, clock.nowUs(), new Uint8Array(0))
    await journal.flush()
    while (feed.cursor <= to) {
      const block = await feed.next()
      if (block !== null) await lane.accept(block)
    }
    await seal.now()
    await seal.submitted()
  }
  return {
    journal,
    publisher,
    bring: seal.bring,
    cut,
    writer: journal.id,
    clock,
    connect: (note) => journal.append(RecordKind.connect, 0, clock.nowUs(), encodeNote(note)),
    frame: (connection, text) =>
      void journal.append(RecordKind.frame, connection, clock.nowUs(), encoder.encode(text)),
    book(about, body) {
      const payload = encodeAnswer({ ...about, resync: 1, status: 200 }, encoder.encode(body))
      journal.append(RecordKind.answer, 0, clock.nowUs(), payload)
    },
    tick: () => void journal.append(RecordKind.clock, 0, clock.nowUs(), new Uint8Array(0)),
    async seal() {
      await cut()
      await settle(publisher)
    },
    async close() {
      await feed.close()
      await Promise.all([lane.close(), publisher.close()])
      await journal.close()
    },
  }
}

/** An update of a book of Binance spot, of one bid, as its stream sends it. */
export function bookFrame(symbol: string, id: number, timeMs: number): string {
  const data = {
    e: 'depthUpdate',
    E: timeMs,
    s: symbol,
    U: id,
    u: id,
    b: [[`${60_000 + (id % 50)}.00`, '1.00000']],
    a: [],
  }
  return JSON.stringify({ stream: `${symbol.toLowerCase()}@depth@100ms`, data })
}

/** A trade of Binance spot as its stream sends it. */
export function tradeFrame(symbol: string, id: number, timeMs: number, price = '64000.10'): string {
  const data = {
    e: 'trade',
    E: timeMs,
    s: symbol,
    t: id,
    p: price,
    q: '0.01000',
    T: timeMs,
    m: true,
    M: true,
  }
  return JSON.stringify({ stream: `${symbol.toLowerCase()}@trade`, data })
}
