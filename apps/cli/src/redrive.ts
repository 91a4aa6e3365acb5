import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { columns, grouped, openPatience } from '@cryptoflow/console'
import { openRedrive, type Redrive, tableFiles, warehouseAt } from '@cryptoflow/pipeline'
import { openDuck } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from './defaults.ts'
import { withKeyFlags } from './key-flags.ts'
import { type LetterFlags, planRedrive } from './redrive-plan.ts'
import { asciiJson } from './text.ts'

export interface RedriveFlags extends LetterFlags {
  readonly warehouse: string
  readonly dryRun?: boolean
}

/** What became of the dead letters that were never redriven. Counts of letters are rows of `dead_letter`. */
export interface RedriveReport {
  /** Null in a dry run, and where there is nothing to do. */
  readonly writer: string | null
  readonly letters: number
  readonly redriven: number
  /** Events that became rows, and those that were stored before. */
  readonly stored: number
  readonly duplicates: number
  /** Rows written, in all tables. */
  readonly rows: number
  readonly still_dead: Readonly<Record<string, number>>
}

const TIMEOUT_MS = 600_000

/** The command `redrive`. */
export function addRedrive(program: Command): void {
  withKeyFlags(
    program
      .command('redrive')
      .description('read dead letters again with the decoder of this version, and store what it reads, once')
      .addOption(warehouseOption()),
    { from: 'frames received at or after this time', to: 'frames received before this time' },
  )
    .option('--reason <word>', 'only dead letters of this reason')
    .option('--dry-run', 'tell what would be done, and do nothing')
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: RedriveFlags & { readonly json?: boolean }) => {
      const report = await redriveWarehouse(flags)
      process.stdout.write(`${flags.json ? asciiJson(report) : redriveText(report, flags.dryRun === true)}\n`)
    })
}

/** Reads the open dead letters of a warehouse again. May run beside its collector; one redrive at a time. */
export async function redriveWarehouse(flags: RedriveFlags): Promise<RedriveReport> {
  const clock = systemClock()
  const warehouse = warehouseAt(flags.warehouse)
  const progress = openPatience(clock)
  const counts = { letters: 0, redriven: 0, stored: 0, duplicates: 0, rows: 0 }
  const dead = new Map<string, number>()
  progress.show('looking for dead letters')
  const open = (): Promise<Redrive> =>
    openRedrive({ warehouseDirectory: warehouse.directory, compression: 'zstd', clock })
  // What an earlier one decided must be in the tables before anybody looks at them.
  let redrive = flags.dryRun !== true && existsSync(warehouse.redriveDirectory) ? await open() : null
  try {
    for await (const page of plannedPages(flags)) {
      counts.letters += page.letters
      for (const [why, letters] of page.dead) dead.set(why, (dead.get(why) ?? 0) + letters)
      for (const { letter, store, known } of page.redriven) {
        counts.redriven += letter.letters
        counts.stored += store.length
        counts.duplicates += known.length
      }
      progress.show(`${grouped(counts.letters)} letters, ${grouped(counts.stored)} events to store`)
      if (flags.dryRun === true || page.redriven.length === 0) continue
      redrive ??= await open()
      counts.rows = await redrive.store(page.redriven)
    }
    return { writer: redrive?.writer ?? null, ...counts, still_dead: Object.fromEntries([...dead].sort()) }
  } finally {
    progress.end()
    await redrive?.close()
  }
}

async function* plannedPages(flags: RedriveFlags): ReturnType<typeof planRedrive> {
  const spill = mkdtempSync(join(tmpdir(), 'cryptoflow-redrive-'))
  try {
    const files = await tableFiles(warehouseAt(flags.warehouse), systemClock())
    const duck = await openDuck({ files, warehouse: null, spill, timeoutMs: TIMEOUT_MS })
    try {
      yield* planRedrive(duck, flags)
    } finally {
      duck.close()
    }
  } finally {
    rmSync(spill, { recursive: true, force: true })
  }
}

export function redriveText(report: RedriveReport, isDryRun: boolean): string {
  const { letters, redriven, stored, duplicates, rows, still_dead } = report
  if (letters === 0) return 'no dead letter that was not redriven'
  return [
    columns([
      ['dead letters', grouped(letters), ''],
      [isDryRun ? 'would be redriven' : 'redriven', grouped(redriven), ''],
      ['events stored', grouped(stored), isDryRun ? 'would be' : `in ${grouped(rows)} rows`],
      ['stored before', grouped(duplicates), 'left alone'],
      ...Object.entries(still_dead).map(([why, count]) => ['still dead', grouped(count), why]),
    ]),
  ].join('\n')
}
