import { type EventBatch, EventKind } from '@cryptoflow/model'
import { instrumentName } from './symbols.ts'
import type { MessageReader } from './wire.ts'

/** Longest of the words that an instrument consists of, in bytes. */
const WORD_BYTES_MAX = 64

/**
 * Appends the instrument that one element of the list is:
 * `{"name":"FROG/LILY","base":"FROG","quote":"LILY","step":"0.01","lot":"1","state":"awake","since":1600000000000}`.
 *
 * `raw`: the element's own text, byte for byte.
 */
export function readInstrument(fields: MessageReader, raw: string, out: EventBatch): void {
  out.reserveEvent()
  const event = out.count
  const base = fields.text('base', WORD_BYTES_MAX)
  const quote = fields.text('quote', WORD_BYTES_MAX)
  out.kind[event] = EventKind.instrument
  out.symbol[event] = fields.symbol('name', out.names)
  out.stream[event] = fields.known('creatures', out.names)
  for (const column of [out.engineUs, out.sentUs, out.firstSeq, out.lastSeq, out.prevSeq])
    column[event] = Number.NaN
  out.details.set(event, {
    instrument: instrumentName(base, quote),
    base,
    quote,
    settle: null,
    type: 'spot',
    status: fields.text('state', WORD_BYTES_MAX),
    tickSize: fields.step('step'),
    lotSize: fields.step('lot'),
    contractSize: null,
    contractUnit: null,
    listedUs: fields.timeMs('since'),
    expiryUs: Number.NaN,
    raw,
  })
  out.endEvent()
}
