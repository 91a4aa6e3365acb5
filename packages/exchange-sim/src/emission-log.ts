import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import type { Market as MarketName, TableName } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { FaultKind } from './faults.ts'

/** A level as price and quantity text, exactly as it went out. */
export type LevelText = readonly [price: string, quantity: string]

/**
 * One generated event, sent or not. Spelled in snake_case because this is the log's line as well.
 *
 * A message with several events (an array of mark prices, an instrument list) has a record for each; they share
 * their fate. Events are logged in the order of their generation; a REST answer's stand where the answer ended.
 */
export interface EmissionRecord {
  /** Line number, from 1. */
  readonly n: number
  readonly exchange: string
  readonly market: MarketName
  readonly symbol: string
  /** The channel without its symbol (`trade`, `!markPrice@arr@1s`); polled: the endpoint's name; a book answered by REST: `snapshot`. */
  readonly stream: string
  /** The table that the event belongs to. */
  readonly table: TableName
  /**
   * Sequences inside the message and of the message before, as the wire names them; of a trade or aggregate both are
   * its id, of a snapshot, quote or image only `last` is set. Null where the wire has none.
   */
  readonly first: number | null
  readonly last: number | null
  readonly prev: number | null
  /** A whole book that was sent inside its stream: it replaces what was known. */
  readonly is_snapshot: boolean
  /** Of its quantities. */
  readonly unit: 'base' | 'quote' | 'contracts'
  /** Levels a side that a listener must cut the book to after this message; null: every removal is told. */
  readonly depth: number | null
  /** It came as the answer to a REST request. */
  readonly is_answer: boolean
  /** What the message says to prove the book after it, as on the wire; null where it says nothing. */
  readonly checksum: string | null
  /** Exchange time of generation, milliseconds. */
  readonly at_ms: number
  /** What the wire says of times, as milliseconds: send time, matching engine's time. Null where it says nothing. */
  readonly sent_ms: number | null
  readonly engine_ms: number | null
  /**
   * How often it was sent whole and undamaged; with several subscribers, summed over them. Of a polled answer: how
   * often it was answered.
   */
  readonly copies: number
  /** The server's number of the first connection it was, or would have been, sent on. */
  readonly connection: number | null
  /**
   * What happened to it on purpose. `disconnect`: nobody was subscribed because of an injected disconnect;
   * `outage`: nobody was subscribed for another reason.
   */
  readonly fault: FaultKind | 'outage' | null
  /** Levels of a book event, in the order of the wire. */
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
  /**
   * Of an event that becomes one row: the table's own columns by name, without the common ones and the scales. Numbers
   * are the text of the wire, timestamps microseconds as text, booleans `true` or `false`, absent = null. Null for
   * book events.
   */
  readonly values: Readonly<Record<string, string | null>> | null
  /** The damaged text that was sent in the message's place. */
  readonly wire: string | null
}

/** A record before the log has numbered it. */
export type Emission = Omit<EmissionRecord, 'n'>

/** What is said of an event whatever becomes of it on its way. */
export type EmissionContent = Omit<Emission, 'copies' | 'connection' | 'fault' | 'wire'>

/** Where a simulator writes down everything it emitted. */
export interface EmissionLog {
  append(emission: Emission): void
  /** Hands everything appended so far to the file. */
  flush(): void
  /** Flushes and ends the log. */
  close(): void
}

const BUFFER_CHARACTERS_MAX = 256 * 1024

/** A log of JSON lines in a new file; what was at `path` is replaced. */
export function openEmissionLog(path: string): EmissionLog {
  const file = openSync(path, 'w')
  let isOpen = true
  let count = 0
  let buffer = ''
  const flush = (): void => {
    const bytes = Buffer.from(buffer)
    buffer = ''
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  }
  return {
    append(emission) {
      count += 1
      buffer += `${JSON.stringify({ n: count, ...emission })}\n`
      if (buffer.length > BUFFER_CHARACTERS_MAX) flush()
    },
    flush,
    close() {
      if (!isOpen) return
      isOpen = false
      flush()
      closeSync(file)
    },
  }
}

/** A log in memory, for short runs. */
export function memoryEmissionLog(): EmissionLog & { readonly records: readonly EmissionRecord[] } {
  const records: EmissionRecord[] = []
  return {
    records,
    append(emission) {
      records.push({ n: records.length + 1, ...emission })
    },
    flush() {},
    close() {},
  }
}

/**
 * The records of a closed log, one at a time, however long it is.
 *
 * Throws when the file does not end with a whole line: half an oracle proves nothing.
 */
export async function* readEmissions(path: string): AsyncGenerator<EmissionRecord> {
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    for (const line of lines) yield JSON.parse(line) as EmissionRecord
  }
  if (rest === '') return
  throw new CryptoFlowError('reading an emission log: it ends inside a line, expected a closed log', {
    kind: 'data',
    reaction: 'stop',
    context: { path },
  })
}
