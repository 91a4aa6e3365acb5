import { relative } from 'node:path'
import { grouped, tablesText } from '@cryptoflow/console'
import type { DemoResult } from './demo.ts'
import { exchangesText } from './demo-exchanges.ts'
import { arithmeticText } from './verify-text.ts'

/** The summary of a demo run, at most 80 columns wide. */
export function demoText(result: DemoResult): string {
  const { report, tables, exchanges } = result
  const warehouse = relative(process.cwd(), result.warehouse)
  return [
    tablesText(tables),
    '',
    exchangesText(exchanges),
    '',
    arithmeticText(report),
    '',
    `${grouped(result.rowsPerSecond)} rows/s over ${result.seconds.toFixed(1)} s, at the pace of the exchanges`,
    verdict(result),
    `warehouse: ${warehouse}`,
    '',
    'Try:',
    ...queries.map((sql) => `  ./cryptoflow query "${sql}"`),
  ].join('\n')
}

/** Queries that every demo warehouse answers with rows. */
const queries = [
  'SELECT symbol, max(price) FROM ticks GROUP BY 1',
  'SELECT symbol, cause, missing FROM gaps WHERE missing>0',
  'SELECT event_ts, price FROM spot_ob WHERE level=0 LIMIT 5',
]

function verdict({ report, emissions }: DemoResult): string {
  if (report.ok) return 'verified by DuckDB against the emission log: nothing lost, nothing doubled'
  const log = relative(process.cwd(), emissions)
  return `NOT VERIFIED: see ./cryptoflow verify --emissions ${log}`
}
