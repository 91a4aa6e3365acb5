import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { exchangeMarkets, openCapture } from '@cryptoflow/pipeline'
import { describe, expect, it } from 'vitest'
import { areHere, captureLines, expectations, folder, isKnown, unknownExchanges } from './captures.ts'
import { type PlainItem, plainItems } from './oracle.ts'

/** Frames that another library's own tests read, and what it makes of them. */
const FRAMES = 'mixed__tardis-node-mapper-tests__first-halves.jsonl.zst'
const EXPECTED = FRAMES.replace('.jsonl', '.expected.jsonl')

interface Expectation {
  readonly conn: string
  /** Index among the messages of its connection. */
  readonly i: number
  readonly mapper_exchange: string
  readonly expected: readonly PlainItem[]
}

/** One thing that the library and we say differently. */
interface Difference {
  /** Connection and index of the message. */
  readonly name: string
  readonly mapper: string
  readonly type: PlainItem['type']
  /** `item`: theirs has no counterpart; `more`: ours has none. */
  readonly field: string
  readonly theirs: unknown
  readonly ours: unknown
  readonly items: { readonly theirs?: PlainItem; readonly ours?: PlainItem }
}

/** Differences that we mean, each with its reason. A listed one that no longer occurs is a failure too. */
interface Accepted {
  readonly reason: string
  readonly mapper?: RegExp
  readonly type?: PlainItem['type']
  readonly field: RegExp
  readonly when?: (difference: Difference) => boolean
}

const accepted: readonly Accepted[] = [
  {
    reason: 'the message has no time: the library writes its own received time, we write none',
    field: /^timestamp$/,
    when: ({ ours, theirs, items }) => ours === null && theirs === items.theirs?.localTimestamp,
  },
  {
    reason:
      'the library writes when a book change was sent, we when the matching engine made it, where both are told',
    mapper: /^binance-/,
    type: 'book_change',
    field: /^timestamp$/,
    when: ({ theirs, items }) => isEqual(theirs, items.ours?.sentTimestamp),
  },
  {
    reason: 'aggregates are trades here; the library leaves them to the stream of single trades',
    mapper: /^binance-futures$/,
    type: 'trade',
    field: /^more$/,
    when: ({ items }) => items.ours?.id === undefined,
  },
  {
    reason: 'every book change is stored; the library drops what comes before a snapshot',
    mapper: /^binance-futures$/,
    type: 'book_change',
    field: /^more$/,
  },
  {
    reason: 'the last price of a ticker is not stored: trades are',
    type: 'derivative_ticker',
    field: /^lastPrice$/,
    when: ({ ours }) => ours === null,
  },
  {
    reason: 'the best bid and offer of a general ticker is not stored as the exchange’s own',
    mapper: /^cryptofacilities$/,
    type: 'book_ticker',
    field: /^item$/,
  },
  {
    reason:
      'funding rates are fractions of notional: of the two in old messages the library took the absolute one',
    mapper: /^cryptofacilities$/,
    type: 'derivative_ticker',
    field: /^(predictedF|f)undingRate$/,
  },
  {
    reason: 'a trade of 2019 without an id of its own is known by its sequence',
    mapper: /^cryptofacilities$/,
    type: 'trade',
    field: /^id$/,
    when: ({ theirs }) => theirs === null,
  },
  {
    reason: 'a time in the year 1 is no time: the library repeats that of the message before, we write none',
    mapper: /^coinbase$/,
    type: 'book_change',
    field: /^timestamp$/,
    when: ({ ours, name }) => ours === null && name.endsWith(' 4'),
  },
  {
    reason: 'old trades sent on subscribing are trades; the library drops them',
    mapper: /^kraken$/,
    type: 'trade',
    field: /^more$/,
  },
  {
    reason: 'nothing is carried over from earlier messages: what a change does not say is absent',
    mapper: /^(bybit|okex)/,
    field: /^(ask|bid)(Price|Amount)$|^(mark|index)Price$|^funding(Rate|Timestamp)$/,
    when: ({ ours }) => ours === null,
  },
  {
    reason: 'an open interest has its own time: the library repeats that of the mark price, told later',
    mapper: /^okex-futures$/,
    type: 'derivative_ticker',
    field: /^timestamp$/,
    when: ({ items }) => items.ours?.openInterest !== undefined && items.ours.markPrice === undefined,
  },
]

