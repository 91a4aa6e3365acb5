import type { EmissionContent } from '../emission-log.ts'
import type { HouseAnswer, HouseOptions } from '../stage/house.ts'
import { marksOf } from '../stage/marks.ts'
import { Budget } from './budget.ts'
import {
  type Contract,
  contractContent,
  contractOf,
  FOREIGN_CONTRACT,
  FUNDING_HOURS,
  fundingContent,
  interestContent,
  pairContent,
  pairOf,
} from './lists.ts'
import type { Product } from './product.ts'
import type { Print } from './tape.ts'
import { microTime } from './times.ts'

/** What an address may ask. Source: docs.cdp.coinbase.com, Exchange REST rate limits, read 2026-09-27. */
const REQUESTS = { burst: 15, perSecond: 10 }
/** Every so often a pair's entry is another one, and what a contract's list tells of funding. */
const PAIR_TURN_MS = 20_000
const CONTRACT_MS = 60_000
/** Contracts themselves change less often, see `Contracts`. */
const CONTRACT_TURN_MS = 60 * 60_000
const PAGE_MAX = 1_000
const FUTURE_PRODUCTS = '/api/v3/brokerage/market/products'
const TRADES = /^\/products\/([^/]+)\/trades$/
const BOOK = /^\/products\/([^/]+)\/book$/
const PRODUCT_BOOK = '/api/v3/brokerage/market/product_book'
/** Levels a side: of the Exchange's level 2 more than any book has, and the most that Advanced Trade gives. */
const LEVELS_MAX = 1_000_000
const LIMIT_MAX = 1_000
const PRODUCT = /^\/products\/([^/]+)$/

/** The REST side: the Exchange's of spot, Advanced Trade's of the contracts. */
export class Rest {
  private readonly options: HouseOptions
  private readonly products: readonly Product[]
  private readonly budget: Budget
  private readonly contracts: Contracts

  constructor(options: HouseOptions, products: readonly Product[]) {
    this.options = options
    this.products = products
    this.budget = new Budget({ ...REQUESTS, startMs: options.startMs })
    this.contracts = new Contracts(options, products)
  }

  step(nowMs: number): void {
    if (this.options.market === 'linear') this.contracts.step(nowMs)
  }

  /** Null: no such endpoint. */
  answer(url: URL, nowMs: number): HouseAnswer | null {
    if (!this.budget.take(nowMs))
      return { status: 429, body: '{"message":"Public rate limit exceeded"}', contents: [] }
    if (this.options.market === 'spot') return this.exchangeAnswer(url, nowMs)
    return url.pathname === PRODUCT_BOOK
      ? this.priceBook(url.searchParams, nowMs)
      : this.contracts.answer(url, nowMs)
  }

  private priceBook(query: URLSearchParams, nowMs: number): HouseAnswer {
    const product = this.products.find(({ symbol }) => symbol === query.get('product_id'))
    const limit = Math.min(LIMIT_MAX, Number(query.get('limit') ?? LIMIT_MAX))
    if (product !== undefined && limit >= 1) return bookOf(product, limit, nowMs)
    const message = '"message":"valid product_id is required"'
    return { status: 400, body: `{"error":"INVALID_ARGUMENT",${message}}`, contents: [] }
  }

  private exchangeAnswer({ pathname, searchParams }: URL, nowMs: number): HouseAnswer | null {
    if (pathname === '/time') {
      const body = `{"iso":"${microTime(nowMs)}","epoch":${nowMs / 1000}}`
      return { status: 200, body, contents: [] }
    }
    if (pathname === '/products') return this.pairs(nowMs)
    const found = (name: string | undefined) => this.products.find(({ symbol }) => symbol === name)
    const [, traded] = TRADES.exec(pathname) ?? []
    const [, named] = PRODUCT.exec(pathname) ?? []
    const [, booked] = BOOK.exec(pathname) ?? []
    const product = found(traded ?? named ?? booked)
    if (traded === undefined && named === undefined && booked === undefined) return null
    if (product === undefined) return { status: 404, body: '{"message":"NotFound"}', contents: [] }
    if (traded !== undefined) return tradesPage(product.history, searchParams)
    // Level 3, of single orders, is not played.
    if (booked !== undefined)
      return bookOf(product, searchParams.get('level') === '2' ? LEVELS_MAX : 1, nowMs)
    return { status: 200, body: pairOf(product.listed, turnOf(nowMs)).raw, contents: [] }
  }

