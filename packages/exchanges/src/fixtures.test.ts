import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventBatch, StringTable } from '@cryptoflow/model'
import { plainEvents } from '@cryptoflow/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exchangeMarkets } from './index.ts'

const encoder = new TextEncoder()

function readLines(path: string): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n')
}

function broken(frame: Uint8Array, changes: readonly (readonly [number, number, string])[]): Uint8Array {
  const bytes = [...frame]
  for (const [where, byte, edit] of changes) {
    const at = where % Math.max(bytes.length, 1)
    if (edit === 'set') bytes[at] = byte
    else if (edit === 'insert') bytes.splice(at, 0, byte)
    else if (edit === 'remove') bytes.splice(at, 1)
    else bytes.length = at
  }
  return Uint8Array.from(bytes)
}

for (const market of exchangeMarkets) {
  const folder = join(import.meta.dirname, market.exchange, 'fixtures', market.market)
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl') && !name.includes('.golden.'))
  const context = {
    exchange: market.exchange,
    market: market.market,
    symbol: 'BNBBTC',
    stream: market.streams.find((stream) => stream.book !== null)?.name ?? '',
    resync: 1,
    status: 200,
  }
  const streamsSeen = new Set<string>()

  describe(`${market.exchange} ${market.market} fixtures`, () => {
    it.each(files)('%s become the agreed events', (file) => {
      const [about, ...frames] = readLines(join(folder, file))
      expect(JSON.parse(about as string)).toHaveProperty('from')
      const decoded = frames.map((frame) => {
        const batch = new EventBatch(new StringTable())
        const bytes = encoder.encode(frame)
        const outcome = file.startsWith('rest-')
          ? market.decodeAnswer(context, bytes, batch)
          : market.decodeFrame(bytes, batch)
        const events = plainEvents(batch, 0, market)
        for (const event of events) streamsSeen.add(event.stream)
        return { outcome, events }
      })
      const golden = readLines(join(folder, file.replace('.jsonl', '.golden.jsonl'))).slice(1)
      expect(golden.length).toBe(frames.length)
      for (const [line, text] of golden.entries()) expect(decoded[line]).toEqual(JSON.parse(text))
    })

    it('leave nothing of themselves behind when they are broken and refused', () => {
      const framed = files.filter((file) => !file.startsWith('rest-'))
      const frames = framed.flatMap((file) => readLines(join(folder, file)).slice(1))
      const edit = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'remove', 'cut'))
      const edits = fc.array(edit, { minLength: 1, maxLength: 3 })
      fc.assert(
        fc.property(fc.constantFrom(...frames), edits, (frame, changes) => {
          const batch = new EventBatch(new StringTable())
          market.decodeFrame(encoder.encode(frames[0] as string), batch)
          const earlier = [batch.count, batch.entryCount]
          const details = batch.details.size
          const outcome = market.decodeFrame(broken(encoder.encode(frame), changes), batch)
          if (outcome.kind === 'events') expect(batch.count).toBeGreaterThan(earlier[0] as number)
          else expect([batch.count, batch.entryCount, batch.details.size]).toEqual([...earlier, details])
          expect(batch.entryStart[batch.count]).toBe(batch.entryCount)
        }),
        { seed: 20261121, numRuns: 3000 },
      )
    })

    it('cover every stream that is subscribed', () => {
      const subscribed = market.streams.filter((stream) => stream.route !== null)
      expect(subscribed.map((stream) => stream.name).filter((name) => !streamsSeen.has(name))).toEqual([])
    })
  })
}
