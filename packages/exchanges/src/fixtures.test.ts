import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventBatch, StringTable } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { exchangeMarkets } from './index.ts'
import { plainEvents } from './test-support.ts'

const encoder = new TextEncoder()

function readLines(path: string): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n')
}

for (const market of exchangeMarkets) {
  const folder = join(import.meta.dirname, market.exchange, 'fixtures')
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl') && !name.includes('.golden.'))
  const [trade, book] = market.streams
  const context = {
    exchange: market.exchange,
    market: market.market,
    symbol: 'BNBBTC',
    stream: market.streams.find((stream) => stream.book !== null)?.name ?? '',
    resync: 1,
    status: 200,
  }

  describe(`${market.exchange} ${market.market} fixtures`, () => {
    it('cover more than one stream', () => {
      expect(files.length).toBeGreaterThan(2)
      expect([trade, book]).not.toContain(undefined)
    })

    it.each(files)('%s become the agreed events', (file) => {
      const [about, ...frames] = readLines(join(folder, file))
      expect(JSON.parse(about as string)).toHaveProperty('from')
      const decoded = frames.map((frame) => {
        const batch = new EventBatch(new StringTable())
        const bytes = encoder.encode(frame)
        const outcome = file.startsWith('rest-')
          ? market.decodeAnswer(context, bytes, batch)
          : market.decodeFrame(bytes, batch)
        return { outcome, events: plainEvents(batch) }
      })
      const golden = readLines(join(folder, file.replace('.jsonl', '.golden.jsonl')))
      expect(decoded).toEqual(golden.slice(1).map((line) => JSON.parse(line) as unknown))
    })
  })
}
