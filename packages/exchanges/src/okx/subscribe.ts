import type { DecodeOutcome } from '@cryptoflow/model'
import { field, isObject, type JsonObject, printable } from '../json.ts'
import { CLOSING, ignored, OBSOLETE, UNKNOWN } from '../outcomes.ts'

/**
 * Wire names, control frames and the exchange's answers to them.
 *
 * The exchange has no names for streams: a subscription is an object. Ours are `<channel>:<instId>` for a stream of
 * one symbol (`books:BTC-USDT`) and `<channel>/<instType>` for one of all symbols of a type (`instruments/SWAP`); no
 * channel has a colon or a slash in its name, so each leads back to its object.
 * Source: okx.com/docs-v5, "WebSocket / Subscribe", as of 2026-02-23.
 */

/** Longest part of a refusal's text that is passed on. */
const DETAIL_CHARACTERS_MAX = 200

/** Wire name of a stream; `symbol` is empty for one of a whole type, whose name holds the type. */
export function streamName(stream: string, symbol: string): string {
  return symbol === '' ? stream : `${stream}:${symbol}`
}

function argOf(name: string): Readonly<Record<string, string>> {
  const colon = name.indexOf(':')
  if (colon >= 0) return { channel: name.slice(0, colon), instId: name.slice(colon + 1) }
  const slash = name.indexOf('/')
  return { channel: name.slice(0, slash), instType: name.slice(slash + 1) }
}

/** The wire name of what an answer is about; null when it names neither symbol nor type. */
function nameOf(arg: JsonObject): string | null {
  const [channel, instId, instType] = ['channel', 'instId', 'instType'].map((key) => wordIn(arg, key))
  if (channel === null) return null
  if (instId !== null) return `${channel}:${instId}`
  return instType === null ? null : `${channel}/${instType}`
}

/** Longest word of a name, in UTF-16 units: what is longer names nothing of ours. */
const WORD_CHARACTERS_MAX = 128

function wordIn(arg: JsonObject, key: string): string | null {
  const word = field(arg, key)
  return typeof word === 'string' && word.isWellFormed() && word.length <= WORD_CHARACTERS_MAX ? word : null
}

/** The text to send for a subscription; `id` comes back, as text, in every answer to it. */
export function subscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ id: String(id), op: 'subscribe', args: streamNames.map(argOf) })
}

/** The text to send for the end of a subscription. */
export function unsubscribeFrame(streamNames: readonly string[], id: number): string {
  return JSON.stringify({ id: String(id), op: 'unsubscribe', args: streamNames.map(argOf) })
}

/**
 * Reads a message that has an `event`. One subscription is answered by as many acks as it names streams; what is
 * refused is told by an error, which names a stream only in its text, and not for every code.
 */
export function readEvent(event: string, message: JsonObject): DecodeOutcome {
  if (isOfVersion3(message)) return OBSOLETE
  switch (event) {
    case 'subscribe':
      return ackOf(message)
    case 'unsubscribe':
      return endOf(message)
    case 'error':
      return refusalOf(message)
    case 'notice':
      return field(message, 'code') === SERVICE_UPGRADE ? CLOSING : STATUS
    case 'login':
    case 'channel-conn-count':
    case 'channel-conn-count-error':
      return STATUS
    default:
      return UNKNOWN
  }
}

const STATUS = ignored('status')
/** "The connection will soon be closed for a service upgrade", about 60 s before. */
const SERVICE_UPGRADE = '64008'

/** The protocol before 2021 put the channel's name beside the event, and called errors by a number. */
function isOfVersion3(message: JsonObject): boolean {
  return typeof field(message, 'channel') === 'string' && field(message, 'arg') === undefined
    ? /^(spot|futures|swap|option|index|system)\//.test(field(message, 'channel') as string)
    : field(message, 'errorCode') !== undefined
}

function ackOf(message: JsonObject): DecodeOutcome {
  const arg = field(message, 'arg')
  const name = isObject(arg) ? nameOf(arg) : null
  return name === null ? UNKNOWN : { kind: 'ack', id: idOf(message), streams: [name] }
}

/** The end of a subscription is acknowledged too: it confirms no stream. */
function endOf(message: JsonObject): DecodeOutcome {
  const id = idOf(message)
  return id === null ? { kind: 'ack', id, streams: [] } : { kind: 'ack', id }
}

/** Our ids are whole numbers; null where there is none or somebody else's. */
function idOf(message: JsonObject): number | null {
  const id = field(message, 'id')
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : null
}

/** `Wrong URL or channel:books,instId:BTC-USDTT doesn't exist.`: code 60018, as observed. */
const NAMED = /\bchannel:([^,:/\s]{1,64}),inst(Id|Type):(\S{1,128}) doesn't exist/

function refusalOf(message: JsonObject): DecodeOutcome {
  const [code, text] = ['code', 'msg'].map((key) => {
    const json = field(message, key)
    return typeof json === 'string' ? json : `no ${key}`
  }) as [string, string]
  const refusal = {
    kind: 'refused',
    id: idOf(message),
    detail: printable(`${code}: ${text}`, DETAIL_CHARACTERS_MAX),
  } as const
  const named = NAMED.exec(text)
  if (named === null) return refusal
  const [, channel, by, what] = named
  return { ...refusal, streams: [by === 'Id' ? `${channel}:${what}` : `${channel}/${what}`] }
}
