import { relative } from 'node:path'
import { columns, grouped } from '@cryptoflow/console'
import type { DemoResult } from './demo.ts'
import { exchangesText } from './demo-exchanges.ts'
import { tablesText } from './tables.ts'

/** The summary of a demo run, at most 80 columns wide. */
export function demoText(result: DemoResult): string {
  const { report, tables, exchanges } = result
  const warehouse = relative(process.cwd(), result.warehouse)
  return [
    tablesText(tables),
    '',
    exchangesText(exchanges),
    '',
    columns([
      ['emitted by the exchanges', grouped(report.emitted), 'messages'],
      ['stored', grouped(report.stored), 'exactly once, digit by digit'],
      ['in recorded gaps', grouped(report.in_gaps), 'withheld or cut off, known'],
      ['dead letters', grouped(report.dead_letters), 'damaged on the wire, kept'],
      ['not to be noticed', grouped(report.undetectable), 'withheld quotes: their numbers skip anyway'],
      ['cut off at the stop', grouped(report.unanswered), 'REST answers on their way'],
      ['lost', grouped(report.lost), ''],
      ['doubled', grouped(report.doubled), `of ${grouped(report.wire_duplicates)} sent twice`],
      [
        'gaps',
        grouped(report.gaps_recorded),
        `of ${grouped(report.gaps_injected)} injected: each is in one that is recorded`,
      ],
      ['book images checked', grouped(report.images_checked), `${grouped(report.images_wrong)} wrong`],
      ['derived changes checked', grouped(report.changes_checked), `${grouped(report.changes_wrong)} wrong`],
    ]),
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
