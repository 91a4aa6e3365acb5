import { closeSync, linkSync, openSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { grouped, openPatience, parseTime, wholeNumber } from '@cryptoflow/console'
import { type AsOf, tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { messageOf, systemClock } from '@cryptoflow/runtime'
import { type Command, Option } from 'commander'
import { warehouseOption } from './defaults.ts'
import {
  copyQuery,
  csvFormat,
  formatTable,
  jsonFormat,
  type QueryOptions,
  runQuery,
  streamQuery,
  type WrittenResult,
} from './inspect/query.ts'
import { type KeyFlags, rowConditions, withKeyFlags } from './key-flags.ts'
import { formats, type ResultFormat, resultText } from './result-text.ts'
import { asciiJson, usage } from './text.ts'

type FileFormat = ResultFormat | 'parquet'

interface QueryFlags extends KeyFlags {
  readonly warehouse: string
  readonly format: FileFormat
  readonly limit?: number
  readonly out?: string
  readonly asOf?: AsOf
  readonly unsafe?: boolean
}

/** Rows on a terminal, where nobody said how many. */
const SHOWN_MAX = 1000

/** The command `query`. */
export function addQuery(program: Command): void {
  withKeyFlags(
    program
      .command('query')
      .description('run a SQL query (DuckDB, read-only) over the tables of a warehouse')
      .argument('<sql>', 'for example "select symbol, count(*) from ticks group by all"')
      .addOption(warehouseOption())
      .option('--as-of <time|snapshot>', 'the tables as they were then, or when they got this snapshot', asOf)
      .addOption(
        new Option('--format <format>', 'form of the result; parquet with --out only')
          .choices([...formats, 'parquet'])
          .default('table'),
      )
      .option('--out <file>', 'new file for the result, instead of stdout')
      .option(
        '--limit <rows>',
        `most rows; default: ${SHOWN_MAX} on stdout, all with --out`,
        wholeNumber('--limit', 1),
      ),
    { from: 'only rows of events from this time on', to: 'only rows of events before this time' },
  )
    .option('--unsafe', 'no lock, no limits of memory and time: SQL may read and write any file')
    .addHelpText('after', '\nThe flags narrow every table that the query reads.')
    .action(query)
}

async function query(sql: string, flags: QueryFlags): Promise<void> {
  const clock = systemClock()
  const warehouse = warehouseAt(flags.warehouse)
  const progress = openPatience(clock)
  progress.show('running the query')
  try {
    const options: QueryOptions = {
      files: await tableFiles(warehouse, clock, flags.asOf),
      warehouse: warehouse.directory,
      sql,
      limit: flags.limit ?? (flags.out === undefined ? SHOWN_MAX : Number.POSITIVE_INFINITY),
      where: rowConditions(flags),
      isUnsafe: flags.unsafe === true,
      clock,
    }
    if (flags.out === undefined) {
      if (flags.format === 'parquet')
        throw usage('reading the command line: --format parquet is no text, expected --out with it')
      const text = resultText(await runQuery(options), flags.format)
      progress.end()
      process.stdout.write(`${text}\n`)
      return
    }
    const { rows, truncated } = await writeResult(options, flags.format, flags.out)
    progress.end()
    const more = truncated ? ' (there are more: --limit)' : ''
    process.stderr.write(`${grouped(rows)} rows written to ${flags.out}${more}\n`)
  } finally {
    progress.end()
  }
}

/** Into a file of another name first: a result that is not whole is nobody's. */
async function writeResult(options: QueryOptions, format: FileFormat, out: string): Promise<WrittenResult> {
  const path = resolve(out)
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
  try {
    const written = await writeDraft(options, format, draft)
    onFile(path, () => linkSync(draft, path))
    return written
  } finally {
    rmSync(draft, { force: true })
  }
}

async function writeDraft(options: QueryOptions, format: FileFormat, draft: string): Promise<WrittenResult> {
  // What cannot be written is told before anything is computed.
  const file = onFile(draft, () => openSync(draft, 'wx'))
  const write = (text: string): void => {
    onFile(draft, () => writeSync(file, text))
  }
  try {
    switch (format) {
      case 'parquet':
        return await copyQuery(options, draft)
      case 'csv':
      case 'json': {
        const result = await streamQuery(options, format === 'csv' ? csvFormat : jsonFormat, write)
        write('\n')
        return result
      }
      case 'table': {
        const result = await runQuery({ ...options, limit: Math.min(options.limit, SHOWN_MAX) })
        write(`${formatTable(result, process.stdout.columns ?? 80)}\n`)
        return { rows: result.rows.length, truncated: result.truncated }
      }
    }
  } finally {
    closeSync(file)
  }
}

function onFile<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw usage(`writing a result: ${messageOf(error)}; expected a new file in a directory that is there`, {
      path,
    })
  }
}

/** A snapshot's id is a long number, and no time is one. */
function asOf(text: string): AsOf {
  if (/^\d{5,19}$/.test(text)) return { kind: 'snapshot', id: BigInt(text) }
  const us = parseTime(text)
  if (us !== null) return { kind: 'time', us }
  throw usage(
    `reading the command line: --as-of is ${asciiJson(text)}, expected a time such as 2026-11-20T12:00:00Z or a snapshot’s id`,
  )
}
