import {
  type BookChecksum,
  type BookTop,
  DecimalColumn,
  type ExchangeMarket,
  parseDecimal,
  type TopSide,
} from '@cryptoflow/model'
import type { ChecksumCase, ConformanceCases } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'
import { isStreamChecksum } from './plain-events.ts'

type Level = readonly [price: string, quantity: string]
type Book = Omit<ChecksumCase, 'stream' | 'is'>

/**
 * A book's checksum is that of the documents; every digit of the levels that it covers counts, no level behind them
 * does; and the rule remembers nothing and takes thin books.
 */
export function checkChecksums(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('checksums')
  const given = cases.checksums ?? []
  for (const stream of market.streams) {
    const rule = stream.book?.origin === 'stream' ? stream.book.checksum : null
    const own = given.filter((known) => known.stream === stream.name)
    if (rule === null && own.length > 0) findings.add(`${stream.name} has no checksum, but a case for it`)
    if (rule === null) continue
    if (own.length === 0) findings.add(`no case shows a checksum of ${stream.name}`)
    for (const known of own) checkKnown(stream.name, rule, known, findings)
  }
  for (const { stream } of given) {
    if (!market.streams.some((spec) => spec.name === stream && isStreamChecksum(spec)))
      findings.add(`a checksum is given for ${stream}, which has none`)
  }
  return findings.list()
}

function checkKnown(stream: string, rule: BookChecksum, known: ChecksumCase, findings: Findings): void {
  const found = checksumOf(rule, known)
  if (found !== known.is) findings.add(`the checksum of ${stream} is ${found} instead of ${known.is}`)
  for (const side of ['bids', 'asks'] as const) {
    for (const at of known[side].keys()) checkLevel(stream, rule, known, side, at, findings)
    const thin = checksumOf(rule, { ...known, [side]: [] })
    if (typeof thin === 'string') findings.add(`the checksum of ${stream} without ${side} ${thin}`)
  }
  const deeper = checksumOf(rule, {
    ...known,
    bids: deepened(known.bids, rule),
    asks: deepened(known.asks, rule),
  })
  const isFull = known.bids.length >= rule.depth && known.asks.length >= rule.depth
  if (isFull && deeper !== known.is)
    findings.add(`the checksum of ${stream} hangs on levels behind the first ${rule.depth}`)
  const again = checksumOf(rule, known)
  if (again !== found) findings.add(`the checksum of ${stream} is ${found}, then ${again}`)
}

/** One more unit in the last digit of a price or a quantity must change the checksum. */
function checkLevel(
  stream: string,
  rule: BookChecksum,
  known: ChecksumCase,
  side: 'bids' | 'asks',
  at: number,
  findings: Findings,
): void {
  if (at >= rule.depth) return
  for (const place of [0, 1] as const) {
    const levels = known[side].map((level, i): Level => (i === at ? changedLevel(level, place) : level))
    if (checksumOf(rule, { ...known, [side]: levels }) === known.is) {
      const what = place === 0 ? 'price' : 'quantity'
      findings.add(`the checksum of ${stream} does not hang on the ${what} of level ${at} of its ${side}`)
    }
  }
}

function changedLevel([price, quantity]: Level, place: 0 | 1): Level {
  const other = (text: string): string => `${text.slice(0, -1)}${text.endsWith('1') ? 2 : 1}`
  return place === 0 ? [other(price), quantity] : [price, other(quantity)]
}

/** The side with levels behind those that count. */
function deepened(levels: readonly Level[], { depth }: BookChecksum): readonly Level[] {
  return [...levels.slice(0, depth), ['7', '7'], ['8', '8']]
}

/** What the rule makes of a book; what it threw or answered instead, as text. */
function checksumOf(rule: BookChecksum, book: Book): number | string {
  try {
    const found = rule.of(topOf(book))
    return Number.isInteger(found) ? found : `is ${found}`
  } catch (error) {
    return `throws ${String(error).slice(0, 200)}`
  }
}

function topOf({ bids, asks, digits }: Book): BookTop {
  return {
    bids: sideOf(bids),
    asks: sideOf(asks),
    priceScale: digits?.price ?? -1,
    quantityScale: digits?.quantity ?? -1,
  }
}

/** Of levels that no book has: they stand behind `count` and are nobody's. */
const BEHIND: Level = ['99999.99999', '99999.99999']

function sideOf(levels: readonly Level[]): TopSide {
  const price = new DecimalColumn()
  const quantity = new DecimalColumn()
  const rows = [...levels, BEHIND, BEHIND]
  price.reserve(rows.length)
  quantity.reserve(rows.length)
  for (const [row, texts] of rows.entries()) {
    setRow(price, row, texts[0])
    setRow(quantity, row, texts[1])
  }
  return { count: levels.length, price, quantity }
}

function setRow(column: DecimalColumn, row: number, text: string): void {
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range') throw new Error(`bug in the cases: ${text} is no decimal`)
  column.set(row, decimal.mantissa, decimal.scale)
}
