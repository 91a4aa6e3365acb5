import {
  type ConnectNote,
  decodeAnswerPayload,
  decodeNote,
  type JournalRecord,
  RecordKind,
} from '@cryptoflow/model'
import { afterAll, describe, expect, it } from 'vitest'
import { type CaptureFile, LINES_LISTED_MAX, openCapture } from './capture.ts'
import { captureFolder, recordsOf, toyMarkets } from './capture-support.ts'

const folder = captureFolder()
afterAll(folder.remove)
const markets = toyMarkets()

const line = (conn: string, message: object, more: object = {}): object => ({
  exchange: 'toy',
  market: 'mixed',
  transport: 'ws',
  conn,
  recv_ts_us: 1_700_000_000_000_000,
  url: null,
  raw: JSON.stringify(message),
  ...more,
})
const rest = (conn: string, message: object, more: object = {}): object =>
  line(conn, message, { transport: 'rest', ...more })

let written = 0
function write(lines: readonly object[]): string {
  written += 1
  return folder.write(`${written}.jsonl`, lines)
}

/** What became of every line, in short. */
async function verdicts(lines: readonly object[]): Promise<unknown[]> {
  const file = await openCapture(write(lines), markets)
  return (file.lines ?? []).map((verdict) => (verdict.kind === 'decoded' ? verdict.rows : verdict.reason))
}

/** Frames and answers by market, and what they say. */
async function heard(lines: readonly object[]): Promise<string[]> {
  const records = await recordsOf(write(lines), { markets })
  const opened = new Map<number, string>()
  return records.flatMap((record) => said(record, opened) ?? [])
}

function said(
  { kind, number, connection, payload }: JournalRecord,
  opened: Map<number, string>,
): string | null {
  if (kind === RecordKind.connect) opened.set(number, decodeNote<ConnectNote>(payload).market)
  if (kind === RecordKind.frame) return `${opened.get(connection)} ${Buffer.from(payload)}`
  if (kind !== RecordKind.answer) return null
  const { context, body } = decodeAnswerPayload(payload)
  return `${context.market} ${context.stream} ${context.symbol} ${context.resync} ${Buffer.from(body)}`
}

function sum(file: CaptureFile): number {
  const { decodedMessages, ignored, refused, deadLetters } = file.tally
  const counts = [ignored, refused, deadLetters].flatMap((some) => Object.values(some))
  return counts.reduce((total, count) => total + count, decodedMessages)
}

