import { EventEmitter } from 'node:events'

export interface SocketEnds {
  /** The server sent a frame. */
  sent(bytes: Uint8Array): void
  /** The server closed. */
  closed(code: number, reason: string): void
}

/** States as in the WebSocket API. */
const OPEN = 1
const CLOSED = 3

/** A server's end of a websocket, as much of it as the stage uses, without a network. */
export class MemorySocket extends EventEmitter {
  readyState = OPEN
  readonly bufferedAmount = 0
  private readonly ends: SocketEnds

  constructor(ends: SocketEnds) {
    super()
    this.ends = ends
  }

  send(data: string | Uint8Array): void {
    if (this.readyState === OPEN) this.ends.sent(Buffer.from(data as string))
  }

  close(code: number, reason: string): void {
    if (this.readyState !== OPEN) return
    this.readyState = CLOSED
    this.ends.closed(code, reason)
    this.emit('close')
  }

  /** The client is gone. */
  leave(): void {
    if (this.readyState !== OPEN) return
    this.readyState = CLOSED
    this.emit('close')
  }
}
