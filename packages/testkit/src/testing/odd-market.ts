import type { BookChecksum, DecodeOutcome, ExchangeMarket, StreamSpec, TopSide } from '@cryptoflow/model'
import { attempt, type Fields, isFields, parse } from './fake-decode.ts'
import { limit } from './fake-market.ts'
import { appendBook, appendInstrument, appendTrades, type OddTask, placeIn } from './odd-decode.ts'
import type { OddFlaw } from './odd-flaw.ts'

const NO_JSON: DecodeOutcome = { kind: 'malformed', reason: 'malformed', detail: 'no JSON' }
const UNKNOWN: DecodeOutcome = { kind: 'unknown', reason: 'unknown_message', detail: 'no known message' }

const common = {
  scope: 'symbol',
  route: 'main',
  within: null,
  follows: null,
  idWindow: 0,
  book: null,
  poll: null,
} as const

/**
 * A market of nobody's that does what the fake one does not: it counts frames, its book begins in the stream and has a
 * checksum, one stream comes within another, and the form of a symbol says which market it is of.
 */
export function oddMarket(...given: readonly OddFlaw[]): ExchangeMarket {
  const flaws = new Set(given)
  return {
    exchange: 'odd',
    market: 'spot',
    aliases: ['odd_pro'],
    decoderVersion: 'odd-json/1',
    quantityUnit: 'base',
    session: oddSession,
    streams: oddStreams(flaws),
    collectors: {
      ticks: ['trades'],
      spot_delta: ['book'],
      liquidations: ['trades/forced'],
      instruments: ['list'],
    },
    decodeFrame: (bytes, out) => decodeFrame({ flaws, out }, bytes),
    decodeAnswer: (_context, body, out) => decodeAnswer({ flaws, out }, body),
    recognise: () => null,
    hears: (url, frame) => hears(flaws, url, frame),
    symbolMeant: () => null,
  }
}

const oddSession: ExchangeMarket['session'] = {
  routes: { main: 'wss://odd.invalid/stream' },
  restUrl: 'https://odd.invalid',
  restPool: 'odd',
  streamsPerConnectionMax: limit(100),
  messagesPerSecondMax: limit(5),
  subscribesPerHourMax: limit(480),
  subscribeFrameBytesMax: limit(400),
  streamsPerFrameMax: limit(10),
  connectsPerFiveMinutesMax: limit(300),
  connectionLifeMs: null,
  serverPingMs: null,
  clientPing: { everyMs: limit(20_000), frame: 'ping' },
  openingFrames: { main: ['{"hello":true}', 'version 2'] },
  confirms: 'stream',
  restWeightPerMinute: limit(1_000),
  usedWeightHeader: null,
  restBan: { statuses: [403], ms: limit(600_000) },
  streamName: (stream, symbol) => (stream.startsWith('trades') ? `trades:${symbol}` : `${stream}:${symbol}`),
  subscribeGroup: (name) => name.split(':')[0] as string,
  subscribeFrame: (names) => JSON.stringify({ sub: names }),
  unsubscribeFrame: (names) => JSON.stringify({ unsub: names }),
  snapshotRequest: null,
}

function oddStreams(flaws: ReadonlySet<OddFlaw>): readonly StreamSpec[] {
  const checksum = sumRule(flaws)
  const list = { everyMs: 3_600_000, request: () => ({ path: '/list', weight: 1 }) }
  return [
    { ...common, name: 'trades', table: 'ticks', idWindow: 64 },
    { ...common, name: 'trades/forced', table: 'liquidations', within: 'trades', idWindow: 64 },
    {
      ...common,
      name: 'book',
      table: 'spot_delta',
      book: { origin: 'stream', follows: null, depths: [2, 10], checksum },
    },
    { ...common, name: 'list', table: 'instruments', scope: 'market', route: null, poll: list },
  ]
}

/** The digits of the two best levels of each side, each weighed by where it stands. */
function sumRule(flaws: ReadonlySet<OddFlaw>): BookChecksum {
  const depth = 2
  const covered = flaws.has('sums too few levels') ? 1 : flaws.has('sums levels behind') ? 3 : depth
  let remembered = 0
  const sumOf = (side: TopSide, weight: number): number => {
    if (side.count === 0 && flaws.has('cannot sum thin books')) throw new Error('no level')
    let sum = 0
    for (let row = 0; row < Math.min(side.count, covered); row++) {
      sum = sum * 31 + Number(side.price.mantissa(row)) * weight
      if (!flaws.has('forgets quantities')) sum += Number(side.quantity.mantissa(row)) * (weight + 7)
    }
    return sum
  }
  return {
    depth,
    of: ({ bids, asks }) => {
      const sum = sumOf(bids, 3) + sumOf(asks, 1_009) + remembered
      if (flaws.has('remembers a checksum')) remembered += 1
      return sum
    },
  }
}

