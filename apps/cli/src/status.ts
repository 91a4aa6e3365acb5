import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { alarmText, bytesText, columns, grouped, patiently } from '@cryptoflow/console'
import { freeBytes, isJournal, openJournalReader, readEpochStanding, readRecords } from '@cryptoflow/journal'
import {
  type CommitOverview,
  commitOverview,
  type HaltedTable,
  haltedTables,
  journalHomes,
  tableFiles,
  type Warehouse,
  warehouseAt,
} from '@cryptoflow/pipeline'
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
export interface JournalStatus {
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

/** The journal of one of several processes that collect into a warehouse. */
export interface NamedJournal {
  readonly name: string
  readonly journal: JournalStatus | null
  readonly damage: string | null
}

/** A warehouse at a glance. */
export interface Status {
  readonly directory: string
  /** The one without a name; null: no process without a name has ever collected here. */
  readonly journal: JournalStatus | null
  /** Why that journal cannot be read; null when it can. */
  readonly journalDamage: string | null
  /** Those of processes with names. */
  readonly journals: readonly NamedJournal[]
  /** What waits for a commit, and who commits. */
  readonly commits: CommitOverview
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
  const { journal, damage } = await journalOrDamage(journalDirectory)
  const journals: NamedJournal[] = []
  for (const home of journalHomes(warehouse)) {
    if (home !== journalDirectory) journals.push({ name: basename(home), ...(await journalOrDamage(home)) })
  }
  // A collector makes its tables with its first commit; before that there is only a journal.
  const isCommitted =
    existsSync(catalogFile) || (journal === null && damage === null && journals.length === 0)
  const known = isCommitted
    ? await openHoles(warehouse)
    : { tables: [], halted: [], holes: { open: 0, closed: 0 } }
  return {
    directory,
    journal,
    journalDamage: damage,
    journals,
    commits: await commitOverview(warehouse, systemClock()),
    ...known,
    disk: {
      tableBytes: known.tables.reduce((total, { bytes }) => total + (bytes ?? 0), 0),
      journalBytes: await bytesBelow(...journalHomes(warehouse)),
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

/** The rest of a status is wanted most when something is wrong with a journal. */
async function journalOrDamage(directory: string): Promise<Omit<NamedJournal, 'name'>> {
  try {
    return { journal: await readJournal(directory), damage: null }
  } catch (error) {
    if (error instanceof CryptoFlowError) return { journal: null, damage: messageOf(error) }
    throw error
  }
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

async function bytesBelow(...directories: readonly string[]): Promise<number> {
  const paths = (await Promise.all(directories.map(filesBelow))).flat()
  const sizes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0)
  return sizes.reduce((total, size) => total + size, 0)
}

function statusText(status: Status, nowUs: number): string {
  const { directory, journalDamage, tables, halted, holes, disk } = status
  const rows = tables.map(({ table, rows, files, bytes, committedUs }) => [
    table,
    ageText(committedUs, nowUs),
    rows === null ? '-' : grouped(rows),
    files === null ? '-' : grouped(files),
    bytes === null ? '-' : bytesText(bytes),
  ])
  return [
    `warehouse  ${directory}`,
    ...(journalDamage === null ? collectorLines(status, nowUs) : damageLines(journalDamage)),
    ...commitLines(status.commits, nowUs),
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

/** How the collectors fare, in the words of `status`. */
export function collectorLines(
  { journal, journals }: Pick<Status, 'journal' | 'journals'>,
  nowUs: number,
): string[] {
  const named = journals.flatMap((each) => [
    `-- ${each.name}`,
    ...(each.damage === null ? journalLines(each.journal, nowUs) : damageLines(each.damage)),
  ])
  return journal === null && journals.length > 0 ? named : [...journalLines(journal, nowUs), ...named]
}

/** Who commits, what waits for it, and what a person must know of that. */
function commitLines({ backlogs, committers, alarms }: CommitOverview, nowUs: number): string[] {
  const who = committers.map(
    ({ name, seenMs }) => `${escapeControls(name)} (${ageText(seenMs * 1000, nowUs)})`,
  )
  const waiting = backlogs.map(
    ({ name, writer, epochs, sealedAtMs }) =>
      `waiting    ${grouped(epochs)} epochs of ${escapeControls(name)} (${writer}), the oldest sealed ${ageText(sealedAtMs * 1000, nowUs)}`,
  )
  return [
    `commits    ${who.length === 0 ? 'nobody at this moment' : `by ${who.join(', ')}`}`,
    ...waiting,
    ...alarms.map((alarm) => `ALARM      ${escapeControls(alarmText(alarm))}`),
  ]
}

function journalLines(journal: JournalStatus | null, nowUs: number): string[] {
  if (journal === null) return ['collector  none ever ran here']
  const { id, isRunning, firstRecord, lastRecord, lastReceivedUs, releasedTo } = journal
  const waiting = Math.max(0, lastRecord - Math.max(releasedTo, firstRecord - 1))
  return [
    `collector  ${isRunning ? 'running' : 'not running'}, journal ${id}`,
    `durable    record ${grouped(lastRecord)}, ${timeText(lastReceivedUs)} (${ageText(lastReceivedUs, nowUs)})`,
    `in tables  up to record ${grouped(releasedTo)}, ${grouped(waiting)} later ones not seen there yet`,
  ]
}
