import { EventBatch, StringTable } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFast } from './frame.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }

function frameOf(stream: string, symbol: string): Uint8Array {
  return encoder.encode(
    `{"stream":"${stream}@bookTicker","data":{"u":1,"s":"${symbol}","b":"1","B":"1","a":"1","A":"1"}}`,
  )
}

/** The symbol that the fast path reads, null when it leaves the frame to the exact path. */
function read(batch: EventBatch, stream: string, symbol: string): string | null {
  batch.clear()
  return decodeFast(frameOf(stream, symbol), batch) ? batch.names.text(batch.symbol[0] as number) : null
}

describe('symbols seen before', () => {
  it('are told from all that differ from them, in whatever order they come', () => {
    const likes = fc
      .tuple(fc.stringMatching(/^[A-Z0-9]{1,40}$/), fc.array(fc.tuple(fc.nat(), fc.constantFrom('X', 'Y'))))
      .map(([symbol, edits]) => [
        symbol,
        ...edits.map(([at, letter]) => {
          const i = at % symbol.length
          return symbol.slice(0, i) + letter + symbol.slice(i + 1)
        }),
      ])
    fc.assert(
      fc.property(likes, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }), (symbols, pairs) => {
        const batch = new EventBatch(new StringTable())
        for (const [a, b] of pairs) {
          const stream = (symbols[a % symbols.length] as string).toLowerCase()
          const symbol = symbols[b % symbols.length] as string
          expect(read(batch, stream, symbol)).toBe(stream === symbol.toLowerCase() ? symbol : null)
          expect(read(batch, symbol.toLowerCase(), symbol)).toBe(symbol)
        }
      }),
      { ...seeded, numRuns: 500 },
    )
  })

  it('are compared to their last byte, on both sides', () => {
    const symbol = 'ABCDEFGHIJK'
    for (let length = 1; length <= symbol.length; length++) {
      const whole = symbol.slice(0, length)
      const batch = new EventBatch(new StringTable())
      expect(read(batch, whole.toLowerCase(), whole)).toBe(whole)
      for (let i = 0; i < length; i++) {
        const other = `${whole.slice(0, i)}Z${whole.slice(i + 1)}`
        expect(read(batch, other.toLowerCase(), whole)).toBeNull()
        expect(read(batch, whole.toLowerCase(), other)).toBeNull()
        expect(read(batch, whole.toLowerCase(), whole)).toBe(whole)
      }
    }
  })

  it('are told from their own beginnings', () => {
    const batch = new EventBatch(new StringTable())
    const symbol = 'ABCDEFGHIJKLMNOP'
    for (let length = symbol.length; length > 0; length--) {
      const beginning = symbol.slice(0, length)
      expect(read(batch, symbol.toLowerCase(), symbol)).toBe(symbol)
      expect(read(batch, beginning.toLowerCase(), beginning)).toBe(beginning)
    }
  })

  it('keep their ids apart when more come than are kept', () => {
    const batch = new EventBatch(new StringTable())
    const symbols = Array.from({ length: 2000 }, (_, i) => `1000S${i.toString(36).toUpperCase()}USDT`)
    for (const symbol of [...symbols, ...symbols]) {
      expect(read(batch, symbol.toLowerCase(), symbol)).toBe(symbol)
    }
  })

  it('are forgotten with their table of names', () => {
    const first = new EventBatch(new StringTable())
    const second = new EventBatch(new StringTable())
    second.names.idOf('TAKES THE ID')
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'BTCUSDT']) {
      expect(read(first, symbol.toLowerCase(), symbol)).toBe(symbol)
      expect(read(second, symbol.toLowerCase(), symbol)).toBe(symbol)
    }
  })

  it('make no frame whole that ends in the symbol, whatever an earlier frame left behind', () => {
    for (const length of [4, 17, 24, 40, 64]) {
      const symbol = 'ABCDEFGH'.repeat(8).slice(0, length)
      const whole = frameOf(symbol.toLowerCase(), symbol)
      const batch = new EventBatch(new StringTable())
      for (let cut = 0; cut < whole.length; cut++) {
        batch.clear()
        expect(decodeFast(whole, batch)).toBe(true)
        batch.clear()
        expect(decodeFast(whole.subarray(0, cut), batch)).toBe(false)
        expect([batch.count, batch.entryCount]).toEqual([0, 0])
      }
    }
  })

  it('lead nobody behind the end of a cut frame, to levels that an earlier frame left there', () => {
    const symbol = 'ABCDEFGH'.repeat(8)
    const levels = new Array(300).fill('["1e-1","1"]').join(',')
    const whole = encoder.encode(
      `{"stream":"${symbol.toLowerCase()}@depth@100ms","data":{"e":"depthUpdate","E":1672515782136,` +
        `"s":"${symbol}","U":1,"u":2,"b":[${levels}],"a":[]}}`,
    )
    const symbolAt = new TextDecoder().decode(whole).indexOf(symbol)
    for (let cut = symbolAt; cut < symbolAt + symbol.length; cut++) {
      expect(decodeFast(whole, new EventBatch(new StringTable()))).toBe(true)
      expect(decodeFast(whole.subarray(0, cut), new EventBatch(new StringTable()))).toBe(false)
    }
  })
})
