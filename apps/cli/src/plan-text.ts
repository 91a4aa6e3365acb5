import { bytesText, columns, grouped, spanText } from '@cryptoflow/console'
import type { Plan } from './plan.ts'
import { assumed, busySymbol } from './plan-assumptions.ts'
import type { BudgetPlan, MarketPlan } from './plan-figures.ts'
import type { TableLoad } from './plan-load.ts'
import { wrapped } from './text.ts'

const DAY_S = 86_400
/** Below this a time is told as 0.0 s. */
const MOMENT_S = 0.05

/** A plan for a person, at most 80 columns wide. */
export function planText(plan: Plan): string {
  return [
    ...plan.markets.flatMap(marketLines),
    `connects: the last one ${spanText(plan.connectSeconds)} after the first`,
    '',
    ...plan.budgets.flatMap(budgetLines),
    ...loadLines(plan),
    ...diskLines(plan),
  ].join('\n')
}

function marketLines(market: MarketPlan): string[] {
  const { exchange, symbols, channels, routes, connections, connectsPerFiveMinutesMax } = market
  const rows = routes.map((route) => [
    `  ${route.route}`,
    `${grouped(route.connections)}`,
    `${grouped(route.streamsMax)} of ${grouped(route.streamsAllowed)}`,
    grouped(route.subscribeFrames),
    spanText(route.subscribeSeconds),
  ])
  const head = ['  route', 'connections', 'streams at most', 'frames', 'subscribed in']
  return [
    `${exchange} ${market.market}: ${counted(symbols, 'symbol')}, ${counted(channels.length, 'channel')}`,
    ...wrapped(channels.join(' '), 76).map((line) => `  ${line}`),
    ...(routes.length === 0 ? [] : [columns([head, ...rows])]),
    `  ${counted(connections, 'connection')}; the exchange allows ${grouped(connectsPerFiveMinutesMax)} connects in five minutes`,
    ...market.polls.map(
      ({ stream, questions, everyMs, weightPerMinute }) =>
        `  asks ${stream}: ${grouped(questions)} every ${spanText(everyMs / 1000)}, weight ${rounded(weightPerMinute)} a minute`,
    ),
    `  ${bookText(market)}`,
    '',
  ]
}

/** How a book begins. One that begins in its stream is there as soon as it is subscribed. */
function bookText({ books, bookWeight, routes }: MarketPlan): string {
  if (books === 0) return 'no books that are followed by deltas'
  if (bookWeight !== null) return `${counted(books, 'book')}, a snapshot each, weight ${grouped(bookWeight)}`
  const seconds = Math.max(0, ...routes.map(({ subscribeSeconds }) => subscribeSeconds))
  const begun = `${counted(books, 'book')}, begun in ${books === 1 ? 'its stream' : 'their streams'}`
  return seconds < MOMENT_S
    ? `${begun}: subscribed at once`
    : `${begun}: subscribed within ${spanText(seconds)} of a connect`
}

function budgetLines(budget: BudgetPlan): string[] {
  const { pool, weightPerMinuteMax, weightPerMinuteUsed, pollWeightPerMinute, pollStretch } = budget
  const live =
    budget.books === 0
      ? 'no books to fetch'
      : `${counted(budget.books, 'snapshot')} asked for ${budget.booksLiveSeconds === 0 ? 'at once' : `within ${spanText(budget.booksLiveSeconds)}`}`
  return [
    `REST budget ${pool}: ${grouped(weightPerMinuteUsed)} of ${grouped(weightPerMinuteMax)} a minute are used at most`,
    `  polls ${rounded(pollWeightPerMinute)} a minute${pollStretch === 1 ? '' : `, asked ${pollStretch.toFixed(1)} times less often: the budget holds no more`}`,
    `  start ${grouped(budget.startWeight)}: ${live}`,
    '',
  ]
}

function loadLines({ load, activity }: Plan): string[] {
  const { trades, quotes, levelsPerUpdate } = busySymbol
  const together = (of: (row: TableLoad) => number): number =>
    load.tables.reduce((total, row) => total + of(row), 0)
  const total = {
    table: 'together',
    rowsPerSecond: together((row) => row.rowsPerSecond),
    bytesPerSecond: together((row) => row.bytesPerSecond),
  }
  const rows = [...load.tables, total].map(({ table, rowsPerSecond, bytesPerSecond }) => [
    `  ${table}`,
    rounded(rowsPerSecond),
    grouped(rowsPerSecond * DAY_S),
    bytesText(Math.round(bytesPerSecond * DAY_S)),
  ])
  return [
    'expected, if every symbol were as busy as BTCUSDT spot on 2024-08-08',
    `  (${trades} trades/s, ${quotes} quotes/s, ${levelsPerUpdate} levels a book update), times ${activity};`,
    `  where a channel's name says no speed: ${assumed.updates} updates/s, ${assumed.funding} rates/s:`,
    columns([['  table', 'rows/s', 'rows a day', 'bytes a day'], ...rows]),
    ...(load.notCounted.length === 0
      ? []
      : wrapped(`not counted: ${load.notCounted.join(' ')}`, 78).map((l) => `  ${l}`)),
    '',
  ]
}

function diskLines({ disk }: Plan): string[] {
  const { journal, journalBytesPerDay, tableBytesPerDay, journalBytesMax, fullInDays } = disk
  const room = journal.roomInSeconds ?? Number.POSITIVE_INFINITY
  return [
    `disk: ${bytesText(disk.freeBytes)} free`,
    `  journal ${bytesText(Math.round(journalBytesPerDay))} a day, up to ${bytesText(Math.round(journalBytesMax))}: retention begins after ${spanText(room)}`,
    `  tables  ${bytesText(Math.round(tableBytesPerDay))} a day, kept for ever`,
    fullInDays < Number.POSITIVE_INFINITY
      ? `  full in ${spanText(fullInDays * DAY_S)}${journal.isSteady ? '' : ', before retention makes room: lower journal.retention'}`
      : '  never full at this pace',
  ]
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Of what happens at all, never a plain zero. */
function rounded(value: number): string {
  if (value > 0 && value < 0.1) return 'below 0.1'
  return value < 10 ? value.toFixed(1) : grouped(value)
}