describe('a line of an exchange with several markets', () => {
  it('goes to the market that its recorder names, by any of the exchange’s names', async () => {
    const lines = [
      line('a', { trades: ['A'] }, { market: 'spot' }),
      line('a', { trades: ['A-USD'] }, { exchange: 'toy_futures', market: 'inverse_swap' }),
    ]
    expect(await heard(lines)).toEqual(['spot {"trades":["A"]}', 'inverse {"trades":["A-USD"]}'])
  })

  it('goes to the market that takes it when the one named says that it is another’s', async () => {
    expect(await heard([line('a', { trades: ['A-USDT'] }, { market: 'spot' })])).toEqual([
      'linear {"trades":["A-USDT"]}',
    ])
  })

  it.each(['mixed', 'swap', 'option', 'whatever'])(
    'asks every market when the word is %s',
    async (market) => {
      const lines = [line('a', { trades: ['A'] }, { market }), line('a', { trades: ['A-USD'] }, { market })]
      expect(await heard(lines)).toEqual(['spot {"trades":["A"]}', 'inverse {"trades":["A-USD"]}'])
    },
  )

  it('is a contract when the word says so and spot could read it as well', async () => {
    const lines = [line('a', { trades: ['BOTH-USDT'] }, { market: 'derivatives' })]
    expect(await heard(lines)).toEqual(['linear {"trades":["BOTH-USDT"]}'])
    expect(await verdicts([line('a', { trades: ['BOTH-USDT'] })])).toEqual(['ambiguous_market'])
    expect(await heard([line('a', { trades: ['A'] }, { market: 'derivatives' })])).toEqual([
      'spot {"trades":["A"]}',
    ])
  })

  it('is a frame of every market that finds its own in it, and one message', async () => {
    const lines = [line('a', { trades: ['A-USD', 'A-USDT', 'B-USD'] })]
    const file = await openCapture(write(lines), markets)
    expect(file.tally).toMatchObject({ decodedMessages: 1, decoded: { ticks: { messages: 1, rows: 3 } } })
    expect(await heard(lines)).toEqual([
      'linear {"trades":["A-USD","A-USDT","B-USD"]}',
      'inverse {"trades":["A-USD","A-USDT","B-USD"]}',
    ])
  })

  it('is the market’s whose socket its address is, whatever else could read it', async () => {
    const url = 'wss://toy.example/inverse'
    expect(await heard([line('a', { trades: ['BOTH'] }, { url })])).toEqual(['inverse {"trades":["BOTH"]}'])
    expect(await verdicts([line('a', { trades: ['A'] }, { url })])).toEqual(['other_market'])
    const named = line('a', { trades: ['BOTH'] }, { url, market: 'linear' })
    expect(await heard([named])).toEqual(['linear {"trades":["BOTH"]}'])
  })

  it('is refused where two markets would store the same symbol', async () => {
    expect(await verdicts([line('a', { trades: ['BOTH'] }), rest('b', { list: ['BOTH'] })])).toEqual([
      'ambiguous_market',
      'ambiguous_market',
    ])
  })

  it('is refused by reason when nobody keeps it, and of an exchange that nobody knows', async () => {
    const lines = [line('a', { option: 1 }), line('b', { trades: ['A'] }, { exchange: 'toy_us' })]
    expect(await verdicts(lines)).toEqual(['out_of_scope', 'out_of_scope'])
    expect(await heard(lines)).toEqual([])
  })

  it('is a dead letter of the market that is asked first when nobody knows it', async () => {
    const lines = [line('a', { trades: ['A-USD'] }), line('a', { what: 1 })]
    const file = await openCapture(write(lines), markets)
    expect(file.tally.deadLetters).toEqual({ unknown_message: 1 })
    expect(await heard(lines)).toEqual(['inverse {"trades":["A-USD"]}', 'spot {"what":1}'])
  })

  it('stands beside the data of its socket when it has no event', async () => {
    const lines = [line('a', { ack: 1 }), line('a', { trades: ['A-USD'] }), line('b', { ack: 1 })]
    expect(await heard(lines)).toEqual([
      'inverse {"ack":1}',
      'inverse {"trades":["A-USD"]}',
      'spot {"ack":1}',
    ])
    expect(await verdicts(lines)).toEqual(['ack', { ticks: 1 }, 'ack'])
  })

  it('is a frame of all markets of its socket where frames are counted', async () => {
    const lines = [
      line('a', { beat: 1, n: 0 }),
      line('a', { trades: ['A-USD'], n: 1 }),
      line('a', { trades: ['A-USDT'], n: 2 }),
    ]
    expect((await heard(lines)).map((text) => text.replace(/[^a-z0-9]/gi, ''))).toEqual([
      'inversebeat1n0',
      'linearbeat1n0',
      'inversetradesAUSDn1',
      'lineartradesAUSDn1',
      'inversetradesAUSDTn2',
      'lineartradesAUSDTn2',
    ])
    const file = await openCapture(write(lines), markets)
    expect(file.tally.decoded).toEqual({ ticks: { messages: 2, rows: 2 } })
  })
})