function decodeFrame(task: OddTask, bytes: Uint8Array): DecodeOutcome {
  const { flaws, out } = task
  if (!flaws.has('forgets the place of what it refuses')) out.connectionSeq = Number.NaN
  if (new TextDecoder().decode(bytes) === 'pong') return { kind: 'heartbeat' }
  const fields = parse(bytes, new Set())
  if (!isFields(fields)) return NO_JSON
  const counted = attempt({ flaws: new Set(), out }, () => {
    out.connectionSeq = placeIn(task, fields) + (flaws.has('swaps the places of frames') ? 1 : 0)
  })
  if (counted.kind !== 'events') return counted
  if (Object.hasOwn(fields, 'ok')) return confirmation(flaws, fields.ok)
  const reason = flaws.has('says that it is outside for a reason that nobody knows')
    ? 'elsewhere'
    : 'other_market'
  const outside: DecodeOutcome = { kind: 'outside', reason: reason as 'other_market' }
  if (fields.ch === 'book') {
    return isOthers(flaws, fields.sym) ? outside : tried(task, () => appendBook(task, fields))
  }
  const { list } = fields
  if (fields.ch !== 'trades' || !Array.isArray(list) || !list.every(isFields) || list.length === 0)
    return UNKNOWN
  const own = list.filter((trade: Fields) => !isOthers(flaws, trade.sym) && !isUnread(flaws, trade.sym))
  return own.length === 0 ? outside : tried(task, () => appendTrades(task, own))
}

function isUnread(flaws: ReadonlySet<OddFlaw>, symbol: unknown): boolean {
  return (
    flaws.has('leaves short names beyond ASCII out') && /^X_[\u0080-\uffff]{1,9}[A-Z]*$/.test(String(symbol))
  )
}

/** Another market's are known by how they begin, and what holds two dashes is nobody's. */
function isOthers(flaws: ReadonlySet<OddFlaw>, symbol: unknown): boolean {
  if (typeof symbol !== 'string') return false
  if (symbol.includes('--')) return true
  return symbol.startsWith('Y_') && !flaws.has('takes the names of other markets')
}

function confirmation(flaws: ReadonlySet<OddFlaw>, ok: unknown): DecodeOutcome {
  const isNames =
    Array.isArray(ok) && ok.every((name) => typeof name === 'string' && name.length < 200 && name !== '')
  if (!isNames && !flaws.has('confirms names that are none')) return UNKNOWN
  return { kind: 'ack', id: null, streams: ok as string[] }
}

/** The refusal that reading ended in takes back all that was appended. */
function tried(task: OddTask, append: () => void): DecodeOutcome {
  const { flaws, out } = task
  const kept = new Map(out.textIds)
  const outcome = attempt({ flaws: new Set(), out }, append)
  if (outcome.kind !== 'events' && flaws.has('leaves text ids behind')) {
    out.textIds.set(out.count, 'left')
    for (const [event, id] of kept) out.textIds.set(event, id)
  }
  return outcome
}

function decodeAnswer(task: OddTask, body: Uint8Array): DecodeOutcome {
  if (task.flaws.has('counts answers')) task.out.connectionSeq = 1
  const list = parse(body, new Set())
  if (!Array.isArray(list) || list.length !== 1 || !isFields(list[0])) return UNKNOWN
  const text = new TextDecoder().decode(body).trim()
  return tried(task, () => appendInstrument(task, list[0] as Fields, text.slice(1, -1).trim()))
}

let heardCount = 0

function hears(flaws: ReadonlySet<OddFlaw>, url: string | null, frame: Uint8Array): boolean | null {
  if (flaws.has('throws while hearing') && url !== null) new URL(url)
  if (flaws.has('hears only JSON')) JSON.parse(new TextDecoder().decode(frame))
  if (flaws.has('writes into what it hears')) frame[0] = 0
  if (flaws.has('hears by chance')) return ++heardCount % 2 === 0
  if (url !== null) return url.startsWith('wss://odd.invalid/')
  const text = new TextDecoder().decode(frame)
  return text.includes('"X_') ? true : null
}
