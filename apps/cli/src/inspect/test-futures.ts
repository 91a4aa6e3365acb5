import { seededChance } from '@cryptoflow/runtime'
import { answered, applyTo, type Book, change, fullBook, type OwnBook, storeImage, top } from './test-book.ts'
import { type Fault, type Levels, Scene, type Told, type World } from './test-scene.ts'
import { CELL_US, START_US } from './test-spot.ts'

const CELLS = 40
/** While the connection is away nothing of any stream arrives. */
const AWAY = [12, 13]
/** When the instrument changes. */
const LISTED = [1, 15, 25, 35]
const LIQUIDATED = [3, 13, 17, 23, 27, 29, 31, 35]

type Market = 'linear' | 'inverse'

/** What a cell is told with. */
interface Cell {
  readonly scene: Scene
  readonly number: number
  /** When its messages arrive. */
  readonly us: number
  readonly fault: Fault | undefined
}

/**
 * All streams of one symbol of a futures market: two speeds of diffs whose ids skip, images, quotes in two streams,
 * aggregates, marks in two streams, liquidations, and what is asked for by REST.
 */
export function addFuturesSymbol(world: World, market: Market, symbol: string, seed: number): void {
  const scene = new Scene(world, market, symbol, 10_000 * (1 + world.rows.gaps.length))
  const chance = seededChance(seed)
  const book = createFuturesBook(scene)
  for (let number = 0; number < CELLS; number++) {
    const away = AWAY.includes(number)
    const cell: Cell = {
      scene,
      number,
      us: START_US + number * CELL_US + 20_000,
      fault: away ? 'disconnect' : undefined,
    }
    if (number === AWAY[0]) scene.interrupt()
    book.tell(cell, chance)
    tellAggregate(cell)
    tellRare(cell)
    if (LISTED.includes(number)) tellInstrument(cell)
    if (number % 10 === 4) tellAnswers(cell)
  }
}

/** Two speeds of diffs, images, quotes and the collector's book, which the faster diffs feed. */
function createFuturesBook(scene: Scene) {
  const market: Book = fullBook()
  let own: OwnBook | null = null
  let seq = 70_000
  const before = { fast: 0, slow: 0 }
  let since: { first: number; bids: Map<string, string>; asks: Map<string, string> } | null = null
  const lost = new Map<number, Fault>([[18, 'gap']])

  function diffs({ number, us, fault }: Cell, levels: { bids: Levels; asks: Levels }, first: number): void {
    const told: Told = {
      ...stream(us, 'depth@100ms', 'futures_delta', 'chain'),
      ...{ first, last: seq, prev: before.fast, ...levels },
    }
    if (own !== null && scene.lastOf(told.stream) !== before.fast) own = null
    before.fast = seq
    const heard = scene.tell(told, fault ?? lost.get(number), own === null ? 'resync' : 'live')
    since ??= { first, bids: new Map(), asks: new Map() }
    for (const [p, q] of levels.bids) since.bids.set(p, q)
    for (const [p, q] of levels.asks) since.asks.set(p, q)
    if (heard === null || own === null) return
    applyTo(own.book, levels)
    storeImage(scene, own, { us, last: seq, times: scene.timed(told) }, 'derived')
  }

  function slow({ us, fault }: Cell): void {
    if (since === null) return
    const levels = { bids: [...since.bids], asks: [...since.asks] }
    const told: Told = {
      ...stream(us, 'depth@500ms', 'futures_delta', 'chain'),
      ...{ first: since.first, last: seq, prev: before.slow, ...levels },
    }
    before.slow = seq
    since = null
    scene.tell(told, fault, 'waiting')
  }

  function snapshot({ us }: Cell): void {
    const begun = answered(market)
    const told: Told = {
      ...stream(us + 5_000, 'snapshot', 'futures_delta', 'asked'),
      ...{ last: seq, ...begun.shown },
    }
    scene.tell(told, undefined, 'resync')
    own = begun.own
    storeImage(scene, own, { us: told.us, last: seq, times: scene.timed(told) }, 'checkpoint')
  }

  function quote(cell: Cell, name: string, fault: Fault | undefined): void {
    const { bids, asks } = top(market, 1)
    const [[bidPrice, bidQuantity]] = bids as [[string, string]]
    const [[askPrice, askQuantity]] = asks as [[string, string]]
    const values = {
      bid_price: bidPrice,
      bid_quantity: bidQuantity,
      // A side without an offer.
      ask_price: cell.number === 33 ? null : askPrice,
      ask_quantity: cell.number === 33 ? null : askQuantity,
    }
    scene.tell({ ...stream(cell.us, name, 'bbo', 'grows'), last: seq, values }, cell.fault ?? fault)
  }

  return {
    tell(cell: Cell, chance: ReturnType<typeof seededChance>): void {
      const { number } = cell
      const first = seq + 2
      seq += 2 + chance.below(5)
      diffs(cell, change(market, chance), first)
      if (number % 5 === 4) slow(cell)
      if (number % 2 === 0) {
        const shown = top(market, 20)
        scene.tell({ ...stream(cell.us, 'depth20', 'futures_ob', 'grows'), last: seq, ...shown }, cell.fault)
      }
      quote(cell, 'bookTicker', number === 22 ? 'gap' : undefined)
      if (number % 10 === 7) {
        quote(cell, '!bookTicker', undefined)
        // The same book a moment later: nothing new.
        quote({ ...cell, us: cell.us + 3_000 }, '!bookTicker', undefined)
      }
      if (own === null && number % 3 === 2 && cell.fault === undefined) snapshot(cell)
    },
  }
}

