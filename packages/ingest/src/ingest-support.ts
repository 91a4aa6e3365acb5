import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ExchangeMarket, type JournalRecord, RecordKind } from '@cryptoflow/model'
import { type WebSocket, WebSocketServer } from 'ws'
import type { IngestNotice, Intake } from './intake.ts'

const limit = (value: number): { value: number; source: string; read: string } => ({
  value,
  source: 'invented for a test',
  read: '2026-11-21',
})

/** A market of no exchange: `{"ok":1}` acknowledges, `{"no":1}` refuses, everything else is data. */
export function testMarket(wsUrl: string, restUrl: string): ExchangeMarket {
  return {
    exchange: 'nowhere',
    market: 'spot',
    decoderVersion: '1',
    quantityUnit: 'base',
    session: {
      wsUrl,
      restUrl,
      streamsPerConnectionMax: limit(4),
      messagesPerSecondMax: limit(1000),
      subscribeFrameBytesMax: limit(60),
      connectionLifeMs: limit(1e9),
      serverPingMs: limit(1e9),
      restWeightPerMinute: limit(600),
      streamName: (stream, symbol) => `${symbol}@${stream}`,
      subscribeFrame: (names, id) => JSON.stringify({ names, id }),
      snapshotRequest: (symbol) => ({ path: `/book?symbol=${symbol}`, weight: 100 }),
    },
    streams: [],
    decodeFrame(bytes) {
      const text = Buffer.from(bytes).toString()
      if (text.startsWith('{"ok"')) return { kind: 'ack', id: JSON.parse(text).ok }
      if (text.startsWith('{"no"')) return { kind: 'refused', id: JSON.parse(text).no, detail: text }
      return { kind: 'heartbeat' }
    },
    decodeAnswer: () => ({ kind: 'heartbeat' }),
  }
}

export interface TestExchange {
  readonly wsUrl: string
  readonly restUrl: string
  close(): Promise<void>
}

/** A server on loopback that does with sockets and requests what the test says. */
export async function testExchange(
  onSocket: (socket: WebSocket) => void,
  onRequest: Parameters<typeof createServer>[1] = () => {},
): Promise<TestExchange> {
  const http: Server = createServer(onRequest as never)
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', onSocket)
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })
  const { port } = http.address() as AddressInfo
  return {
    wsUrl: `ws://127.0.0.1:${port}`,
    restUrl: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => {
        http.close(resolve)
      })
    },
  }
}

/** A journal in memory that others can wait for. */
export class MemoryIntake implements Intake {
  readonly records: JournalRecord[] = []
  readonly notices: IngestNotice[] = []
  isCongested = false
  private waiting: (() => void)[] = []

  append(kind: RecordKind, connection: number, receivedUs: number, payload: Uint8Array): number {
    const number = this.records.length + 1
    this.records.push({ number, kind, connection, receivedUs, payload: payload.slice() })
    this.wake()
    return number
  }

  readonly notice = (notice: IngestNotice): void => {
    this.notices.push(notice)
    this.wake()
  }

  /** Resolves as soon as the condition holds; it is looked at after every record and notice. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve)
      })
    }
  }

  of(kind: RecordKind): JournalRecord[] {
    return this.records.filter((record) => record.kind === kind)
  }

  texts(): string[] {
    return this.of(RecordKind.frame).map((record) => Buffer.from(record.payload).toString())
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
