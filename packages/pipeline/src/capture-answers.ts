import type { ExchangeMarket, RecognisedAnswer } from '@cryptoflow/model'
import type { AnswerPlace, CaptureConnection, CaptureSession } from './capture-sessions.ts'

/**
 * Whose answer it is: by its address or body, else the one symbol that its session speaks of. A book restarts
 * the stream of its symbol that was heard, else the one that a collector would take. Null when nothing tells the
 * symbol, or there is no such stream.
 */
export function placeOf(
  sessions: Iterable<CaptureSession>,
  own: CaptureSession,
  market: ExchangeMarket,
  { stream, symbol: named }: RecognisedAnswer,
): AnswerPlace | null {
  const symbol = named ?? onlySymbol(own.connections.get(market))
  if (symbol === null) return null
  if (stream !== 'book') return { market, symbol, stream, isAwaited: false }
  const books = market.streams.filter(({ book }) => book !== null)
  const heard = carriers(sessions, market).flatMap((connection) =>
    books.filter(({ name }) => connection.streams.has(`${symbol}\0${name}`)),
  )
  const usual = Object.values(market.collectors).flat()
  const spec = heard[0] ?? books.find(({ name }) => usual.includes(name)) ?? books[0]
  return spec === undefined
    ? null
    : { market, symbol, stream: spec.name, isAwaited: spec.book?.origin === 'rest' }
}

/** Connections of all sessions that speak to the market, in order of first sight. */
export function carriers(sessions: Iterable<CaptureSession>, market: ExchangeMarket): CaptureConnection[] {
  return [...sessions].flatMap(({ connections }) => connections.get(market) ?? [])
}

function onlySymbol(connection: CaptureConnection | undefined): string | null {
  const symbols = new Set([...(connection?.streams.values() ?? [])].map(({ symbol }) => symbol))
  symbols.delete('')
  return symbols.size === 1 ? ([...symbols][0] as string) : null
}
