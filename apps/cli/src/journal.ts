import { existsSync, readdirSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { bytesText, grouped, openPatience, patiently, wholeNumber } from '@cryptoflow/console'
import {
  catJournal,
  exportCapture,
  importCapture,
  listJournal,
  readEpochStanding,
  verifyJournal,
} from '@cryptoflow/journal'
import { type JournalRecord, type Market, RecordKind } from '@cryptoflow/model'
import { VERSION } from '@cryptoflow/pipeline'
import { systemClock } from '@cryptoflow/runtime'
import { Argument, type Command, Option } from 'commander'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { foreignBytes, kindNames, lineOf, speaksOf } from './journal-lines.ts'
import { journalAt } from './journal-place.ts'
import { listingText, stateOf, verdictText } from './journal-text.ts'
import { asciiJson, listFlag, usage } from './text.ts'

interface CatFlags {
  readonly from?: number
  readonly to?: number
  readonly kinds?: string
  readonly connection?: number
  readonly symbol?: string
  readonly limit?: number
  readonly raw?: boolean
}

const markets: readonly Market[] = ['spot', 'linear', 'inverse']

const JOURNAL = 'warehouse or journal directory'

const journalArgument = (): Argument =>
  new Argument('[journal]', JOURNAL).default(DEMO_WAREHOUSE, 'the demo’s')

/** The commands `journal ls`, `verify`, `cat`, `export` and `import`: a journal from outside. Only `import` writes one. */
export function addJournal(program: Command): void {
  const journal = program.command('journal').description('look at what was received, exactly as it was')
  journal
    .command('ls')
    .description('list the segments: records, times, bytes, whether their rows are in the tables')
    .addArgument(journalArgument())
    .option('--json', 'one JSON object on stdout')
    .action(list)
  journal
    .command('verify')
    .description('read every record and check its checksum; names the first damage and ends with 1')
    .addArgument(journalArgument())
    .option('--json', 'one JSON object on stdout')
    .action(verify)
  journal
    .command('cat')
    .description('print records as JSON lines, everything from outside escaped')
    .addArgument(journalArgument())
    .option('--from <record>', 'first record', wholeNumber('--from', 1))
    .option('--to <record>', 'last record', wholeNumber('--to', 1))
    .option('--kinds <list>', kindNames.join(', '))
    .option('--connection <record>', 'the record that opened it', wholeNumber('--connection', 1))
    .option('--symbol <text>', 'records that hold this text, in capitals or not')
    .option('--limit <records>', 'most records printed', wholeNumber('--limit', 1))
    .option('--raw', 'the bytes of frames and answers as they came, a line feed behind each')
    .action(cat)
  journal
    .command('export')
    .description('write frames and answers to a capture file (JSON lines, zstd)')
    .argument('<file>', 'new file; by custom it ends in .jsonl.zst')
    .addOption(new Option('--journal <dir>', JOURNAL).default(DEMO_WAREHOUSE, 'the demo’s'))
    .option('--from <record>', 'first record', wholeNumber('--from', 1))
    .option('--to <record>', 'last record', wholeNumber('--to', 1))
    .option('--force', 'over a file that is there')
    .option('--json', 'one JSON object on stdout')
    .action(exportFile)
  journal
    .command('import')
    .description('make a new journal of a capture file, to be replayed')
    .argument('<file>', 'capture file (.jsonl, .jsonl.zst)')
    .argument('<directory>', 'the new journal’s')
    .addOption(
      new Option('--compression <name>', 'how segments are written')
        .choices(['none', 'zstd'])
        .default('zstd'),
    )
    .addOption(
      new Option('--market <market>', 'of every line, where the recorder’s word for it is not ours').choices([
        ...markets,
      ]),
    )
    .option('--json', 'one JSON object on stdout')
    .action(importFile)
}

async function list(path: string, flags: { json?: boolean }): Promise<void> {
  const directory = journalAt(path)
  const listing = await patiently('reading segments', () => listJournal(directory))
  const { releasedTo } = await readEpochStanding(directory)
  const segments = listing.segments.map((segment) => ({ ...segment, state: stateOf(segment, releasedTo) }))
  const text = flags.json ? asciiJson({ ...listing, segments, releasedTo }) : listingText(listing, releasedTo)
  process.stdout.write(`${text}\n`)
}

async function verify(path: string, flags: { json?: boolean }): Promise<void> {
  const progress = openPatience(systemClock())
  const report = await verifyJournal(journalAt(path), ({ segments, segmentsTotal, records }) =>
    progress.show(`segment ${segments} of ${segmentsTotal}, ${grouped(records)} records`),
  ).finally(() => progress.end())
  process.stdout.write(`${flags.json ? asciiJson(report) : verdictText(report)}\n`)
  if (report.damage !== null) process.exitCode = 1
}

async function cat(path: string, flags: CatFlags): Promise<void> {
  if (flags.raw && process.stdout.isTTY) {
    throw usage('printing raw bytes found a terminal, expected a file or a pipe: they may hold anything')
  }
  const { from, to, connection, limit = Number.POSITIVE_INFINITY } = flags
  const kinds = flags.kinds === undefined ? undefined : listFlag(flags.kinds).map(kindOf)
  const records = catJournal(journalAt(path), {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(connection === undefined ? {} : { connection }),
  })
  const isWanted = flags.symbol === undefined ? () => true : speaksOf(flags.symbol)
  await pipeline(Readable.from(chunks(records, isWanted, limit, flags.raw === true)), process.stdout, {
    end: false,
  })
}

async function* chunks(
  records: AsyncIterable<JournalRecord>,
  isWanted: (record: JournalRecord) => boolean,
  limit: number,
  isRaw: boolean,
): AsyncGenerator<string | Uint8Array> {
  let printed = 0
  for await (const record of records) {
    if (!isWanted(record)) continue
    const bytes = isRaw ? foreignBytes(record) : null
    if (isRaw && bytes === null) continue
    yield bytes === null ? `${asciiJson(lineOf(record))}\n` : Buffer.concat([bytes, Buffer.from('\n')])
    printed += 1
    if (printed >= limit) return
  }
}

function kindOf(name: string): RecordKind {
  const known = kindNames.find((kind) => kind === name)
  if (known !== undefined) return RecordKind[known]
  throw usage(
    `reading the command line: --kinds names ${asciiJson(name)}, expected some of ${kindNames.join(', ')}`,
  )
}

interface ExportFlags {
  readonly journal: string
  readonly from?: number
  readonly to?: number
  readonly force?: boolean
  readonly json?: boolean
}

async function exportFile(file: string, flags: ExportFlags): Promise<void> {
  if (existsSync(file) && flags.force !== true) {
    throw usage('exporting a journal found the file there already; expected a new one, or --force', {
      file: resolve(file),
    })
  }
  const { from, to } = flags
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const progress = openPatience(systemClock())
  progress.show('exporting')
  const report = await exportCapture(journalAt(flags.journal), file, range).finally(() => progress.end())
  const unnamed =
    report.unnamedFrames === 0
      ? ''
      : `\n${grouped(report.unnamedFrames)} frames left out: the record that opened their connection was retired`
  const text = `${grouped(report.frames)} frames and ${grouped(report.answers)} answers exported${unnamed}`
  process.stdout.write(`${flags.json ? asciiJson(report) : text}\n`)
}

async function importFile(
  file: string,
  directory: string,
  flags: { compression: 'none' | 'zstd'; market?: Market; json?: boolean },
): Promise<void> {
  const { compression, market } = flags
  if (!existsSync(file)) throw usage('importing a capture found no such file', { file: resolve(file) })
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw usage('importing a capture found the directory in use, expected a new or an empty one', {
      directory: resolve(directory),
    })
  }
  const clock = systemClock()
  const progress = openPatience(clock)
  progress.show('importing')
  try {
    const report = await importCapture(file, {
      directory,
      clock,
      version: VERSION,
      compression,
      ...(market === undefined ? {} : { marketOf: () => market }),
    })
    const unnamed =
      report.unnamedAnswers === 0
        ? ''
        : `\n${grouped(report.unnamedAnswers)} answers left out: their lines do not say what they answer`
    const bytes = (await listJournal(directory)).bytes
    const text = `journal ${report.id}: ${grouped(report.frames)} frames and ${grouped(report.answers)} answers, ${bytesText(bytes)}${unnamed}`
    process.stdout.write(`${flags.json ? asciiJson({ ...report, directory: resolve(directory) }) : text}\n`)
  } catch (error) {
    // Half a journal would be replayed as if it were a whole one.
    rmSync(directory, { recursive: true, force: true })
    throw error
  } finally {
    progress.end()
  }
}
