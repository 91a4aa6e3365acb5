import { EventBatch, StringTable } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wires } from './channels.ts'
import { decodeExact } from './exact.ts'
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
  return decodeFast(wires.spot, frameOf(stream, symbol), batch)
    ? batch.names.text(batch.symbol[0] as number)
    : null
}

describe('the symbol of a stream, where the message has none', () => {
  const imageOf = (stream: string): Uint8Array =>
    encoder.encode(
      `{"stream":${JSON.stringify(`${stream}@depth5`)},"data":{"lastUpdateId":1,"bids":[],"asks":[]}}`,
    )
  const readImage = (decode: typeof decodeFast | typeof decodeExact, stream: string): string | null => {
    const batch = new EventBatch(new StringTable())
    decode(wires.spot, imageOf(stream), batch)
    return batch.count === 0 ? null : batch.names.text(batch.symbol[0] as number)
  }

  it('is the name in upper case', () => {
    for (const [stream, symbol] of [
      ['btcusdt', 'BTCUSDT'],
      ['1000satsusdt', '1000SATSUSDT'],
      ['a_b-c', 'A_B-C'],
      ['ALREADY', 'ALREADY'],
    ] as const) {
      expect(readImage(decodeFast, stream)).toBe(symbol)
      expect(readImage(decodeExact, stream)).toBe(symbol)
    }
  })

  it('keeps letters that have one case, on the exact path', () => {
    expect(readImage(decodeFast, '测试usdt')).toBeNull()
    expect(readImage(decodeExact, '测试usdt')).toBe('测试USDT')
  })

  it('is not guessed where letters beyond ASCII have two cases', () => {
    for (const stream of ['жusdt', 'Жusdt', 'ßusdt', 'ıusdt', 'ǆusdt', 'ﬁusdt']) {
      expect([readImage(decodeFast, stream), readImage(decodeExact, stream)]).toEqual([null, null])
    }
  })

  it('does not depend on what was read before: a replay from anywhere gives the same', () => {
    const batch = new EventBatch(new StringTable())
    expect(read(batch, 'eth', 'ETH')).toBe('ETH')
    expect(readImage(decodeFast, 'eth')).toBe('ETH')
  })
})

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
        expect(decodeFast(wires.spot, whole, batch)).toBe(true)
        batch.clear()
        expect(decodeFast(wires.spot, whole.subarray(0, cut), batch)).toBe(false)
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
      expect(decodeFast(wires.spot, whole, new EventBatch(new StringTable()))).toBe(true)
      expect(decodeFast(wires.spot, whole.subarray(0, cut), new EventBatch(new StringTable()))).toBe(false)
    }
  })
})
