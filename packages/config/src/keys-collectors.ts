import { operators } from './keys-operators.ts'
import {
  choiceOrNull,
  fraction,
  list,
  names,
  optional,
  section,
  text,
  textOrNull,
  whole,
  wholeOrNull,
} from './node.ts'
import { plainName, restAddress, routeAddress, streamText, symbolText, wsAddress } from './shapes.ts'

/** Symbols in one collector: several times the largest listing of a market. */
const SYMBOLS_MAX = 20_000
const STREAMS_MAX = 200
/** Each market stands once, so more than this is a mistake. */
const COLLECTORS_MAX = 64
const DAY_MS = 86_400_000
/** Above the deepest book that an exchange lets one choose. */
const BOOK_DEPTH_MAX = 10_000
/** The deepest book that an exchange gives by REST. */
const POLL_DEPTH_MAX = 5_000
/** Timers end at 24 days. */
const POLL_EVERY_MS_MAX = 7 * DAY_MS

const streamNames = { says: 'streams', pattern: streamText.pattern }

const symbols = list(text(symbolText, { doc: 'A symbol as the exchange writes it.' }), {
  doc: 'Symbols as the exchange writes them. May be left out only where every stream is one of the whole market.',
  usedBy: 'ingest',
  default: 'empty',
  min: 1,
  max: SYMBOLS_MAX,
})

const collectorKeys = {
  exchange: text(plainName, { doc: 'The exchange.', usedBy: 'pipeline' }),
  market: choiceOrNull(['spot', 'linear', 'inverse'], {
    doc: 'Segment of the exchange: spot, linear (margined in the quote) or inverse (in the base). Default: the first market of the exchange that has every stream named.',
    usedBy: 'pipeline',
  }),
  streams: list(text(streamText, { doc: 'A table or channel.' }), {
    doc: 'What is collected: tables (`ticks`, `spot_delta`) or the exchange’s own channels (`depth@500ms`). Default: every table that the market can fill.',
    usedBy: 'pipeline',
    default: null,
    min: 1,
    max: STREAMS_MAX,
  }),
  symbols,
  ws_url: textOrNull(wsAddress, {
    doc: 'WebSocket address other than the exchange’s own: a simulator or a proxy. Goes with `rest_url`.',
    usedBy: 'exchanges',
  }),
  rest_url: textOrNull(restAddress, {
    doc: 'REST address other than the exchange’s own. Goes with `ws_url`.',
    usedBy: 'exchanges',
  }),
  paths: names(text(routeAddress, { doc: 'The path behind the WebSocket address, or a whole address.' }), {
    doc: 'WebSocket paths by route, where they are not those that the adapter knows; a route that has a host of its own takes a whole address.',
    usedBy: 'exchanges',
    says: 'routes',
    pattern: plainName.pattern,
  }),
  book_depth: wholeOrNull({
    doc: 'Levels a side of the books that are subscribed, where the exchange lets the subscriber choose and the channel’s name does not say it. Default: the adapter’s own.',
    usedBy: 'exchanges',
    default: null,
    min: 1,
    max: BOOK_DEPTH_MAX,
  }),
  book_poll: optional(
    section(
      {
        doc: 'Order books are asked for by REST, instead of being heard: images of them fill `spot_ob` or `futures_ob`, updates are not collected. Null: books are heard.',
        usedBy: 'pipeline',
      },
      {
        every_ms: whole({
          doc: 'Milliseconds between two questions for one symbol; longer where the exchange’s budget does not hold them.',
          default: 1_000,
          min: 100,
          max: POLL_EVERY_MS_MAX,
        }),
        depth: whole({
          doc: 'Levels a side, or the next number that the exchange offers.',
          default: 100,
          min: 1,
          max: POLL_DEPTH_MAX,
        }),
        spread_max_percent: fraction({
          doc: 'An image with a wider spread, in percent of the middle between its best prices, goes to `dead_letter`; so does one that is crossed or out of order, whatever this says.',
          default: 10,
          min: 0,
          max: 200,
        }),
      },
    ),
    null,
  ),
  poll_every_ms: names(
    whole({
      doc: 'Milliseconds between two questions.',
      default: 60_000,
      min: 100,
      max: POLL_EVERY_MS_MAX,
    }),
    {
      doc: 'By polled stream: milliseconds between two questions for one symbol (or for the market), where it is not the adapter’s own.',
      usedBy: 'ingest',
      ...streamNames,
    },
  ),
  expect_within_ms: names(
    wholeOrNull({
      doc: 'Milliseconds; null: it may be silent for ever.',
      default: null,
      min: 1_000,
      max: DAY_MS,
    }),
    {
      doc: 'By stream: a subscription that is not heard within this many milliseconds is told as mute; null: it may be silent for ever.',
      usedBy: 'ingest',
      ...streamNames,
    },
  ),
  operators,
}

/** What is collected: one entry per market. */
export const collectors = list(section({ doc: 'A market and what is collected of it.' }, collectorKeys), {
  doc: 'What is collected: one entry per market. They share the journal, and the exchange’s limits where it counts them together.',
  usedBy: 'pipeline',
  default: 'empty',
  min: 1,
  max: COLLECTORS_MAX,
})

/** The same keys at the top level: they mean one collector. `stream` is accepted there for `streams` with one. */
export const singleKeys = {
  ...collectorKeys,
  stream: textOrNull(streamText, { doc: 'The one table or channel that is collected.', usedBy: 'pipeline' }),
}
