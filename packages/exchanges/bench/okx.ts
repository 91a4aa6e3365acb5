import type { Market } from '@cryptoflow/model'
import { wires } from '../src/okx/channels.ts'
import { decodeExact } from '../src/okx/exact.ts'
import { decodeFast } from '../src/okx/frame.ts'
import { findMarket } from '../src/registry.ts'
import { readCaptures } from '../src/test-support.ts'
import { type BenchFrame, type ExchangeFrames, type FrameSet, type Protocol, seeded } from './frames.ts'
import { entry, nameId, type PlainColumns } from './plain.ts'

const MADE_UP_FRAMES = 4_000

const protocols: Readonly<Record<Market, Protocol>> = {
  spot: protocolOf('spot', 'okex'),
  linear: protocolOf('linear', 'okex-swap'),
  inverse: protocolOf('inverse', 'okex-swap'),
}

function protocolOf(market: Market, exchange: string): Protocol {
  return {
    market: findMarket('okx', market),
    fast: (bytes, out) => decodeFast(wires[market], bytes, out),
    exact: (bytes, out) => decodeExact(wires[market], bytes, out),
    plain: decodePlain,
    mapping: { exchange, kinds: ['normalizeTrades', 'normalizeBookChanges', 'normalizeBookTickers'] },
  }
}

/**
 * Books, trades and quotes. `capturesDirectory` holds the captures, of 2022 and without ids; frames as they are sent
 * today are made up.
 */
export function okxFrames(capturesDirectory?: string): ExchangeFrames {
  const recorded = capturesDirectory === undefined ? [] : capturedFrames(capturesDirectory)
  const today = madeUpFrames(MADE_UP_FRAMES)
  const sets: FrameSet[] = [
    { name: 'mixed of today (made up)', frames: today, mapped: today.filter(hasRows) },
    { name: 'books of today (made up)', frames: today.filter(isOf('books')) },
    { name: 'trades of today (made up)', frames: today.filter(isOf('trades')) },
    { name: 'quotes of today (made up)', frames: today.filter(isOf('bbo-tbt')) },
  ]
  if (recorded.length > 0) sets.push({ name: 'capture of 2022', frames: recorded, mapped: recorded })
  return { exchange: 'okx', sets, unmapped: 'it has no event for updates without a level' }
}

function hasRows({ bytes }: BenchFrame): boolean {
  return !bytes.includes('"asks":[],"bids":[]')
}

function isOf(channel: string): (frame: BenchFrame) => boolean {
  return ({ bytes }) => bytes.includes(`"channel":"${channel}"`)
}

interface PlainElement {
  readonly asks: readonly (readonly string[])[]
  readonly bids: readonly (readonly string[])[]
  readonly tradeId: string
  readonly px: string
  readonly sz: string
  readonly side: 'buy' | 'sell'
  readonly count?: string
  readonly source?: string
  readonly ts: string
  readonly checksum?: number
  readonly prevSeqId?: number
  readonly seqId?: number
}

interface PlainMessage {
  readonly arg: { readonly channel: string; readonly instId: string }
  readonly action?: 'snapshot' | 'update'
  readonly data: readonly PlainElement[]
}

function decodePlain(frame: Buffer, out: PlainColumns): void {
  const { arg, action, data } = JSON.parse(frame.toString('utf8')) as PlainMessage
  for (const element of data) {
    const event = out.count
    out.symbol[event] = nameId(out.names, arg.instId)
    out.stream[event] = nameId(out.names, arg.channel)
    out.engineUs[event] = Number(element.ts) * 1000
    out.sentUs[event] = Number.NaN
    if (arg.channel === 'trades') addTrade(element, out)
    else addBook(element, arg.channel === 'bbo-tbt' ? 3 : action === 'snapshot' ? 2 : 1, out)
    out.count = event + 1
    out.entryStart[out.count] = out.entryCount
  }
}

function addTrade({ tradeId, count, source, side, px, sz }: PlainElement, out: PlainColumns): void {
  const event = out.count
  const id = Number(tradeId)
  const first = id - Number(count ?? '1') + 1
  out.kind[event] = first < id ? 4 : 0
  out.firstSeq[event] = first
  out.lastSeq[event] = id
  out.prevSeq[event] = Number.NaN
  out.firstTradeId[event] = first
  out.lastTradeId[event] = id
  out.tradeType[event] = source === undefined ? -1 : nameId(out.names, source)
  entry(out, side === 'buy' ? 2 : 3, px, sz)
}

function addBook({ asks, bids, seqId, prevSeqId }: PlainElement, kind: number, out: PlainColumns): void {
  const event = out.count
  out.kind[event] = kind
  out.firstSeq[event] = Number.NaN
  out.lastSeq[event] = seqId ?? Number.NaN
  out.prevSeq[event] = prevSeqId ?? Number.NaN
  for (const [price, quantity] of asks) entry(out, 1, price as string, quantity as string)
  for (const [price, quantity] of bids) entry(out, 0, price as string, quantity as string)
}

/** Books and trades of the capture, each for its market. */
function capturedFrames(directory: string): BenchFrame[] {
  const lines = [...readCaptures(directory, 'okx-').values()].flat()
  return lines
    .filter(({ raw }) => /^\{"arg":\{"channel":"(books|trades)"/.test(raw))
    .map(({ raw }) => ({ protocol: protocols[marketOf(raw)], bytes: Buffer.from(raw) }))
}

function marketOf(raw: string): Market {
  if (raw.includes('"instId":"BTC-USDT"')) return 'spot'
  return raw.includes('-USD-') ? 'inverse' : 'linear'
}

/** Of 100 frames 40 updates of about 20 levels, 30 trades and 30 quotes, on 50 contracts. */
function madeUpFrames(count: number): BenchFrame[] {
  const next = seeded()
  const price = (): string => `${60_000 + next(3000)}.${next(10)}`
  const quantity = (): string => (next(3) === 0 ? '0' : `${next(500)}.${1 + next(98)}`)
  const level = (): string[] => [price(), quantity(), '0', String(next(20))]
  const levels = (): string[][] => Array.from({ length: next(21) }, level)
  const id = (): number => 60_000_000_000 + next(1_000_000_000)
  return Array.from({ length: count }, () => {
    const instId = `COIN${next(50)}-USDT-SWAP`
    const ts = String(1_791_565_600_771 + next(600_000))
    const kind = next(100)
    const [channel, action, element] =
      kind < 40
        ? [
            'books',
            'update',
            { asks: levels(), bids: levels(), ts, checksum: 0, prevSeqId: id(), seqId: id() },
          ]
        : kind < 70
          ? [
              'trades',
              undefined,
              {
                ...{ instId, tradeId: String(id()), px: price(), sz: `${1 + next(99)}.${1 + next(9)}` },
                ...{
                  side: next(2) > 0 ? 'buy' : 'sell',
                  ts,
                  count: String(1 + next(4)),
                  source: '0',
                  seqId: id(),
                },
              },
            ]
          : ['bbo-tbt', undefined, { asks: [level()], bids: [level()], ts, seqId: id() }]
    const text = JSON.stringify({ arg: { channel, instId }, action, data: [element] })
    return { protocol: protocols.linear, bytes: Buffer.from(text) }
  })
}