function stream(
  us: number,
  name: string,
  table: Told['table'],
  rule: Told['rule'],
): Pick<Told, 'stream' | 'table' | 'rule' | 'sentMs' | 'engineMs' | 'us'> {
  return { stream: name, table, rule, sentMs: us / 1000 - 3, engineMs: us / 1000 - 4, us }
}

function tellAggregate({ scene, number, us, fault }: Cell): void {
  const id = 300 + number
  const values = {
    trade_id: String(id),
    kind: 'aggregate',
    side: number % 2 === 0 ? 'sell' : 'buy',
    price: '100.10',
    quantity: `${1 + number}`,
    trade_count: '3',
    first_trade_id: String(10 * number),
    last_trade_id: String(10 * number + 2),
  }
  scene.tell({ ...stream(us + 1_000, 'aggTrade', 'ticks', 'chain'), first: id, last: id, values }, fault)
  // A stream that nobody asked for.
  const trade = {
    trade_id: String(id),
    kind: 'trade',
    side: 'buy',
    price: '1',
    quantity: '1',
    trade_type: 'MARKET',
  }
  scene.tell({ ...stream(us, 'trade', 'ticks', 'chain'), first: id, last: id, values: trade }, 'outage')
}

/** Streams without a sequence. */
function tellRare({ scene, number, us, fault }: Cell): void {
  const atUs = us + 2_000
  if (number % 10 === 1) {
    const values = {
      mark_price: `9${number}.12345678`,
      index_price: '90.5',
      funding_rate: number === 21 ? null : '-0.00012500',
      funding_ts: String(START_US + 3_600_000_000),
      kind: 'current',
    }
    for (const name of ['markPrice@1s', '!markPrice@arr@1s']) {
      scene.tell(
        { stream: name, table: 'funding', rule: 'none', sentMs: atUs / 1000, values, us: atUs },
        fault,
      )
    }
  }
  if (LIQUIDATED.includes(number)) {
    const values = {
      side: 'sell',
      position_side: 'long',
      price: '88.10',
      price_kind: 'order',
      average_price: '88.2',
      quantity: '14',
      filled_quantity: '14',
      status: 'FILLED',
      sampled: 'true',
    }
    scene.tell({ ...stream(atUs, 'forceOrder', 'liquidations', 'none'), values }, fault)
  }
}

function tellInstrument({ scene, us, number }: Cell): void {
  const status = `STATUS_${number}`
  const values = {
    base: 'BTC',
    quote: 'USD',
    settle: 'BTC',
    type: 'perpetual',
    status,
    tick_size: '0.10',
    lot_size: '1',
    contract_size: '100',
    contract_unit: 'USD',
    listed_ts: '1600000000000000',
    raw: `{"symbol":"${scene.symbol}", "status":"${status}"}`,
  }
  const told = {
    stream: 'exchangeInfo',
    table: 'instruments',
    rule: 'asked',
    values,
    us: us + 3_000,
  } as const
  scene.tell(told)
  // Listed again as it is, and a change that was over before anybody asked.
  const { log } = scene.world
  const listed = log.at(-1) as World['log'][number]
  log.push({ ...listed, n: log.length + 1 })
  log.push({ ...listed, n: log.length + 1, copies: 0, values: { ...values, status: 'HALT', raw: '{}' } })
}

/** What is polled. Every answer is a row, though nothing changed. */
function tellAnswers({ scene, us, number }: Cell): void {
  const atUs = us + 4_000
  const at = { rule: 'asked', us: atUs } as const
  const interest: Told = {
    ...{ ...at, stream: 'openInterest', table: 'open_interest', engineMs: START_US / 1000 },
    values: { open_interest: '10659.509' },
  }
  scene.tell(interest)
  scene.tell(interest, number === 24 ? 'outage' : undefined)
  const premium = { mark_price: '91.5', funding_rate: '0.0001', kind: 'current' }
  scene.tell({ ...at, stream: 'premiumIndex', table: 'funding', engineMs: us / 1000, values: premium })
  scene.tell({
    ...at,
    stream: 'fundingInfo',
    table: 'funding',
    values: { interval_hours: '4', kind: 'current' },
  })
}
