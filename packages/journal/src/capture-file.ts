import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import type { AnswerContext, Subscription } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { nodeDisk } from './disk.ts'

/**
 * A capture file: messages as JSON lines, compressed with zstd, one object per line.
 *
 *     {"exchange":"x","market":"spot","transport":"ws","conn":"7","recv_ts_us":1,"url":null,"raw":"..."}
 *
 * Limits: a line below 256 MiB of bytes. `raw` is the payload's exact text, or base64 with `"encoding":"base64"` when
 * it is no UTF-8. Lines stand in the order of arrival.
 */
export interface CaptureLine {
  readonly exchange: string
  /** The recorder's word for the market; ours in what we export. */
  readonly market: string
  readonly transport: 'ws' | 'rest'
  /** Tells connections apart; ours: the number of the record that opened it. */
  readonly conn: string
  /** Received time, microseconds since 1970; null when the recorder knew none. */
  readonly recv_ts_us: number | null
  readonly url: string | null
  readonly raw: string
  readonly encoding?: 'base64'
  /** Our own addition, on a connection's first line: what it was subscribed to. */
  readonly subscriptions?: readonly Subscription[]
  /** Our own addition, on a REST answer: what it answers, beside exchange and market. */
  readonly answer?: Omit<AnswerContext, 'exchange' | 'market'>
}

/** Twice the largest payload in base64. */
const LINE_BYTES_MAX = 256 * 1024 * 1024
const NEWLINE = 10

const exact = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A payload as a line carries it, so that the same bytes come back. */
export function rawOf(payload: Uint8Array): Pick<CaptureLine, 'raw' | 'encoding'> {
  try {
    return { raw: exact.decode(payload) }
  } catch {
    return { raw: Buffer.from(payload).toString('base64'), encoding: 'base64' }
  }
}

export function payloadOf({ raw, encoding }: Pick<CaptureLine, 'raw' | 'encoding'>): Uint8Array {
  return Buffer.from(raw, encoding === 'base64' ? 'base64' : 'utf8')
}

/** Writes lines as they come; the file is there, whole and durable, when this returns, or not at all. */
export async function writeCapture(path: string, lines: AsyncIterable<CaptureLine>): Promise<void> {
  const tmp = `${path}.tmp`
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } })
  try {
    await pipeline(Readable.from(texts(lines)), zstd, createWriteStream(tmp))
    const file = await open(tmp, 'r+')
    await file.sync().finally(() => file.close())
    await rename(tmp, path)
    await nodeDisk.syncDirectory(dirname(path))
  } catch (error) {
    await rm(tmp, { force: true })
    throw error
  }
}

async function* texts(lines: AsyncIterable<CaptureLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${escapeBreaks(JSON.stringify(line))}\n`
}

/** JSON allows these two as they are, but readers that split text into lines take them for breaks. */
function escapeBreaks(json: string): string {
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

/**
 * The lines of a capture file, plain or compressed by its name (`.zst`). Throws a CryptoFlowError (`data`) naming
 * file and line for what is no such line.
 */
export async function* readCapture(path: string): AsyncGenerator<CaptureLine> {
  const source = createReadStream(path)
  const bytes = path.endsWith('.zst') ? source.pipe(createZstdDecompress()) : source
  source.on('error', (error) => bytes.destroy(error))
  let number = 0
  for await (const text of splitLines(bytes, path)) {
    number += 1
    if (text.length > 0) yield parseLine(path, number, text)
  }
}

async function* splitLines(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end))
      yield Buffer.concat(parts).toString('utf8')
      parts = []
      bytes = 0
      start = end + 1
    }
    parts.push(chunk.subarray(start))
    bytes += chunk.length - start
    if (bytes > LINE_BYTES_MAX) throw captureError(path, 'found a line above 256 MiB')
  }
  if (bytes > 0) yield Buffer.concat(parts).toString('utf8')
}

function parseLine(path: string, line: number, text: string): CaptureLine {
  let value: Partial<CaptureLine> | null
  try {
    value = JSON.parse(text)
  } catch {
    throw captureError(path, 'found a line that is no JSON', { line })
  }
  const fault = faultOf(value)
  if (fault !== null) throw captureError(path, `found a line ${fault}`, { line })
  return { ...(value as CaptureLine), recv_ts_us: value?.recv_ts_us ?? null }
}

/** What keeps a value from being a line, in words; null when nothing does. */
function faultOf(value: Partial<CaptureLine> | null): string | null {
  const texts = [value?.exchange, value?.market, value?.conn, value?.raw]
  if (!texts.every((part) => typeof part === 'string')) return 'that lacks exchange, market, conn or raw'
  if (value?.transport !== 'ws' && value?.transport !== 'rest') return 'of another transport than ws or rest'
  if (value.encoding !== undefined && value.encoding !== 'base64') return 'of another encoding than base64'
  const time = value.recv_ts_us ?? 0
  return Number.isSafeInteger(time) && time >= 0 ? null : 'whose recv_ts_us is no time in microseconds'
}

/** The capture is not as it must be; `context` says where. */
export function captureError(
  path: string,
  found: string,
  context: Record<string, unknown> = {},
): CryptoFlowError {
  const message = `reading a capture ${found}, expected one JSON object per line`
  return new CryptoFlowError(message, { kind: 'data', reaction: 'reject', context: { path, ...context } })
}
