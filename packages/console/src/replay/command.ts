import { statSync } from 'node:fs'
import { basename } from 'node:path'
import {
  imageDefaults,
  type ReplayReport,
  replayCapture,
  replayJournal,
  tableFiles,
  VERSION,
  warehouseAt,
} from '@cryptoflow/pipeline'
import { tableReport } from '@cryptoflow/reader'
import { type Clock, CryptoFlowError, systemClock } from '@cryptoflow/runtime'
import { Command } from 'commander'
import { patiently } from '../patience.ts'
import { loadSettings } from '../settings.ts'
import { byName, tablesText } from '../tables-text.ts'
import { grouped, openProgress, runAlone, wholeNumber } from '../terminal.ts'
import { timeFlag } from '../time-flag.ts'
import { replayedAgain } from './again.ts'
import { contentsOf, differences } from './contents.ts'
import { readGolden, writeGolden } from './golden.ts'
import { type Checks, checksJson, checksText, type ReplayedInput, replayText, reportJson } from './result.ts'
import { speedFlag } from './speed.ts'

interface ReplayFlags {
  readonly input: readonly string[]
  readonly warehouse: string
  readonly sealRows: number
  /** Null: as fast as possible. */
  readonly speed: number | null
  readonly receivedAt?: number
  readonly verify?: boolean
  readonly golden?: string
  readonly writeGolden?: string
  /** Configuration whose images are made instead of the journal's. */
  readonly config?: string
  readonly json?: boolean
}

/** The command `replay`. */
export function addReplay(program: Command): void {
  withReplayFlags(program.command('replay'))
}

/** Runs a process that replays and nothing else. Ends it with an explanation when it fails. */
export async function runReplayer(name: string): Promise<void> {
  await runAlone(withReplayFlags(new Command(name).version(VERSION)))
}

function withReplayFlags(command: Command): Command {
  return command
    .description('read journals or capture files again into a warehouse')
    .requiredOption(
      '--input <paths...>',
      'journal directories (a warehouse’s raw/) and capture files (.jsonl, .zst)',
    )
    .requiredOption('--warehouse <dir>', 'warehouse directory; made when it is not there')
    .option(
      '--speed <speed>',
      '1x: as fast as it was received; 10x; max: as fast as it can be',
      speedFlag,
      null,
    )
    .option('--seal-rows <rows>', 'rows after which files are sealed', wholeNumber('--seal-rows', 1), 250_000)
    .option(
      '--received-at <time>',
      'received time of captured messages that have no time at all (ISO 8601; default 1970)',
      timeFlag('--received-at'),
    )
    .option('--config <file>', 'make images of books as this configuration says, not as the journal does')
    .option('--verify', 'replay a second time, cut elsewhere, into a warehouse that is deleted: equal rows?')
    .option('--golden <file>', 'compare rows and hashes with those in the file')
    .option('--write-golden <file>', 'write rows and hashes to the file')
    .option('--json', 'one JSON object on stdout')
    .action(replay)
}

async function replay(flags: ReplayFlags): Promise<void> {
  const clock = systemClock()
  const golden = flags.golden === undefined ? null : readGolden(flags.golden)
  const startedUs = clock.nowUs()
  const cpu = process.cpuUsage()
  const replayed = await replayAll(flags, clock)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (clock.nowUs() - startedUs) / 1_000_000
  const checks = await checked(flags, golden, replayed, clock)
  const files = await tableFiles(warehouseAt(flags.warehouse), clock)
  const tables = await patiently('reading every row', () => tableReport(files))
  if ([checks.verify, checks.golden].some((found) => found !== null && found.length > 0)) process.exitCode = 1
  if (!flags.json) {
    const text = [replayText(replayed, seconds), tablesText(tables), checksText(checks)]
    process.stdout.write(`${text.join('\n').trimEnd()}\n`)
    return
  }
  const rows = replayed.reduce((sum, { report }) => sum + report.rows, 0)
  const result = {
    ...reportJson(replayed),
    tables: byName(tables),
    ...checksJson(checks),
    seconds,
    rows_per_cpu_second: Math.round(rows / ((user + system) / 1_000_000)),
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
    warehouse: warehouseAt(flags.warehouse).directory,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** Compares the rows of these inputs; others may be in the warehouse. */
async function checked(
  flags: ReplayFlags,
  golden: ReturnType<typeof readGolden> | null,
  replayed: readonly ReplayedInput[],
  clock: Clock,
): Promise<Checks> {
  const { warehouse, verify, writeGolden: goldenFile } = flags
  if (!verify && golden === null && goldenFile === undefined) return { verify: null, golden: null }
  const writers = replayed.map(({ report }) => report.writer)
  const found = await patiently('reading every row', () => contentsOf(warehouse, writers, clock))
  if (goldenFile !== undefined) writeGolden(goldenFile, found)
  // What hangs on where it is cut shows.
  const other = { ...flags, speed: null, sealRows: Math.ceil(flags.sealRows / 3) }
  const again = verify
    ? await replayedAgain(warehouse, writers, clock, async (directory) => {
        await replayAll({ ...other, warehouse: directory }, clock)
      })
    : null
  return {
    verify: again === null ? null : differences(again, found),
    golden: golden === null ? null : differences(golden, found),
  }
}

async function replayAll(flags: ReplayFlags, clock: Clock): Promise<ReplayedInput[]> {
  const replayed: ReplayedInput[] = []
  for (const input of flags.input) replayed.push({ input, report: await replayOne(input, flags, clock) })
  return replayed
}

async function replayOne(input: string, flags: ReplayFlags, clock: Clock): Promise<ReplayReport> {
  const progress = openProgress(clock.nowUs)
  const options = {
    warehouseDirectory: flags.warehouse,
    images: flags.config === undefined ? imageDefaults : loadSettings(flags.config, []).settings.images,
    isOwnImages: flags.config !== undefined,
    compression: 'zstd',
    sealRows: flags.sealRows,
    speed: flags.speed,
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
      { kind: 'usage', reaction: 'stop', context: { input }, cause },
    )
  }
}
