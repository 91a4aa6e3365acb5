import { numberedTables, parseDecimal, WINDOW_STEPS_MAX, windowOf } from '@cryptoflow/model'
import type { UndecidedCollector } from './check-collectors.ts'
import { channelsOf, type MarketFact } from './facts.ts'
import type { Findings } from './findings.ts'
import type { KeyPath } from './key-path.ts'
import { hint, nearestName } from './nearest.ts'
import { quoted } from './shown.ts'

type Filter = UndecidedCollector['operators']['filter'][string]

/** Keys of a filter that are about the numbers of a message. */
const NUMBER_KEYS = {
  price_min: 'priceMin',
  price_max: 'priceMax',
  quantity_min: 'quantityMin',
  notional_min: 'notionalMin',
} as const satisfies Record<string, keyof Filter>

/** Compares what is to be done with messages with what comes of the market. */
export function checkOperators(
  { operators, streams }: UndecidedCollector,
  at: KeyPath,
  fact: MarketFact,
  findings: Findings,
): void {
  const path: KeyPath = [...at, 'operators']
  for (const [table, filter] of Object.entries(operators.filter)) {
    checkFilter(filter, table, [...path, 'filter', table], fact, findings)
  }
  checkAggregate(operators, streams, [...path, 'aggregate'], fact, findings)
  const dedupe: KeyPath = [...path, 'dedupe']
  if (operators.dedupe === null || findings.isBroken(dedupe)) return
  if (channelsOf(fact, streams).some(({ remembersIds }) => remembersIds)) return
  const message = `has no effect: repeats of what is collected of ${fact.exchange} ${fact.market} are known by their numbers`
  findings.warning(dedupe, findings.sourceOf(dedupe), message)
}

function checkFilter(filter: Filter, table: string, at: KeyPath, fact: MarketFact, findings: Findings): void {
  if (findings.isBroken(at)) return
  const market = `${fact.exchange} ${fact.market}`
  const tell = (where: KeyPath, message: string): void => {
    findings.problem(where, findings.sourceOf(where), message)
  }
  const known = [...new Set([...Object.keys(fact.tables), ...fact.channels.map((channel) => channel.table)])]
  if (!known.includes(table)) {
    tell(at, `expected a table of ${market}, got ${quoted(table)}${hint(nearestName(table, known))}`)
    return
  }
  for (const [name, key] of Object.entries(NUMBER_KEYS)) {
    const path = [...at, name]
    if (filter[key] === null || findings.isBroken(path)) continue
    if (!(numberedTables as readonly string[]).includes(table)) {
      const where = numberedTables.map(quoted).join(' and ')
      tell(
        path,
        `expected none: a message of ${quoted(table)} is not one price and one quantity; for ${where}`,
      )
    } else if (key === 'notionalMin' && fact.quantityUnit === 'contracts') {
      tell(
        path,
        `expected none: quantities of ${market} are contracts, and no price times them is a notional`,
      )
    }
  }
  checkBand(filter, at, findings)
}

function checkAggregate(
  { aggregate }: UndecidedCollector['operators'],
  streams: UndecidedCollector['streams'],
  at: KeyPath,
  fact: MarketFact,
  findings: Findings,
): void {
  if (aggregate === null || findings.isBroken(at)) return
  const path: KeyPath = [...at, 'windows']
  if (aggregate.windows === null && !findings.isBroken(path)) {
    findings.problem(path, findings.sourceOf(at), 'expected windows, got nothing')
  }
  for (const [index, text] of (aggregate.windows ?? []).entries()) {
    if (windowOf(text) !== null || findings.isBroken([...path, index])) continue
    const message = `expected a window of at most seven days and ${WINDOW_STEPS_MAX} steps, with a step that divides it, got ${quoted(text)}`
    findings.problem(path, findings.sourceOf([...path, index]), message)
  }
  const trades = channelsOf(fact, streams).filter(({ table, isPolled }) => table === 'ticks' && !isPolled)
  if (trades.length > 0) return
  const message = `expected trades among the streams, got none of ${fact.exchange} ${fact.market}: bars are made of them`
  findings.problem(at, findings.sourceOf(at), message)
}

/** A band in which no price lies would leave out everything. */
function checkBand({ priceMin, priceMax }: Filter, at: KeyPath, findings: Findings): void {
  const path: KeyPath = [...at, 'price_max']
  if (priceMin === null || priceMax === null) return
  if (findings.isBroken(path) || findings.isBroken([...at, 'price_min'])) return
  if (scaled(priceMin) <= scaled(priceMax)) return
  const source = findings.sourceOf(path)
  const got = source.isSecret ? '***' : priceMax
  findings.problem(path, source, `expected at least price_min (${priceMin}), got ${got}`)
}

/** At the most fraction digits that a bound has. */
function scaled(text: string): bigint {
  const decimal = parseDecimal(text)
  if (decimal === null || decimal === 'range') return 0n
  return decimal.mantissa * 10n ** BigInt(18 - decimal.scale)
}
