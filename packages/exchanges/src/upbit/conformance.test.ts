import { join } from 'node:path'
import { type ConformanceCases, conformance, fixturesIn } from '@cryptoflow/testkit'
import { upbitSpot } from './index.ts'

const folder = join(import.meta.dirname, 'fixtures')
const spot = upbitSpot()
const WS_URL = 'wss://api.upbit.com/websocket/v1'
const LIST_URL = 'https://api.upbit.com/v1/market/all'
const MARKETS = { stream: 'market/all', symbol: '' }

/** `[{"ticket":"x"},{"type":"trade","codes":["KRW-BTC"]},{"format":"DEFAULT"}]`, as the documents give it. */
function readSubscription(frame: string): ReturnType<ConformanceCases['readSubscription']> {
  const [first, ...rest] = JSON.parse(frame) as Record<string, unknown>[]
  const last = rest.pop()
  const isFramed = typeof first?.ticket === 'string' && JSON.stringify(last) === '{"format":"DEFAULT"}'
  const isKnown = rest.every(({ type, codes, ...others }) => {
    const isType = type === 'trade' || type === 'orderbook'
    return isType && Array.isArray(codes) && Object.keys(others).length === 0
  })
  if (!isFramed || !isKnown) return null
  return {
    names: rest.flatMap(({ type, codes }) => (codes as string[]).map((code) => `${type}:${code}`)),
    id: null,
  }
}

conformance(spot, {
  fixtures: fixturesIn(folder, spot),
  sequences: [],
  resets: { none: 'no message has a sequence, and the ids of trades have no order' },
  symbols: ['KRW-BTC', 'BTC-ETH', 'USDT-1INCH', 'KRW-測試'],
  symbolWith: (text) => `KRW-${text}`,
  wireNames: { trade: 'trade:KRW-BTC', orderbook: 'orderbook:KRW-BTC' },
  readSubscription,
  recognised: [
    { fixture: 'spot-markets.jsonl:2', url: `${LIST_URL}?is_details=true`, as: MARKETS },
    { fixture: 'spot-markets.jsonl:2', url: LIST_URL, as: MARKETS },
    { fixture: 'spot-markets.jsonl:2', url: null, as: MARKETS },
    { fixture: 'spot-markets.jsonl:2', url: 'https://api.upbit.com', as: MARKETS },
    { fixture: 'spot-markets.jsonl:2', url: 'https://sg-api.upbit.com/v1/market/all', as: null },
    { fixture: 'spot-markets.jsonl:2', url: 'https://sg-api.upbit.com', as: null },
    { fixture: 'spot-markets.jsonl:2', url: 'https://api.upbit.com/v1/orderbook', as: null },
    { fixture: 'spot-markets.jsonl:5', url: null, as: null },
    { fixture: 'trade.jsonl:2', url: null, as: null },
  ],
  heard: [
    { fixture: 'trade.jsonl:2', url: WS_URL, as: true },
    { fixture: 'ignored.jsonl:2', url: WS_URL, as: true },
    { fixture: 'trade.jsonl:2', url: 'wss://sg-api.upbit.com/websocket/v1', as: false },
    { fixture: 'trade.jsonl:2', url: null, as: null },
    { fixture: 'trade.jsonl:2', url: 'not an address', as: null },
  ],
  today: '2026-11-21',
  seed: 20_261_121,
  addresses: 'own',
})
