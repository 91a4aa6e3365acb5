import { EventKind, Side, type TableName } from '@cryptoflow/model'

/** Most levels that one message may have (design, hostile bytes). */
export const LEVELS_MAX = 100_000

/** What an event of one kind must be. */
export interface KindRule {
  readonly sides: readonly number[]
  readonly entriesMin: number
  readonly entriesMax: number
  /** Tables that its streams are stored in. */
  readonly tables: readonly TableName[]
  /** Fields of its detail by type; null: it has none. */
  readonly detail: Readonly<Record<string, FieldType>> | null
}

/** Type of a detail's field; only `digits` may be left out. */
export type FieldType = 'decimal' | 'time' | 'int' | 'text' | 'flag' | 'digits'

const bookSides = [Side.bid, Side.ask]
const levels = { sides: bookSides, entriesMin: 0, entriesMax: LEVELS_MAX, detail: null }
const print = { sides: [Side.buy, Side.sell], entriesMin: 1, entriesMax: 1, detail: null }
const told = { sides: [], entriesMin: 0, entriesMax: 0 }

/** Every kind of event. */
export const kindRules: readonly (KindRule & { readonly kind: number })[] = [
  { kind: EventKind.trade, ...print, tables: ['ticks'] },
  { kind: EventKind.aggregate, ...print, tables: ['ticks'] },
  { kind: EventKind.block, ...print, tables: ['ticks'] },
  { kind: EventKind.bookDelta, ...levels, tables: ['spot_delta', 'futures_delta'] },
  { kind: EventKind.bookSnapshot, ...levels, tables: ['spot_delta', 'futures_delta'] },
  { kind: EventKind.bookImage, ...levels, tables: ['spot_ob', 'futures_ob'] },
  { kind: EventKind.quote, sides: bookSides, entriesMin: 0, entriesMax: 2, tables: ['bbo'], detail: null },
  {
    kind: EventKind.funding,
    ...told,
    tables: ['funding'],
    detail: {
      markPrice: 'decimal',
      indexPrice: 'decimal',
      estimatedSettlePrice: 'decimal',
      fundingRate: 'decimal',
      predictedRate: 'decimal',
      fundingUs: 'time',
      intervalHours: 'int',
      kind: 'text',
    },
  },
  {
    kind: EventKind.liquidation,
    ...told,
    tables: ['liquidations'],
    detail: {
      side: 'text',
      price: 'decimal',
      priceKind: 'text',
      averagePrice: 'decimal',
      quantity: 'decimal',
      filledQuantity: 'decimal',
      status: 'text',
      sampled: 'flag',
    },
  },
  {
    kind: EventKind.openInterest,
    ...told,
    tables: ['open_interest'],
    detail: { openInterest: 'decimal', value: 'decimal' },
  },
  {
    kind: EventKind.instrument,
    ...told,
    tables: ['instruments'],
    detail: {
      instrument: 'text',
      base: 'text',
      quote: 'text',
      settle: 'text',
      type: 'text',
      status: 'text',
      tickSize: 'decimal',
      lotSize: 'decimal',
      contractSize: 'decimal',
      contractUnit: 'text',
      digits: 'digits',
      listedUs: 'time',
      expiryUs: 'time',
      raw: 'text',
    },
  },
]
/** Detail fields that a row cannot be without. */
export const requiredFields: ReadonlySet<string> = new Set([
  'kind',
  'side',
  'quantity',
  'sampled',
  'openInterest',
  'instrument',
  'base',
  'quote',
])
/** Detail fields of few words. */
export const fieldWords: Readonly<Record<string, readonly unknown[]>> = {
  kind: ['current', 'settled'],
  side: ['buy', 'sell'],
  type: ['spot', 'perpetual', 'future'],
}

/** Fields of details that are decimals; plain events show them as text. */
export const decimalFields: ReadonlySet<string> = new Set(
  kindRules.flatMap(({ detail }) =>
    Object.entries(detail ?? {}).flatMap(([key, type]) => (type === 'decimal' ? [key] : [])),
  ),
)

/** Longest word of the exchange that an event passes on, in bytes: generous, but not a message's length. */
export const WORD_BYTES_MAX = 1_024

/** Longest `EventBatch.textIds`, in bytes: ids are kept in memory and in rows, and none of six exchanges needs half. */
export const TEXT_ID_BYTES_MAX = 128

/** Detail fields that may be negative: rates are paid in both directions. */
export const signedFields: ReadonlySet<string> = new Set(['fundingRate', 'predictedRate'])
