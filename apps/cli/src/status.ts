import { existsSync, statSync } from 'node:fs'
import { bytesText, columns, grouped, patiently } from '@cryptoflow/console'
import { freeBytes, isJournal, openJournalReader, readEpochStanding, readRecords } from '@cryptoflow/journal'
import { type HaltedTable, haltedTables, tableFiles, type Warehouse, warehouseAt } from '@cryptoflow/pipeline'
import { escapeControls } from '@cryptoflow/reader'
import { CryptoFlowError, messageOf, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { type CatalogTable, catalogTables } from './catalog-tables.ts'
import { warehouseOption } from './defaults.ts'
import { holes } from './gaps.ts'
import { runQuery } from './inspect/query.ts'
import { haltedLines } from './repair.ts'
import { channelsText, readChannels } from './status-channels.ts'
import { ageText, asciiJson, timeText, wrapped } from './text.ts'
import { filesBelow } from './warehouse-check.ts'

/** A journal as it stands. */
interface JournalStatus {
  readonly id: string
  /** A collecting process writes it at this moment. */
  readonly isRunning: boolean
  readonly firstRecord: number
  /** Last record that is durable for certain, and when it was received, microseconds; null when there is none. */
  readonly lastRecord: number
  readonly lastReceivedUs: number | null
  /** Last record whose rows are in the tables. */
  readonly releasedTo: number
}

/** A warehouse at a glance. */
export interface Status {
  readonly directory: string
  /** Null: nothing was ever collected here; the tables are of replays. */
  readonly journal: JournalStatus | null
  /** Why the journal cannot be read; null when it can. */
  readonly journalDamage: string | null
  readonly tables: readonly CatalogTable[]
  /** Tables that no committer goes on with. */
  readonly halted: readonly HaltedTable[]
  readonly holes: { readonly open: number; readonly closed: number }
  readonly disk: { readonly tableBytes: number; readonly journalBytes: number; readonly freeBytes: number }
}

/** The command `status`. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('a warehouse at a glance: collector, last record, last commits, holes, disk')
    .addOption(warehouseOption())
    .option('--health <url>', 'also the channels of the running collector, from its health page')
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: { warehouse: string; health?: string; json?: boolean }) => {
      const clock = systemClock()
      const status = await patiently('looking', () => readStatus(warehouseAt(flags.warehouse)))
      const channels = flags.health === undefined ? null : await readChannels(flags.health)
      const nowUs = clock.nowUs()
      process.stdout.write(
        `${flags.json ? asciiJson({ nowUs, ...status, channels }) : statusText(status, nowUs)}\n`,
      )
      if (channels !== null && !flags.json) process.stdout.write(`\n${channelsText(channels)}\n`)
    })
}

export async function readStatus(warehouse: Warehouse): Promise<Status> {
  const { directory, catalogFile, journalDirectory } = warehouse
  const { journal, damage } = await readJournal(journalDirectory).then(
    (found) => ({ journal: found, damage: null }),
    (error: unknown) => {
      // The rest is wanted most when something is wrong with it.
      if (error instanceof CryptoFlowError) return { journal: null, damage: messageOf(error) }
      throw error
    },
  )
  // A collector makes its tables with its first commit; before that there is only a journal.
  const isCommitted = existsSync(catalogFile) || (journal === null && damage === null)
  const known = isCommitted
    ? await openHoles(warehouse)
    : { tables: [], halted: [], holes: { open: 0, closed: 0 } }
  return {
    directory,
    journal,
    journalDamage: damage,
    ...known,
    disk: {
      tableBytes: known.tables.reduce((total, { bytes }) => total + (bytes ?? 0), 0),
      journalBytes: await bytesBelow(journalDirectory),
      freeBytes: await freeBytes(directory),
    },
  }
}

async function openHoles(warehouse: Warehouse): Promise<Pick<Status, 'tables' | 'halted' | 'holes'>> {
  const clock = systemClock()
  // A commit between the two looks would show newer ages beside older holes: nobody minds.
  const files = await tableFiles(warehouse, clock)
  const sql = `SELECT state, count(*)::INTEGER FROM ${holes({})} GROUP BY ALL`
  const { rows } = await runQuery({ files, warehouse: warehouse.directory, sql, limit: 2, clock })
  const count = (state: string): number => Number(rows.find(([name]) => name === state)?.[1] ?? 0)
  const halted = await haltedTables(warehouse, clock)
  return { tables: catalogTables(warehouse), halted, holes: { open: count('open'), closed: count('closed') } }
}

async function readJournal(directory: string): Promise<JournalStatus | null> {
  if (!isJournal(directory)) return null
  const reader = await openJournalReader(directory)
  const { id, isLive, first, last } = reader
  let lastReceivedUs: number | null = null
  if (last >= first) {
    for await (const block of reader.blocks(last, last)) {
      for (const record of readRecords(block)) lastReceivedUs = record.receivedUs
    }
  }
  return {
    id,
    isRunning: isLive,
    firstRecord: first,
    lastRecord: last,
    lastReceivedUs,
    releasedTo: (await readEpochStanding(directory)).releasedTo,
  }
}

async function bytesBelow(directory: string): Promise<number> {
  const sizes = (await filesBelow(directory)).map(
    (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
  )
  return sizes.reduce((total, size) => total + size, 0)
}

function statusText(
  { directory, journal, journalDamage, tables, halted, holes, disk }: Status,
  nowUs: number,
): string {
  const rows = tables.map(({ table, rows, files, bytes, committedUs }) => [
    table,
    ageText(committedUs, nowUs),
    rows === null ? '-' : grouped(rows),
    files === null ? '-' : grouped(files),
    bytes === null ? '-' : bytesText(bytes),
  ])
  return [
    `warehouse  ${directory}`,
    ...(journalDamage === null ? journalLines(journal, nowUs) : damageLines(journalDamage)),
    ...haltedLines(halted),
    `holes      ${grouped(holes.open)} open, ${grouped(holes.closed)} closed (cryptoflow gaps)`,
    `disk       tables ${bytesText(disk.tableBytes)}, journal ${bytesText(disk.journalBytes)}, ${bytesText(disk.freeBytes)} free`,
    '',
    rows.length === 0
      ? 'no table yet'
      : columns([['table', 'last commit', 'rows', 'files', 'bytes'], ...rows]),
  ].join('\n')
}

function damageLines(damage: string): string[] {
  const lines = wrapped(escapeControls(damage), 69).map((line) => `           ${line}`)
  return ['journal    DAMAGED (cryptoflow journal verify):', ...lines]
}

/** How the collector fares, in the words of `status`. */
export function journalLines(journal: JournalStatus | null, nowUs: number): string[] {
  if (journal === null) return ['collector  none ever ran here']
  const { id, isRunning, firstRecord, lastRecord, lastReceivedUs, releasedTo } = journal
  const waiting = Math.max(0, lastRecord - Math.max(releasedTo, firstRecord - 1))
  return [
    `collector  ${isRunning ? 'running' : 'not running'}, journal ${id}`,
    `durable    record ${grouped(lastRecord)}, ${timeText(lastReceivedUs)} (${ageText(lastReceivedUs, nowUs)})`,
    `in tables  up to record ${grouped(releasedTo)}, ${grouped(waiting)} waiting for a commit`,
  ]
}
