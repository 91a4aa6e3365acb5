import { EventBatch, type Market, StringTable } from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wires } from './channels.ts'
import { decodeFast, decodeFrame } from './frame.ts'
import { kindOf } from './symbols.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261121 }

function frameOf(symbol: string): Uint8Array {
  const s = JSON.stringify(symbol)
  return encoder.encode(
    `{"arg":{"channel":"bbo-tbt","instId":${s}},"data":[{"asks":[["1","1","0","1"]],"bids":[],"ts":"1597026383085"}]}`,
  )
}

/** The symbol that the fast path reads, null when it leaves the frame to the exact path. */
function read(batch: EventBatch, market: Market, symbol: string): string | null {
  batch.clear()
  return decodeFast(wires[market], frameOf(symbol), batch)
    ? batch.names.text(batch.symbol[0] as number)
    : null
}

describe('the market of a symbol', () => {
  it.each([
    ['BTC-USDT', 'spot'],
    ['BTC-USD', 'spot'],
    ['USDT-USD', 'spot'],
    ['BTC-USDT-SWAP', 'linear'],
    ['BTC-USDC-260925', 'linear'],
    ['BTC-USD_UM-SWAP', 'linear'],
    ['BTC-USD_UM_XPERP-310404', 'linear'],
    ['USD-USDT-SWAP', 'linear'],
    ['BTC-USD-SWAP', 'inverse'],
    ['BTC-USD-230929', 'inverse'],
    ['BTC-USD-230224-18000-C', 'option'],
    ['BTC-USD-230224-18000-P', 'option'],
    ['BTCUSDT', null],
    ['', null],
  ])('%s is %s', (symbol, kind) => expect(kindOf(symbol)).toBe(kind))

  it('is the same read from text and from bytes', () => {
    const parts = fc.array(
      fc.constantFrom('', 'BTC', 'USD', 'USDT', 'USD_UM', 'SWAP', '260925', 'C', 'P', '测'),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    fc.assert(
      fc.property(parts, fc.constantFrom<Market>('spot', 'linear', 'inverse'), (names, market) => {
        const symbol = names.join('-')
        const batch = new EventBatch(new StringTable())
        const isOurs = symbol !== '' && kindOf(symbol) === market
        expect(read(batch, market, symbol)).toBe(isOurs ? symbol : null)
        expect(decodeFrame(wires[market], frameOf(symbol), batch).kind === 'events').toBe(isOurs)
      }),
      { ...seeded, numRuns: 3000 },
    )
  })
})

describe('symbols seen before', () => {
  it('are told from all that differ from them, in whatever order they come', () => {
    const likes = fc
      .tuple(
        fc.stringMatching(/^[A-Z0-9]{1,30}-[A-Z0-9]{1,12}$/),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom('X', 'Y'))),
      )
      .map(([symbol, edits]) => [
        symbol,
        ...edits.map(([at, letter]) => {
          const i = at % symbol.length
          return symbol[i] === '-' ? symbol : symbol.slice(0, i) + letter + symbol.slice(i + 1)
        }),
      ])
    fc.assert(
      fc.property(likes, fc.array(fc.nat(), { maxLength: 40 }), (symbols, picks) => {
        const batch = new EventBatch(new StringTable())
        for (const pick of picks) {
          const symbol = symbols[pick % symbols.length] as string
          expect(read(batch, 'spot', symbol)).toBe(symbol)
        }
      }),
      { ...seeded, numRuns: 500 },
    )
  })

  it('are compared to their last byte, and told from their own beginnings', () => {
    const batch = new EventBatch(new StringTable())
    const symbol = 'A-BCDEFGHIJKLMNOP'
    for (let length = symbol.length; length > 1; length--) {
      const whole = symbol.slice(0, length)
      expect(read(batch, 'spot', symbol)).toBe(symbol)
      expect(read(batch, 'spot', whole)).toBe(whole)
      for (let i = 2; i < length; i++) {
        const other = `${whole.slice(0, i)}Z${whole.slice(i + 1)}`
        expect(read(batch, 'spot', other)).toBe(other)
        expect(read(batch, 'spot', whole)).toBe(whole)
      }
    }
  })

  it('keep their ids apart when more come than are kept', () => {
    const batch = new EventBatch(new StringTable())
    const symbols = Array.from({ length: 3000 }, (_, i) => `S${i.toString(36).toUpperCase()}-USDT-SWAP`)
    for (const symbol of [...symbols, ...symbols]) expect(read(batch, 'linear', symbol)).toBe(symbol)
  })

  it('stay those of their market, whichever reads them next', () => {
    const batch = new EventBatch(new StringTable())
    for (let round = 0; round < 3; round++) {
      expect(read(batch, 'linear', 'BTC-USDT-SWAP')).toBe('BTC-USDT-SWAP')
      expect(read(batch, 'inverse', 'BTC-USDT-SWAP')).toBeNull()
      expect(read(batch, 'spot', 'BTC-USDT-SWAP')).toBeNull()
    }
  })

  it('are forgotten with their table of names', () => {
    const first = new EventBatch(new StringTable())
    const second = new EventBatch(new StringTable())
    second.names.idOf('TAKES THE ID')
    for (const symbol of ['BTC-USDT', 'ETH-USDT', 'BTC-USDT']) {
      expect(read(first, 'spot', symbol)).toBe(symbol)
      expect(read(second, 'spot', symbol)).toBe(symbol)
    }
  })
})