  private pairs(nowMs: number): HouseAnswer {
    const pairs = this.products.map(({ listed }) => pairOf(listed, turnOf(nowMs)))
    const key = { exchange: 'coinbase', market: this.options.market, atMs: nowMs }
    return {
      status: 200,
      body: `[${pairs.map(({ raw }) => raw).join(',')}]`,
      contents: pairs.map((pair) => pairContent(key, pair)),
    }
  }
}

function bookOf(product: Product, limit: number, nowMs: number): HouseAnswer {
  const { body, content } = product.answered(limit, nowMs)
  return { status: 200, body, contents: [content] }
}

function turnOf(nowMs: number): number {
  return Math.floor(nowMs / PAIR_TURN_MS)
}

/**
 * Newest first; `after` pages on to older ones, and `before` is of no use: it shows the newest page, as the exchange
 * did on 2026-09-27. They repeat what the streams told, so they are no events.
 */
function tradesPage(history: readonly Print[], query: URLSearchParams): HouseAnswer {
  const after = Number(query.get('after') ?? Number.POSITIVE_INFINITY)
  const limit = Math.min(
    PAGE_MAX,
    Math.max(1, Math.floor(Number(query.get('limit') ?? PAGE_MAX)) || PAGE_MAX),
  )
  const page = history
    .filter(({ trade }) => trade.id < after)
    .slice(-limit)
    .reverse()
  const rows = page.map(
    ({ trade, price, quantity }) =>
      `{"trade_id":${trade.id},"side":"${trade.side === 'buy' ? 'sell' : 'buy'}","size":"${quantity}","price":"${price}","time":"${microTime(trade.timeMs)}"}`,
  )
  const borders = { newest: page[0]?.trade.id, oldest: page.at(-1)?.trade.id }
  const headers: Record<string, string> =
    page.length === 0 ? {} : { 'cb-before': String(borders.newest), 'cb-after': String(borders.oldest) }
  return { status: 200, body: `[${rows.join(',')}]`, contents: [], headers }
}

/**
 * Advanced Trade's list of contracts, which three streams are told by, so that nobody can see for which it is asked. What it tells is therefore kept for as long as each of them waits between two questions,
 * and counts as told by the first answer that has it.
 */
class Contracts {
  private readonly options: HouseOptions
  private readonly products: readonly Product[]
  private list: readonly Contract[] = []
  private minute = -1
  /** The hour or minute of what was told last, by stream and symbol. */
  private readonly told = new Map<string, string>()

  constructor(options: HouseOptions, products: readonly Product[]) {
    this.options = options
    this.products = products
    if (options.market === 'linear') this.step(options.startMs)
  }

  step(nowMs: number): void {
    const minute = Math.floor(nowMs / CONTRACT_MS)
    if (minute === this.minute) return
    this.minute = minute
    const turn = hourOf(nowMs)
    this.list = this.products.map(({ listed, listing, symbol }) => {
      const marks = marksOf(`coinbase ${symbol}`, listing, minute * CONTRACT_MS, FUNDING_HOURS)
      return contractOf(listed, marks, listing.quantity(marks.openLots), turn)
    })
  }

  answer({ pathname, searchParams }: URL, nowMs: number): HouseAnswer | null {
    if (pathname !== FUTURE_PRODUCTS || searchParams.get('product_type') !== 'FUTURE') return null
    const raws = [...this.list.map(({ raw }) => raw), FOREIGN_CONTRACT]
    const body = `{"products":[${raws.join(',')}],"num_products":${raws.length}}`
    return { status: 200, body, contents: this.news(nowMs) }
  }

  private news(atMs: number): EmissionContent[] {
    const key = { exchange: 'coinbase', market: this.options.market, atMs }
    const contents = this.list.flatMap((contract) => [
      contractContent(key, contract),
      fundingContent(key, contract),
      interestContent(key, contract),
    ])
    return contents.filter((content) => {
      const name = `${content.stream} ${content.symbol}`
      const text = content.table === 'instruments' ? `${hourOf(atMs)}` : `${this.minute}`
      const isNew = this.told.get(name) !== text
      this.told.set(name, text)
      return isNew
    })
  }
}

function hourOf(nowMs: number): number {
  return Math.floor(nowMs / CONTRACT_TURN_MS)
}
