import {
  type ConnectNote,
  decodeAnswerPayload,
  decodeNote,
  decodeRedrivePayload,
  type JournalRecord,
  RecordKind,
} from '@cryptoflow/model'
import { timeText } from './text.ts'

/** Names of the kinds of records, as the command line writes them. */
export const kindNames = Object.keys(RecordKind) as (keyof typeof RecordKind)[]

const nameOf = new Map(kindNames.map((name) => [RecordKind[name], name]))
const exact = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A record as one JSON object. Of the payload's three forms there is one: `note`, `text` or `base64`. */
export interface RecordLine {
  readonly number: number
  readonly kind: string
  /** The record that opened the connection; absent for records of no connection. */
  readonly connection?: number
  readonly time: string
  readonly received_us: number
  /** What a connect, a disconnect or a start says, or what an answer answers. */
  readonly note?: unknown
  readonly text?: string
  readonly base64?: string
}

/** The record in words; the payload comes back byte for byte from `text` or `base64`. */
export function lineOf({ number, kind, connection, receivedUs, payload }: JournalRecord): RecordLine {
  const head = {
    number,
    kind: nameOf.get(kind) ?? `kind ${kind}`,
    ...(connection === 0 ? {} : { connection }),
    time: timeText(receivedUs),
    received_us: receivedUs,
  }
  if (kind === RecordKind.frame) return { ...head, ...bytesOf(payload) }
  if (payload.length === 0) return head
  try {
    if (kind === RecordKind.redrive) {
      const { note, raw } = decodeRedrivePayload(payload)
      return { ...head, note, ...bytesOf(raw) }
    }
    if (kind !== RecordKind.answer) return { ...head, note: decodeNote(payload) }
    const { context, body } = decodeAnswerPayload(payload)
    return { ...head, note: context, ...bytesOf(body) }
  } catch {
    // A note of a version that is not ours is shown as it stands.
    return { ...head, ...bytesOf(payload) }
  }
}

/** Bytes of a record that came from outside: a frame, an answer's body; null: there are none. */
export function foreignBytes({ kind, payload }: JournalRecord): Uint8Array | null {
  if (kind === RecordKind.frame) return payload
  return kind === RecordKind.answer ? decodeAnswerPayload(payload).body : null
}

/**
 * Whether a record speaks of a symbol: its bytes hold the text in either case, or its note names it. A journal does not
 * read its frames, so a symbol that is part of another's name is found in both.
 */
export function speaksOf(symbol: string): (record: JournalRecord) => boolean {
  const spellings = [...new Set([symbol, symbol.toLowerCase(), symbol.toUpperCase()])]
  return ({ kind, payload }) => {
    if (kind === RecordKind.connect) {
      const { subscriptions } = decodeNote<ConnectNote>(payload)
      return subscriptions.some((each) => each.symbol === symbol || each.symbol === '')
    }
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
    return spellings.some((spelling) => bytes.includes(spelling))
  }
}

function bytesOf(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: exact.decode(bytes) }
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}