/** One message with what both make of it. */
interface Compared {
  readonly name: string
  readonly mapper: string
  readonly theirs: readonly PlainItem[]
  readonly ours: readonly PlainItem[]
}

describe.runIf(areHere)('events that another library made of the same frames', () => {
  it('are ours, field by field, but for what is listed', async () => {
    const all = await comparisons()
    const differences = all.flatMap(differencesOf)
    const unlisted = differences.filter((difference) => !accepted.some((one) => covers(one, difference)))
    expect(unlisted).toEqual([])
    expect(all.filter(({ ours }) => ours.length > 0).length).toBe(all.length)
    if (expectations().some((file) => unknownExchanges(file).length > 0)) return
    expect(all.length).toBe(51)
    const unused = accepted.filter((one) => !differences.some((difference) => covers(one, difference)))
    expect(unused.map(({ reason }) => reason)).toEqual([])
  })
})

async function comparisons(): Promise<Compared[]> {
  const { fates, lines } = await openCapture(join(folder, FRAMES), exchangeMarkets)
  const records = expectations().find(({ file }) => file === FRAMES)?.records ?? []
  const expected = new Map(readExpected().map((one) => [`${one.conn} ${one.i}`, one]))
  const counts = new Map<string, number>()
  return captureLines(FRAMES).flatMap(({ conn, raw }, at) => {
    const i = counts.get(conn) ?? 0
    counts.set(conn, i + 1)
    const theirs = expected.get(`${conn} ${i}`)
    if (theirs === undefined || !isKnown(records[at]?.exchange)) return []
    if (lines?.[at]?.kind !== 'decoded') return []
    const markets = fates[at]?.frames.map(({ market }) => market) ?? []
    const ours = markets.flatMap((market) => plainItems(market, Buffer.from(raw)))
    return [{ name: `${conn} ${i}`, mapper: theirs.mapper_exchange, theirs: theirs.expected, ours }]
  })
}

function readExpected(): readonly Expectation[] {
  const text = zstdDecompressSync(readFileSync(join(folder, EXPECTED))).toString('utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Expectation)
}

function differencesOf({ name, mapper, theirs, ours }: Compared): Difference[] {
  const left = [...ours]
  const found: Difference[] = []
  for (const item of theirs) {
    const at = left.findIndex((own) => isSame(item, own))
    const own = at < 0 ? undefined : left.splice(at, 1)[0]
    const about = { name, mapper, type: item.type }
    if (own === undefined)
      found.push({ ...about, field: 'item', theirs: item, ours, items: { theirs: item } })
    else found.push(...fieldsOf(item, own).map((pair) => ({ ...about, ...pair })))
  }
  for (const own of left) {
    found.push({ name, mapper, type: own.type, field: 'more', theirs: null, ours: own, items: { ours: own } })
  }
  return found
}

/** Items are paired by what they are about; of several trades, by their ids. */
function isSame(theirs: PlainItem, ours: PlainItem): boolean {
  const isId = theirs.id === undefined || theirs.id === ours.id
  return theirs.type === ours.type && theirs.symbol === ours.symbol && isId
}

function fieldsOf(
  theirs: PlainItem,
  ours: PlainItem,
): Pick<Difference, 'field' | 'theirs' | 'ours' | 'items'>[] {
  const fields = new Set([...Object.keys(theirs), ...Object.keys(ours)])
  for (const field of ['exchange', 'localTimestamp', 'sentTimestamp']) fields.delete(field)
  return [...fields].flatMap((field) => {
    const pair = { theirs: theirs[field] ?? null, ours: ours[field] ?? null }
    return isEqual(pair.theirs, pair.ours) ? [] : [{ field, ...pair, items: { theirs, ours } }]
  })
}

/** Their times have three digits of the second or six, ours six. */
function isEqual(theirs: unknown, ours: unknown): boolean {
  const isTime = typeof theirs === 'string' && /^\d{4}-\d\d-\d\dT/.test(theirs)
  if (!isTime || typeof ours !== 'string') return JSON.stringify(theirs) === JSON.stringify(ours)
  return ours.replace('Z', '').startsWith(theirs.replace('Z', ''))
}

function covers({ mapper, type, field, when }: Accepted, difference: Difference): boolean {
  const isAbout = (mapper?.test(difference.mapper) ?? true) && (type ?? difference.type) === difference.type
  return isAbout && field.test(difference.field) && (when?.(difference) ?? true)
}
