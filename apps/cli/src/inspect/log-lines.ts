import { open } from 'node:fs/promises'

/** Bytes read at once; a line may be longer. */
const CHUNK_BYTES = 4 * 1024 * 1024
const NEWLINE = 10

/** A line without its newline. `bytes` is a view that lives until the next batch. */
export interface LogLine {
  readonly offset: number
  readonly bytes: Buffer
}

/** The lines of a file in batches of a few megabytes, however long the file is. */
export async function* logLines(path: string): AsyncGenerator<LogLine[]> {
  const file = await open(path)
  try {
    let rest = Buffer.alloc(0)
    let restAt = 0
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES)
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      const lines: LogLine[] = []
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        lines.push({ offset: restAt + start, bytes: bytes.subarray(start, end) })
        start = end + 1
      }
      const isEnd = bytesRead === 0
      if (isEnd && start < bytes.length) lines.push({ offset: restAt + start, bytes: bytes.subarray(start) })
      if (lines.length > 0) yield lines
      if (isEnd) return
      rest = bytes.subarray(start)
      restAt += start
    }
  } finally {
    await file.close()
  }
}
