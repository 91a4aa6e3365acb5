import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline as join } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import type { Market } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'

/** One line of a capture file: a message as somebody else's recorder stored it. */
export interface CaptureLine {
  readonly exchange: string
  /** The recorder's own word for it. */
  readonly market: string
  readonly transport: 'ws' | 'rest'
  readonly conn: string
  readonly recv_ts_us: number | null
  readonly url: string | null
  readonly raw: string
  /** `base64`: `raw` is a binary frame. */
  readonly encoding?: string
}

/** Longest line accepted, characters. */
const LINE_LENGTH_MAX = 64 * 1024 * 1024

/** What recorders call the markets, beside our own names. */
const marketWords = new Map<string, Market>([
  ['spot', 'spot'],
  ['linear', 'linear'],
  ['usdm', 'linear'],
  ['linear_swap', 'linear'],
  ['linear_future', 'linear'],
  ['inverse', 'inverse'],
  ['coinm', 'inverse'],
  ['inverse_swap', 'inverse'],
  ['inverse_future', 'inverse'],
])

/** Words for contracts of any kind. */
const contractWords: readonly string[] = ['derivatives', 'futures', 'future', 'swap', 'perpetual', 'option']

/** Whether a recorder's word speaks of contracts without saying whether they are linear or inverse. */
export function isContractWord(word: string): boolean {
  return contractWords.includes(word)
}

/** Our market for a recorder's word; null for one that names none of ours, or several. */
export function marketOfWord(word: string): Market | null {
  return marketWords.get(word) ?? null
}

/** A line's message as it was received. */
export function lineBytes({ raw, encoding }: CaptureLine): Uint8Array {
  return Buffer.from(raw, encoding === 'base64' ? 'base64' : 'utf8')
}

/** The lines of a capture file, plain or zstd-compressed by its name. Throws `data` naming file and line. */
export async function* captureLines(path: string): AsyncGenerator<CaptureLine> {
  const file = createReadStream(path)
  const text = path.endsWith('.zst') ? createZstdDecompress() : null
  const flowing = text === null ? null : join(file, text)
  flowing?.catch(() => {})
  let number = 0
  for await (const line of createInterface({ input: text ?? file, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1
    if (line.length > LINE_LENGTH_MAX) throw badLine(path, number, 'the line is longer than 64 MB')
    yield parseLine(path, number, line)
  }
  await flowing
}

function parseLine(path: string, number: number, line: string): CaptureLine {
  let value: Partial<CaptureLine>
  try {
    value = JSON.parse(line)
  } catch {
    throw badLine(path, number, 'the line is not JSON')
  }
  const isText = [value.exchange, value.market, value.conn, value.raw].every(
    (part) => typeof part === 'string',
  )
  if (!isText) throw badLine(path, number, 'the line lacks exchange, market, conn or raw')
  return value as CaptureLine
}

function badLine(path: string, line: number, found: string): CryptoFlowError {
  return new CryptoFlowError(`reading a capture: ${found}, expected one JSON object per line`, {
    kind: 'data',
    reaction: 'reject',
    context: { path, line },
  })
}
