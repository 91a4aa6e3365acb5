import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { isStreamName } from './control.ts'

/** What a connection's URL asks for. */
export interface Handshake {
  readonly isCombined: boolean
  readonly streamNames: readonly string[]
}

/**
 * Reads `/ws`, `/ws/<a>/<b>`, `/stream` and `/stream?streams=<a>/<b>`; null for anything else, trailing
 * slashes and time units other than milliseconds included.
 */
export function readHandshake(requestUrl: string): Handshake | null {
  const url = URL.parse(requestUrl, 'ws://localhost')
  const timeUnit = url?.searchParams.get('timeUnit')?.toUpperCase() ?? 'MILLISECOND'
  if (url === null || timeUnit !== 'MILLISECOND') return null
  if (url.pathname === '/ws') return { isCombined: false, streamNames: [] }
  if (url.pathname === '/stream') return named(true, url.searchParams.get('streams'))
  return url.pathname.startsWith('/ws/') ? named(false, decoded(url.pathname.slice('/ws/'.length))) : null
}

function named(isCombined: boolean, list: string | null): Handshake | null {
  const streamNames = list === null ? [] : list.split('/')
  return streamNames.every(isStreamName) ? { isCombined, streamNames } : null
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Refuses an upgrade with a plain HTTP answer. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, status: string, headers = ''): void {
  request.resume()
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}
