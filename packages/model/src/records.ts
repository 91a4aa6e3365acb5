import type { AnswerContext } from './exchange.ts'
import type { ImageOptions } from './image-options.ts'
import type { Market } from './key.ts'
import type { Operators } from './operators.ts'
import type { TableName } from './tables.ts'

/**
 * What the journal remembers: whatever rows depend on is a record.
 *
 * Record numbers are dense from 1 and never used again; the number of a frame's record is the frame number.
 * `connection` of a record is the number of the record that opened the connection (0 = none).
 */
export const RecordKind = {
  /** A websocket frame exactly as received. */
  frame: 1,
  /** A REST answer: context and body. */
  answer: 2,
  /** A connection opened; payload ConnectNote. */
  connect: 3,
  /** A connection ended; payload DisconnectNote. */
  disconnect: 4,
  /** The clock passed a multiple of CLOCK_GRID_US; no payload. */
  clock: 5,
  /** A process began to write this journal; payload StartNote. */
  start: 6,
  /** The process stopped taking frames on purpose; nothing was cut short. No payload. */
  stop: 7,
  /** Images of our own books stop being made, or begin again; payload ImagesNote. */
  images: 8,
  /** A dead letter is read again; payload as `encodeRedrive` makes it. Only in the journal of redrives. */
  redrive: 9,
  /** A book is about to be asked for to be compared with ours, or will not be; payload AuditNote. */
  audit: 10,
} as const
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind]

/** Clock records and derived images sit on absolute multiples of this. */
export const CLOCK_GRID_US = 100_000

export interface Subscription {
  readonly symbol: string
  readonly stream: string
  /**
   * Levels a side that its book is subscribed with, where the stream's name does not say it. Absent: the name says it,
   * there is none, or the journal is from before 2026-11-21.
   */
  readonly depth?: number
}

export interface ConnectNote {
  readonly exchange: string
  readonly market: Market
  readonly subscriptions: readonly Subscription[]
}

export interface DisconnectNote {
  readonly code: number
  readonly reason: string
  /** Why we ended it ourselves, where that is the cause of what is missed after it; absent: nothing special. */
  readonly cause?: InterruptionCause
}

/** The disk had no room; the wall clock was set; the process or the machine stood still. */
export type InterruptionCause = 'disk_full' | 'clock_step' | 'suspended'

export interface StartNote {
  /** Last durable record that recovery found, 0 in a new journal. */
  readonly lastRecord: number
  /** The stop before it was on purpose. */
  readonly clean: boolean
  readonly version: string
  /** By `marketText`: the tables that rows are stored in. Absent, and for markets not named: every table. */
  readonly stored?: StoredTables
  /** What is done with messages on their way to rows. Absent, and for markets not named: nothing. */
  readonly operators?: Operators
  /** How images of our books are made. Absent in journals of before 2026-11-22: as whoever reads them says. */
  readonly images?: ImageOptions
}

/** The disk is nearly full: what can be made again from the deltas is given up first. */
export interface ImagesNote {
  readonly made: boolean
}

/** Which tables a process stores of which market. */
export type StoredTables = Readonly<Record<string, readonly TableName[]>>

/** One text for one market of an exchange. */
export function marketText({
  exchange,
  market,
}: {
  readonly exchange: string
  readonly market: Market
}): string {
  return `${exchange} ${market}`
}

/** One record as a reader meets it. `payload` is a view that lives as long as the block's bytes. */
export interface JournalRecord {
  number: number
  kind: RecordKind
  connection: number
  /** Microseconds since 1970; never decreases in a journal. */
  receivedUs: number
  payload: Uint8Array
}

/** Consecutive durable records, in the journal's own encoding. */
export interface JournalBlock {
  readonly first: number
  readonly last: number
  readonly bytes: Uint8Array
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What is known of a dead letter that is read again, and what was decided about it when it was. */
export interface RedriveNote {
  readonly exchange: string
  readonly market: Market
  /** As in `dead_letter`: empty when the frame did not tell it, null when it was of no stream. */
  readonly symbol: string
  readonly stream: string | null
  readonly source: 'ws' | 'rest'
  readonly reason: string
  /** Where it lies: journal and record. */
  readonly writer: string
  readonly frame: number
  readonly receivedUs: number
  /** Rows of `dead_letter` that this is about: events of one frame, key and stream. */
  readonly letters: number
  /** Events, by their place in the frame, that become rows; and those that were stored before. */
  readonly store: readonly number[]
  readonly known: readonly number[]
  /** Our names of the symbols, as lists said when the frame came. */
  readonly instruments: Readonly<Record<string, string>>
}

/** A book that is compared with a snapshot. The answer's context carries the number of the record that asked. */
export interface AuditNote {
  readonly exchange: string
  readonly market: Market
  readonly symbol: string
  readonly stream: string
  /** `failed`: the question that was asked last gets no answer. */
  readonly state: 'asked' | 'failed'
}

/** Payload of an answer record: length of the context, context as JSON, body. */
export function encodeAnswer(context: AnswerContext, body: Uint8Array): Uint8Array {
  return encodeWithNote(context, body)
}

export function decodeAnswerPayload(payload: Uint8Array): { context: AnswerContext; body: Uint8Array } {
  const { note, body } = decodeWithNote(payload)
  return { context: note as AnswerContext, body }
}

/** Payload of a redrive record: the note as that of an answer, then the dead letter's bytes. */
export function encodeRedrive(note: RedriveNote, raw: Uint8Array): Uint8Array {
  return encodeWithNote(note, raw)
}

export function decodeRedrivePayload(payload: Uint8Array): { note: RedriveNote; raw: Uint8Array } {
  const { note, body } = decodeWithNote(payload)
  return { note: note as RedriveNote, raw: body }
}

function encodeWithNote(about: object, body: Uint8Array): Uint8Array {
  const note = encoder.encode(JSON.stringify(about))
  const payload = new Uint8Array(4 + note.length + body.length)
  new DataView(payload.buffer).setUint32(0, note.length, true)
  payload.set(note, 4)
  payload.set(body, 4 + note.length)
  return payload
}

function decodeWithNote(payload: Uint8Array): { note: unknown; body: Uint8Array } {
  const length = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)
  const note: unknown = JSON.parse(decoder.decode(payload.subarray(4, 4 + length)))
  return { note, body: payload.subarray(4 + length) }
}

/** Payloads that are JSON alone. */
type Note = ConnectNote | DisconnectNote | StartNote | ImagesNote | AuditNote

export function encodeNote(note: Note): Uint8Array {
  return encoder.encode(JSON.stringify(note))
}

export function decodeNote<T extends Note>(payload: Uint8Array): T {
  return JSON.parse(decoder.decode(payload)) as T
}