describe('a recorded answer', () => {
  it('is one of every market that it lists something of, and one message', async () => {
    const lines = [rest('r', { list: ['A', 'A-USD', 'B-USD'] })]
    expect(await verdicts(lines)).toEqual([{ instruments: 3 }])
    expect(await heard(lines)).toEqual([
      'spot list  0 {"list":["A","A-USD","B-USD"]}',
      'inverse list  0 {"list":["A","A-USD","B-USD"]}',
    ])
  })

  it('is known by its content when it is marked as a frame, unless its address is a socket’s', async () => {
    const lines = [line('a', { list: ['A'] }), line('b', { list: ['A'] }, { url: 'wss://toy.example/all' })]
    expect(await verdicts(lines)).toEqual([{ instruments: 1 }, 'unknown_message'])
  })

  it('takes the one symbol of its socket, and waits for no resync where books begin in their streams', async () => {
    const lines = [line('a', { book: 'A-USDT' }), rest('a', { depth: 1 }, { market: 'linear' })]
    expect(await heard(lines)).toEqual(['linear {"book":"A-USDT"}', 'linear book A-USDT 0 {"depth":1}'])
    const unnamed = [line('a', { book: 'A-USDT' }), rest('a', { depth: 1 })]
    expect(await heard(unnamed)).toEqual(['linear {"book":"A-USDT"}', 'linear book A-USDT 0 {"depth":1}'])
    const both = { book: 'BOTH' }
    const named = [line('a', both, { market: 'spot' }), line('a', both, { market: 'linear' })]
    expect((await verdicts([...named, rest('a', { depth: 1 })])).at(-1)).toBe('ambiguous_market')
    expect(await verdicts([rest('b', { depth: 1 }, { market: 'linear' })])).toEqual(['no_symbol'])
  })

  it('is refused when no market reads it', async () => {
    const lines = [rest('a', { what: 1 }), rest('a', { option: 1 }), line('a', { poll: 1 })]
    expect(await verdicts(lines)).toEqual(['unsupported_endpoint', 'out_of_scope', 'unsupported_endpoint'])
  })
})

describe('a protocol that the exchange has given up', () => {
  it('takes its whole socket with it, but for what the recorder made', async () => {
    const lines = [
      line('a', { ack: 1 }),
      line('a', { trades: ['A'] }),
      line('a', { generated: true }),
      line('a', { old: 1 }),
      line('b', { trades: ['A'] }),
    ]
    const obsolete = 'obsolete_protocol'
    expect(await verdicts(lines)).toEqual([obsolete, obsolete, 'generated', obsolete, { ticks: 1 }])
    expect(await heard(lines)).toEqual(['spot {"trades":["A"]}'])
    const file = await openCapture(write(lines), markets)
    expect(file.tally).toMatchObject({
      decodedMessages: 1,
      ignored: {},
      refused: { obsolete_protocol: 3, generated: 1 },
    })
  })

  it('takes the answers that were kept beside nothing but its sockets', async () => {
    const lines = [rest('r', { list: ['A'] }), rest('v', { v1: 1 }), line('a', { old: 1 })]
    expect(await verdicts(lines)).toEqual(Array(3).fill('obsolete_protocol'))
    const both = [rest('r', { list: ['A'] }), line('a', { old: 1 }), line('b', { beat: 1 })]
    expect(await verdicts(both)).toEqual([{ instruments: 1 }, 'obsolete_protocol', 'heartbeat'])
    const apart = [rest('r', { list: ['A'] }), line('a', { old: 1 }, { exchange: 'toy_futures' })]
    expect(await verdicts(apart)).toEqual([{ instruments: 1 }, 'obsolete_protocol'])
  })
})

describe('the sum of a capture', () => {
  it('counts every message once, and lists them one by one only where they are few', async () => {
    const kinds = [{ trades: ['A-USD', 'A-USDT'] }, { ack: 1 }, { option: 1 }, { what: 1 }]
    const lines = Array.from({ length: LINES_LISTED_MAX + 1 }, (_, i) => line('a', kinds[i % 4] ?? {}))
    const long = await openCapture(write(lines), markets)
    expect([long.messages, sum(long), long.lines]).toEqual([LINES_LISTED_MAX + 1, LINES_LISTED_MAX + 1, null])
    const short = await openCapture(write(lines.slice(1)), markets)
    expect([short.messages, sum(short), short.lines?.length]).toEqual(Array(3).fill(LINES_LISTED_MAX))
  })
})
