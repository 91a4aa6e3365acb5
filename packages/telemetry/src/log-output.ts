import { fstatSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Clock } from '@cryptoflow/runtime'
import { prettyFactory } from 'pino-pretty'

/** Where finished lines go. */
export interface LogOutput {
  /** Takes whole lines; false when they are lost. Never throws. */
  write(text: string): boolean
  /** Ends when everything taken is with the system, or given up. */
  close(): void | Promise<void>
}

const STANDARD_OUTPUT = 1
/** Bytes of lines that the reader of a pipe has not taken yet; a reader that stopped must not stop us. */
const WAITING_BYTES_MAX = 1 << 20
/** Time that a reader gets for what waits at closing. */
const CLOSE_MS_MAX = 1000

/**
 * The standard output. A pipe is written without waiting, as whoever reads it may stall and sockets are heard on
 * this thread; lines beyond 1 MiB of waiting ones are not taken. A file or a terminal is written at once.
 *
 * Not pino's own destination: it writes a pipe in a worker of the thread pool, and while one of those is stuck in a
 * full pipe, a process cannot end, not even by `process.exit`.
 */
export function openStandardOutput(clock: Clock): LogOutput {
  const stat = fstatSync(STANDARD_OUTPUT)
  return stat.isFIFO() || stat.isSocket() ? openPipe(clock) : openDescriptor()
}

function openPipe(clock: Clock): LogOutput {
  const pipe = new Socket({ fd: STANDARD_OUTPUT, readable: false, writable: true })
  let isBroken = false
  pipe.on('error', () => {
    isBroken = true
  })
  // A log that is open does not keep a process from ending.
  pipe.unref()
  return {
    write(text) {
      if (isBroken || pipe.writableLength + text.length > WAITING_BYTES_MAX) return false
      pipe.write(text)
      return true
    },
    close: () =>
      new Promise((resolve) => {
        if (isBroken || pipe.writableLength === 0) return resolve()
        const cancel = clock.after(CLOSE_MS_MAX, resolve)
        pipe.write('', () => {
          cancel()
          resolve()
        })
      }),
  }
}

function openDescriptor(): LogOutput {
  return {
    write(text) {
      const bytes = Buffer.from(text)
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(STANDARD_OUTPUT, bytes, at)
        return true
      } catch {
        return false
      }
    },
    close() {},
  }
}

/** JSON lines as a person reads them: time, level, message and fields, on one line whatever the fields are. */
export function prettyLines(isColoured: boolean): (line: string) => string {
  const pretty = prettyFactory({
    colorize: isColoured,
    singleLine: true,
    translateTime: 'UTC:HH:MM:ss.l',
    errorLikeObjectKeys: [],
  })
  return (line) => `${(pretty(line) ?? line).trimEnd().replace(/\s*\n\s*/g, ' ')}\n`
}
