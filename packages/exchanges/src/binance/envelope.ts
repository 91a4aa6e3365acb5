import { FRAME_AT, space } from '../bytes.ts'
import { before, digit, optional, type Part, type Template } from '../templates.ts'

/** The combined form `{"stream":"<symbol>@<channel>","data":<payload>}` around a payload, and what payloads share. */

const HEAD = '{"stream":"'

/** Where the stream's name begins in an envelope. */
export const STREAM_AT = FRAME_AT + HEAD.length

/** Before the payload's channel. */
export const envelope: Template = [HEAD, before('@', 'stream')]

/** A payload in the envelope's channel. */
export function enveloped(channel: string, payload: Template): Template {
  return [`@${channel}","data":`, ...payload, '}']
}

const EXCLAMATION = 33

/** Whether the stream's name begins as those of the whole market do. */
export function isWide(): boolean {
  return space.view.getUint8(STREAM_AT) === EXCLAMATION
}

/**
 * `,"st":1`: which kind of futures it is. In an envelope the stream's symbol has told it; without one it decides, and
 * the exact path reads it.
 */
export function kindOfFutures(isBare: boolean): Part[] {
  return isBare ? [] : [optional(',"st":', digit)]
}
