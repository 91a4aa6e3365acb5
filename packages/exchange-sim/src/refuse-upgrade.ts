import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Refuses an upgrade with a plain HTTP answer; `headers` are whole lines. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, status: string, headers = ''): void {
  request.resume()
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}
