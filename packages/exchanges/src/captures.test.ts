import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AnswerContext, type DecodeOutcome, EventBatch, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { decodeAnswerExact, decodeAnswerFast, decodeExact, decodeFast } from './binance/frame.ts'
import { binanceSpot } from './index.ts'
import { type CaptureLine, type PlainEvent, plainEvents, readCaptures } from './test-support.ts'

/** What expect.json, which another program counted, says of one file. */
interface Expected {
  readonly file: string
  readonly decoded: Readonly<Record<string, { readonly messages: number; readonly rows: number }>>
}

const directory = process.env.CRYPTOFLOW_CAPTURES
const market = binanceSpot()
const encoder = new TextEncoder()

if (directory === undefined) {
  it('reads no captures here', () => {
    process.stdout.write('CRYPTOFLOW_CAPTURES is not set: the decoders were not run on real captures\n')
    expect(directory).toBeUndefined()
  })
} else {
  describe('real captures of Binance spot', () => {
    const files = [...readCaptures(directory, 'binance-spot__')].filter(([name]) => !name.includes('__sbe-'))
    const { files: expected } = JSON.parse(readFileSync(join(directory, 'expect.json'), 'utf8')) as {
      readonly files: readonly Expected[]
    }

    it('are there', () => expect(files.length).toBe(4))

    it.each(files)('%s gives the rows that were counted independently', (name, lines) => {
      const counts = countRows(lines)
      const wanted = (expected.find((file) => file.file === name) as Expected).decoded
      const aggregates = lines.filter((line) => line.raw.includes('@aggTrade"')).length
      const instruments = wanted.instruments?.messages ?? 0
      // Aggregates and instruments are not stored yet; what they would give is ignored by name.
      expect(counts.ticks).toBe((wanted.ticks?.rows ?? 0) - aggregates)
      expect(counts.spotDelta).toBe(wanted.spot_delta?.rows ?? 0)
      expect(counts.quotes).toBe(wanted.bbo?.messages ?? 0)
      expect(counts.ignored.get('agg_trade') ?? 0).toBe(aggregates)
      expect(counts.ignored.get('exchange_info') ?? 0).toBe(instruments)
      expect(counts.others).toBe(0)
    })

    it.each(files)('%s is read by the fast path, and by both paths alike', (_name, lines) => {
      const names = new StringTable()
      const fast = new EventBatch(names)
      const exact = new EventBatch(names)
      let fastFrames = 0
      let eventFrames = 0
      for (const line of lines) {
        fast.clear()
        exact.clear()
        const bytes = encoder.encode(line.raw)
        const isFast = isAnswer(line) ? answerFast(bytes, fast) : decodeFast(bytes, fast)
        const outcome = isAnswer(line) ? answerExact(bytes, exact) : decodeExact(bytes, exact)
        if (outcome.kind === 'events') eventFrames += 1
        if (!isFast) continue
        fastFrames += 1
        if (!isSame(fast, exact)) expect(plainEvents(fast)).toEqual(plainEvents(exact))
      }
      expect(fastFrames / eventFrames).toBeGreaterThanOrEqual(0.995)
    })

    it.each(files)('%s keeps every number digit by digit', (_name, lines) => {
      const batch = new EventBatch(new StringTable())
      for (const line of lines) {
        batch.clear()
        if (decode(line, batch).kind !== 'events') continue
        const onWire = (line.raw.match(/"[0-9.]+"/g) ?? []).map((text) => text.slice(1, -1))
        const [event] = plainEvents(batch) as [PlainEvent]
        const stored = event.entries.flatMap(([, price, quantity]) => [price, quantity])
        if (stored.join() !== onWire.join()) expect(stored).toEqual(onWire)
      }
    })
  })
}

function countRows(lines: readonly CaptureLine[]): {
  ticks: number
  spotDelta: number
  quotes: number
  ignored: Map<string, number>
  others: number
} {
  const counts = { ticks: 0, spotDelta: 0, quotes: 0, ignored: new Map<string, number>(), others: 0 }
  const batch = new EventBatch(new StringTable())
  for (const line of lines) {
    batch.clear()
    const outcome = decode(line, batch)
    if (outcome.kind === 'ignored') {
      counts.ignored.set(outcome.reason, (counts.ignored.get(outcome.reason) ?? 0) + 1)
    } else if (outcome.kind !== 'events') counts.others += 1
    else {
      const stream = batch.names.text(batch.stream[0] as number)
      if (stream === 'trade') counts.ticks += batch.entryCount
      else if (stream === 'depth@100ms') counts.spotDelta += batch.entryCount
      else if (stream === 'bookTicker') counts.quotes += 1
    }
  }
  return counts
}

/** REST bodies name no stream; one of them has no address either. */
function isAnswer(line: CaptureLine): boolean {
  return line.transport === 'rest'
}

function decode(line: CaptureLine, out: EventBatch): DecodeOutcome {
  const bytes = encoder.encode(line.raw)
  return isAnswer(line) ? market.decodeAnswer(contextOf(line), bytes, out) : market.decodeFrame(bytes, out)
}

function contextOf(line: CaptureLine): AnswerContext {
  const symbol = line.url === null ? null : new URL(line.url).searchParams.get('symbol')
  return {
    exchange: market.exchange,
    market: market.market,
    symbol: symbol ?? 'BTCUSDT',
    stream: 'depth@100ms',
    resync: 1,
    status: 200,
  }
}

function answerFast(body: Uint8Array, out: EventBatch): boolean {
  return decodeAnswerFast(body, out.names.idOf('depth@100ms'), out.names.idOf('BTCUSDT'), out)
}

function answerExact(body: Uint8Array, out: EventBatch): DecodeOutcome {
  return decodeAnswerExact(body, out.names.idOf('depth@100ms'), out.names.idOf('BTCUSDT'), out)
}

function isSame(a: EventBatch, b: EventBatch): boolean {
  return JSON.stringify(plainEvents(a)) === JSON.stringify(plainEvents(b))
}
