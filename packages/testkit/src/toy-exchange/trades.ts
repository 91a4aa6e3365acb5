import { type EventBatch, EventKind, Side } from '@cryptoflow/model'
import { isObject, type MessageReader } from './wire.ts'

/** Longest id of a trade, in bytes; those of the documents have 12. */
const ID_BYTES_MAX = 128

/**
 * Appends the trades of one frame, oldest first as they are sent:
 * `{"on":"trade","of":"FROG/LILY","at":1700000000123,"list":[{"id":"t-9f3c","px":"1.50","qty":"2","by":"buyer"}]}`.
 *
 * `by`: who took, so that `buyer` is a buy. `at`: the engine's time, milliseconds, of the whole list.
 */
export function readTrades(message: MessageReader, out: EventBatch): void {
  const symbol = message.symbol('of', out.names)
  const stream = message.known('trade', out.names)
  const engineUs = message.timeMs('at')
  for (const trade of message.list('list')) {
    if (message.refusal !== null) return
    if (!isObject(trade)) message.refuse('malformed', 'a trade is no object')
    else appendTrade(message.within(trade), { symbol, stream, engineUs }, out)
  }
}

function appendTrade(
  trade: MessageReader,
  {
    symbol,
    stream,
    engineUs,
  }: { readonly symbol: number; readonly stream: number; readonly engineUs: number },
  out: EventBatch,
): void {
  out.reserveEvent()
  out.reserveEntries(1)
  const event = out.count
  const entry = out.entryCount
  out.kind[event] = EventKind.trade
  out.symbol[event] = symbol
  out.stream[event] = stream
  out.engineUs[event] = engineUs
  out.sentUs[event] = Number.NaN
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = Number.NaN
  out.prevSeq[event] = Number.NaN
  out.tradeType[event] = -1
  out.textIds.set(event, trade.text('id', ID_BYTES_MAX))
  out.side[entry] = trade.word('by', ['buyer', 'seller']) === 'buyer' ? Side.buy : Side.sell
  trade.decimal('px', out.price, entry)
  trade.decimal('qty', out.quantity, entry)
  out.entryCount += 1
  out.endEvent()
}
