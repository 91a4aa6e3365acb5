import { DecimalColumn, type EventBatch, Side } from '@cryptoflow/model'
import { scanUsualBareDecimal } from '../bare-numbers.ts'
import { MISS, space, word } from '../bytes.ts'
import { scanRest } from './numbers.ts'
import { scanUsualUnits } from './usual-units.ts'
import { eight, isEights } from './words.ts'

/**
 * The units of a book, `{"ask_price":1,"bid_price":1,"ask_size":1,"bid_size":1}`, read by bytes: what the hottest
 * messages consist of. One loop for each of the two formats, whose keys are constants that the compiler knows: told by
 * tables, the same loop is half as fast. A number that has not the usual form costs a call more.
 */

const { view } = space
/** Units that are read so: 30 are the most that the exchange sends. */
const UNITS_MAX = 64
const OBJECT_END = 125
const COLON = 58

/** Asks of the message being read: they stand between the bids there, and behind them here. */
const asks = { price: new DecimalColumn(), quantity: new DecimalColumn() }
for (const column of [asks.price, asks.quantity]) column.reserve(UNITS_MAX)

/** Reads units and appends their levels, bids and then asks; answers the offset of the brace that ends the last one. */
export type ScanUnits = (at: number, out: EventBatch) => number

const BID_PRICE = eight(',"bid_pr')
const BID_PRICE_TAIL = eight('_price":')
const ASK_SIZE = eight(',"ask_si')
const ASK_SIZE_TAIL = eight('k_size":')
const BID_SIZE = eight(',"bid_si')
const BID_SIZE_TAIL = eight('d_size":')
const NEXT = eight('},{"ask_')
const NEXT_TAIL = eight('_price":')

/** Of the format `DEFAULT`: the first ask's price stands at `at`. */
export const scanDefaultUnits: ScanUnits = (at, out) => {
  const usual = scanUsualUnits(at, out)
  if (usual !== MISS) return usual
  begin(out)
  const { price: askPrice, quantity: askQuantity } = asks
  const { price, quantity, side } = out
  let bid = out.entryCount
  let ask = 0
  for (let unit = 0; unit < UNITS_MAX; unit++) {
    let end = scanUsualBareDecimal(at, askPrice.mantissas, askPrice.scales, ask)
    if (!isEights(end, BID_PRICE, 5, BID_PRICE_TAIL)) {
      end = scanRest(at, end, askPrice, ask)
      if (!isEights(end, BID_PRICE, 5, BID_PRICE_TAIL)) return MISS
    }
    at = end + 13
    end = scanUsualBareDecimal(at, price.mantissas, price.scales, bid)
    if (!isEights(end, ASK_SIZE, 4, ASK_SIZE_TAIL)) {
      end = scanRest(at, end, price, bid)
      if (!isEights(end, ASK_SIZE, 4, ASK_SIZE_TAIL)) return MISS
    }
    at = end + 12
    end = scanUsualBareDecimal(at, askQuantity.mantissas, askQuantity.scales, ask)
    if (!isEights(end, BID_SIZE, 4, BID_SIZE_TAIL)) {
      end = scanRest(at, end, askQuantity, ask)
      if (!isEights(end, BID_SIZE, 4, BID_SIZE_TAIL)) return MISS
    }
    at = end + 12
    end = scanUsualBareDecimal(at, quantity.mantissas, quantity.scales, bid)
    if (view.getUint8(end) !== OBJECT_END) {
      end = scanRest(at, end, quantity, bid)
      if (view.getUint8(end) !== OBJECT_END) return MISS
    }
    side[bid] = Side.bid
    // A side without a price is padding: its row is written again.
    if (price.mantissas[bid] !== 0) bid += 1
    if (askPrice.mantissas[ask] !== 0) ask += 1
    if (!isEights(end, NEXT, 7, NEXT_TAIL)) return appendAsks(end, bid, ask, out)
    at = end + 15
  }
  return MISS
}

const BP = word(',"bp')
const AS = word(',"as')
const BS = word(',"bs')
const NEXT_FOUR = word('},{"')
const AP = word('"ap"')
/** The end of every short key, `":`. */
const KEY_END = 0x3a22

/** Of the format `SIMPLE`, in the same way. */
export const scanSimpleUnits: ScanUnits = (at, out) => {
  begin(out)
  const { price: askPrice, quantity: askQuantity } = asks
  const { price, quantity, side } = out
  let bid = out.entryCount
  let ask = 0
  for (let unit = 0; unit < UNITS_MAX; unit++) {
    let end = scanUsualBareDecimal(at, askPrice.mantissas, askPrice.scales, ask)
    if (!isShort(end, BP)) {
      end = scanRest(at, end, askPrice, ask)
      if (!isShort(end, BP)) return MISS
    }
    at = end + 6
    end = scanUsualBareDecimal(at, price.mantissas, price.scales, bid)
    if (!isShort(end, AS)) {
      end = scanRest(at, end, price, bid)
      if (!isShort(end, AS)) return MISS
    }
    at = end + 6
    end = scanUsualBareDecimal(at, askQuantity.mantissas, askQuantity.scales, ask)
    if (!isShort(end, BS)) {
      end = scanRest(at, end, askQuantity, ask)
      if (!isShort(end, BS)) return MISS
    }
    at = end + 6
    end = scanUsualBareDecimal(at, quantity.mantissas, quantity.scales, bid)
    if (view.getUint8(end) !== OBJECT_END) {
      end = scanRest(at, end, quantity, bid)
      if (view.getUint8(end) !== OBJECT_END) return MISS
    }
    side[bid] = Side.bid
    if (price.mantissas[bid] !== 0) bid += 1
    if (askPrice.mantissas[ask] !== 0) ask += 1
    const isNext = view.getInt32(end, true) === NEXT_FOUR && view.getInt32(end + 3, true) === AP
    if (!isNext || view.getUint8(end + 7) !== COLON) return appendAsks(end, bid, ask, out)
    at = end + 8
  }
  return MISS
}

function isShort(at: number, key: number): boolean {
  return view.getInt32(at, true) === key && view.getUint16(at + 4, true) === KEY_END
}

function begin(out: EventBatch): void {
  out.reserveEntries(2 * UNITS_MAX)
  asks.price.forgetWide(0)
  asks.quantity.forgetWide(0)
}

function appendAsks(at: number, bid: number, ask: number, out: EventBatch): number {
  out.price.copy(bid, asks.price, 0, ask)
  out.quantity.copy(bid, asks.quantity, 0, ask)
  const { side } = out
  const end = bid + ask
  for (let row = bid; row < end; row++) side[row] = Side.ask
  out.entryCount = end
  // Of a row that was written beside a price of zero.
  out.quantity.forgetWide(end)
  return at
}
