import { patiently, wholeNumber } from '@cryptoflow/console'
import { tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from './defaults.ts'
import { formatJson, formatTable, runQuery } from './inspect/query.ts'
import { type KeyFlags, keyConditions, timestamp, whereAll, withKeyFlags } from './key-flags.ts'
import { asciiJson } from './text.ts'

interface GapsFlags extends KeyFlags {
  readonly warehouse: string
  readonly limit: number
  readonly json?: boolean
}

/** The command `gaps`: what was not received. */
export function addGaps(program: Command): void {
  withKeyFlags(
    program
      .command('gaps')
      .description('what was not received: holes by cause, then the latest of them')
      .addOption(warehouseOption()),
    { from: 'holes that end after this time', to: 'holes that begin before this time' },
  )
    .option('--limit <holes>', 'most holes listed', wholeNumber('--limit', 1), 20)
    .option('--json', 'one JSON object on stdout')
    .action(gaps)
}

async function gaps(flags: GapsFlags): Promise<void> {
  const clock = systemClock()
  const warehouse = warehouseAt(flags.warehouse)
  const files = await tableFiles(warehouse, clock)
  const ask = (sql: string, limit: number) =>
    runQuery({ files, warehouse: warehouse.directory, sql, limit, clock })
  const [summary, listed] = await patiently('reading gaps', async () => [
    await ask(summarySql(flags), 1000),
    await ask(holesSql(flags), flags.limit),
  ])
  if (flags.json) {
    const plain = (result: typeof summary): unknown => JSON.parse(formatJson(result))
    process.stdout.write(`${asciiJson({ summary: plain(summary), gaps: plain(listed) })}\n`)
    return
  }
  if (summary.rows.length === 0) {
    process.stdout.write('no holes\n')
    return
  }
  const width = process.stdout.columns ?? 80
  process.stdout.write(`${formatTable(summary, width)}\n\n${formatTable(listed, width)}\n`)
}

/** One row per hole: `closed` once a message closed it, with the borders that are known by then. */
export function holes(flags: KeyFlags): string {
  const { from, to } = flags
  const later = from === undefined ? [] : [`(to_ts IS NULL OR to_ts >= ${timestamp(from)})`]
  const earlier = to === undefined ? [] : [`(coalesce(from_ts, received_ts) <= ${timestamp(to)})`]
  return `(
    SELECT gap_id, exchange, market, symbol, table_name, stream,
      CASE WHEN bool_or(state = 'closed') THEN 'closed' ELSE 'open' END AS state,
      arg_min(cause, frame) AS cause, min(from_ts) AS from_ts, max(to_ts) AS to_ts,
      max(from_seq) AS from_seq, max(to_seq) AS to_seq, max(missing) AS missing, min(received_ts) AS received_ts
    FROM gaps GROUP BY ALL
  ) ${whereAll([...keyConditions(flags), ...later, ...earlier])}`
}

function summarySql(flags: GapsFlags): string {
  return `
    SELECT market, table_name, cause, state, count(*)::INTEGER AS holes, count(DISTINCT symbol)::INTEGER AS symbols,
      sum(missing)::VARCHAR AS missing, strftime(max(coalesce(to_ts, from_ts)), '%m-%d %H:%M') AS latest
    FROM ${holes(flags)} GROUP BY ALL ORDER BY holes DESC, market, table_name, cause, state`
}

function holesSql(flags: GapsFlags): string {
  return `
    SELECT symbol, stream, cause, state, strftime(from_ts, '%m-%d %H:%M:%S') AS "from",
      round(date_diff('microseconds', from_ts, to_ts) / 1e6, 1)::DECIMAL(18,1) AS seconds, missing
    FROM ${holes(flags)} ORDER BY received_ts DESC, market, symbol, stream, gap_id`
}
