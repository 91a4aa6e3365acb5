import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { grouped, openProgress, wholeNumber } from '@cryptoflow/console'
import {
  imageDefaults,
  type LineVerdict,
  type ReplayReport,
  replayCapture,
  replayJournal,
  tableFiles,
  warehouseAt,
} from '@cryptoflow/pipeline'
import { type Clock, CryptoFlowError, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { tableReport } from './inspect/report.ts'
import { patiently } from './patience.ts'
import { byName, tablesText } from './tables.ts'
import { timeFlag } from './text.ts'

interface ReplayFlags {
  readonly input: readonly string[]
  readonly warehouse: string
  readonly sealRows: number
  readonly receivedAt?: number
  readonly json?: boolean
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('read journals or capture files again, at full speed, into a warehouse')
    .requiredOption(
      '--input <paths...>',
      'journal directories (a warehouse’s raw/) and capture files (.jsonl, .zst)',
    )
    .requiredOption('--warehouse <dir>', 'warehouse directory; made when it is not there')
    .option('--seal-rows <rows>', 'rows after which files are sealed', wholeNumber('--seal-rows', 1), 250_000)
    .option(
      '--received-at <time>',
      'received time of captured messages that have no time at all (ISO 8601; default 1970)',
      timeFlag('--received-at'),
    )
    .option('--json', 'one JSON object on stdout')
    .action(replay)
}

async function replay(flags: ReplayFlags): Promise<void> {
  const clock = systemClock()
  const startedUs = clock.nowUs()
  const cpu = process.cpuUsage()
  const reports: { input: string; report: ReplayReport }[] = []
  for (const input of flags.input) reports.push({ input, report: await replayOne(input, flags, clock) })
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (clock.nowUs() - startedUs) / 1_000_000
  const files = await tableFiles(warehouseAt(flags.warehouse), clock)
  const tables = await patiently('reading every row', () => tableReport(files))
  if (!flags.json) {
    process.stdout.write(`${replayText(reports, seconds)}\n${tablesText(tables)}\n`)
    return
  }
  const sum = (of: (report: ReplayReport) => number): number =>
    reports.reduce((total, { report }) => total + of(report), 0)
  const rows = sum((report) => report.rows)
  const result = {
    files: reports.map(({ input, report }) => ({
      file: basename(input),
      decoded: report.tally.decoded,
      ignored: report.tally.ignored,
      refused: report.tally.refused,
      ...(report.lines === null ? {} : { records: report.lines.map(lineReport) }),
    })),
    messages: sum((report) => report.messages),
    decoded: sum((report) => report.tally.decodedMessages),
    ignored: sum((report) => total(report.tally.ignored)),
    refused: sum((report) => total(report.tally.refused)),
    dead_letters: sum((report) => total(report.tally.deadLetters)),
    books: reports.flatMap(({ input, report }) =>
      report.books.map((book) => ({ file: basename(input), ...book })),
    ),
    tables: byName(tables),
    seconds,
    rows_per_cpu_second: Math.round(rows / ((user + system) / 1_000_000)),
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
    warehouse: warehouseAt(flags.warehouse).directory,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

async function replayOne(input: string, flags: ReplayFlags, clock: Clock): Promise<ReplayReport> {
  const progress = openProgress(clock.nowUs)
  const options = {
    warehouseDirectory: flags.warehouse,
    images: imageDefaults,
    compression: 'zstd',
    sealRows: flags.sealRows,
    clock,
    onProgress: ({ lastRecord, rows }: { lastRecord: number; rows: number }) =>
      progress.show(`${basename(input)}: record ${grouped(lastRecord)}, ${grouped(rows)} rows`),
  } as const
  try {
    if (isDirectory(input)) return await replayJournal(input, options)
    return await replayCapture(input, { ...options, receivedAtUs: flags.receivedAt ?? 0 })
  } finally {
    progress.end()
  }
}

function isDirectory(input: string): boolean {
  try {
    return statSync(input).isDirectory()
  } catch (cause) {
    throw new CryptoFlowError(
      'replaying: the input cannot be opened; expected a journal directory or a capture file',
      {
        kind: 'usage',
        reaction: 'stop',
        context: { input },
        cause,
      },
    )
  }
}

function replayText(reports: { input: string; report: ReplayReport }[], seconds: number): string {
  const lines = reports.map(({ input, report }) => {
    const dead = total(report.tally.deadLetters)
    const refused = refusedText(report.tally.refused)
    return `${basename(input)}: ${grouped(report.rows)} rows from ${grouped(report.records)} records, ${dead} dead letters${refused}`
  })
  return [...lines, `${seconds.toFixed(1)} s`, ''].join('\n')
}

/** `, 485 messages not ours (out_of_scope 485)`; empty when there are none. */
function refusedText(refused: Readonly<Record<string, number>>): string {
  if (total(refused) === 0) return ''
  const reasons = Object.entries(refused)
    .sort()
    .map(([reason, count]) => `${reason} ${grouped(count)}`)
  return `, ${grouped(total(refused))} messages not ours (${reasons.join(', ')})`
}

/** What became of a capture's message, by its place in the file. */
function lineReport(verdict: LineVerdict, i: number): object {
  return verdict.kind === 'decoded'
    ? { i, verdict: verdict.kind, rows: verdict.rows }
    : { i, verdict: verdict.kind, reason: verdict.reason }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
