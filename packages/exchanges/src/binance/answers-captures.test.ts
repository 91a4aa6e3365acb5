import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InstrumentDetail, Market } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { capturesDirectory } from '../test-captures.ts'
import { readCaptures } from '../test-support.ts'
import { decodeBody } from './answer-test-support.ts'
import { recognise } from './answers.ts'

/** What expect.json, which another program counted, says of one file. */
interface Expected {
  readonly file: string
  readonly sessions: readonly {
    readonly conn: string
    readonly decoded: Readonly<Record<string, { readonly messages: number; readonly rows: number }>>
  }[]
  readonly records?: readonly {
    readonly exchange: string
    readonly market: Market
    readonly symbol?: string
    readonly body?: string
    readonly rows?: Readonly<Record<string, number>>
  }[]
}

interface Line {
  readonly transport: string
  readonly conn: string
  readonly url: string | null
  readonly raw: string
}

const directory = capturesDirectory
const encoder = new TextEncoder()
const markets: Readonly<Record<string, Market>> = { spot: 'spot', usdm: 'linear', coinm: 'inverse' }
/** Of the two answers with neither address nor symbol: README of the captures. */
const hints: Readonly<Record<string, string>> = { spot: 'BTCUSDT', linear: 'ETHUSDT' }

/** Rows that one recorded answer gives, by our own tables of books and of the rest. */
function rowsOf(
  market: Market,
  line: Line,
): { readonly stream: string; readonly symbol: string; readonly rows: number } {
  const recognised = recognise(market, line.url, encoder.encode(line.raw))
  expect(recognised).not.toBeNull()
  const { stream, symbol } = recognised as NonNullable<typeof recognised>
  const known = symbol ?? (hints[market] as string)
  const { outcome, batch } = decodeBody(market, stream === 'book' ? 'depth@100ms' : stream, known, line.raw)
  expect(outcome).toEqual({ kind: 'events' })
  if (stream !== 'book') return { stream, symbol: known, rows: batch.count }
  expect([batch.count, batch.names.text(batch.symbol[0] as number)]).toEqual([1, known])
  return { stream, symbol: known, rows: batch.entryCount }
}

/** The levels of a book, or the symbols of a list, counted on the raw text. */
function countedOn(raw: string): number {
  return raw.includes('"lastUpdateId"')
    ? (raw.match(/\["[^"]+","[^"]+"/g) ?? []).length
    : (raw.match(/"symbol":/g) ?? []).length
}

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write(
      'CRYPTOFLOW_CAPTURES is not set: the decoders were not run on recorded REST answers\n',
    )
    expect(directory).toBeUndefined()
  })
} else {
  const { files: expected } = JSON.parse(readFileSync(join(directory, 'expect.json'), 'utf8')) as {
    readonly files: readonly Expected[]
  }
  const expectedOf = (name: string): Expected => expected.find((file) => file.file === name) as Expected
  const read = (prefix: string): [string, Line[]][] =>
    [...readCaptures(directory, prefix)].map(([name, lines]) => [name, lines as unknown as Line[]])

  describe('recorded REST answers of Binance', () => {
    const answers = ['spot', 'usdm', 'coinm'].flatMap((wire) =>
      read(`binance-${wire}__`).map(([name, lines]) => ({
        name,
        market: markets[wire] as Market,
        lines: lines.filter((line) => line.transport === 'rest'),
      })),
    )

    it('are all there', () => {
      expect(answers.reduce((sum, { lines }) => sum + lines.length, 0)).toBe(4 + 10 + 14 + 3 + 4)
    })

    it.each(answers)('of $name give the rows that were counted independently', ({ name, market, lines }) => {
      const rows = new Map<string, number>()
      for (const line of lines) {
        const got = rowsOf(market, line)
        expect(got.rows).toBe(countedOn(line.raw))
        if (line.url !== null) rows.set(line.conn, (rows.get(line.conn) ?? 0) + got.rows)
      }
      for (const [conn, count] of rows) {
        const session = expectedOf(name).sessions.find((one) => one.conn === conn)
        expect(count).toBe(Object.values(session?.decoded ?? {})[0]?.rows)
      }
    })

    it.each(answers)('of $name hold every instrument with its own JSON', ({ market, lines }) => {
      for (const { raw } of lines.filter((line) => line.url?.endsWith('exchangeInfo'))) {
        const { batch } = decodeBody(market, 'exchangeInfo', '', raw)
        const details = [...batch.details.values()] as InstrumentDetail[]
        const open = raw.indexOf('"symbols":[') + '"symbols":['.length
        expect(raw.slice(open).startsWith(`${details.map((detail) => detail.raw).join(',')}]`)).toBe(true)
        expect(new Set(details.map((detail) => detail.instrument)).size).toBe(details.length)
        for (const detail of details) {
          const wire = JSON.parse(detail.raw) as Readonly<Record<string, string>>
          expect(detail.instrument.startsWith(`${wire.baseAsset}-${wire.quoteAsset}`)).toBe(true)
          expect(detail.type === 'future').toBe(/_\d{6}$/.test(wire.symbol as string))
          expect(detail.type === 'spot').toBe(market === 'spot')
          if (detail.type === 'future') expect(detail.instrument.slice(-6)).toBe(wire.symbol?.slice(-6))
          expect([detail.tickSize, detail.lotSize]).not.toContain(null)
        }
      }
    })
  })

  describe('recorded frames of several exchanges', () => {
    const mixed = read('mixed__').filter(([name]) => !name.includes('.expected.'))

    it.each(mixed)('%s: exactly the REST answers are recognised', (name, lines) => {
      const { records } = expectedOf(name)
      lines.forEach((line, i) => {
        const record = records?.[i]
        const isOurs = record?.exchange === 'binance' && (line.transport === 'rest' || record.body === 'rest')
        if (record !== undefined && isOurs) {
          const got = rowsOf(record.market, line)
          expect([got.symbol, got.rows]).toEqual([record.symbol, Object.values(record.rows ?? {})[0]])
          return
        }
        for (const market of Object.values(markets)) {
          expect(recognise(market, line.url, encoder.encode(line.raw))).toBeNull()
        }
      })
    })
  })
}
