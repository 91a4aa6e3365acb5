import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bytesText, columns, grouped, patiently } from '@cryptoflow/console'
import { isJournal } from '@cryptoflow/journal'
import { journalHomes, lockWarehouses, NAMESPACE, type Warehouse, warehouseAt } from '@cryptoflow/pipeline'
import { escapeControls } from '@cryptoflow/reader'
import type { Command } from 'commander'
import { agreed, isAttended, withTerminal } from './ask.ts'
import { DEMO_HOME, DEMO_WAREHOUSE } from './defaults.ts'
import { usage } from './text.ts'
import { filesBelow } from './warehouse-check.ts'

/** What would go. */
interface CleanPart {
  readonly path: string
  readonly what: string
  readonly files: number
  readonly bytes: number
}

/** The command `clean`. */
export function addClean(program: Command): void {
  program
    .command('clean')
    .description('delete a warehouse: tables, catalog, ledger and journal, after listing them and asking')
    .option('--warehouse <dir>', 'warehouse directory; default: the demo’s, with its emission log')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nNever a warehouse that a process writes. What is not ours stays.')
    .action(clean)
}

async function clean(flags: { warehouse?: string; yes?: boolean }): Promise<void> {
  const isDemo = flags.warehouse === undefined
  const warehouse = warehouseAt(flags.warehouse ?? DEMO_WAREHOUSE)
  refuseOther(warehouse)
  const unlock = lockWarehouses(warehouse)
  try {
    const log = isDemo ? [join(DEMO_HOME, 'emissions.jsonl')] : []
    const parts = await patiently('counting files', () => partsOf(warehouse, log))
    const stays = strangers(warehouse)
    process.stdout.write(`${listText(warehouse, parts, stays)}\n`)
    if (flags.yes !== true && !(await confirmed())) {
      process.stdout.write('nothing was deleted\n')
      return
    }
    for (const { path } of parts) rmSync(path, { recursive: true, force: true })
    if (stays.length === 0) rmdirSync(warehouse.directory)
    process.stdout.write('deleted\n')
  } finally {
    unlock()
  }
}

async function confirmed(): Promise<boolean> {
  if (!isAttended()) throw usage('deleting a warehouse found nobody to ask, expected a terminal or --yes')
  return await withTerminal((ask) => agreed(ask, 'delete all of this for ever?'))
}

/** A directory without a catalog and a journal is somebody else's. */
function refuseOther(warehouse: Warehouse): void {
  const { directory, catalogFile } = warehouse
  if (existsSync(catalogFile) || journalHomes(warehouse).some(isJournal)) return
  throw usage('deleting a warehouse found neither catalog.db nor a journal in it, expected a warehouse', {
    directory,
  })
}

/** Names in a warehouse, and what they are; whoever holds the journal goes last, so that nothing is half there. */
const ours: readonly (readonly [name: RegExp, what: string])[] = [
  [/^catalog\.db(-wal|-shm|-journal)?$/, 'catalog'],
  [/^ledger\.db(-wal|-shm|-journal)?$/, 'ledger'],
  [new RegExp(`^${NAMESPACE}$`), 'tables'],
  [/^replays$/, 'replays'],
  [/^locks$/, 'locks'],
  [/^journals$/, 'journals'],
  [/^raw$/, 'journal'],
]

async function partsOf({ directory }: Warehouse, more: readonly string[]): Promise<CleanPart[]> {
  const names = readdirSync(directory)
  const found = ours.flatMap(([name, what]) =>
    names.filter((each) => name.test(each)).map((each) => ({ path: join(directory, each), what })),
  )
  const extra = more
    .filter((path) => existsSync(path))
    .map((path) => ({ path: resolve(path), what: 'emission log' }))
  const parts: CleanPart[] = []
  for (const { path, what } of [...extra, ...found]) {
    const isDirectory = statSync(path).isDirectory()
    const files = isDirectory ? await filesBelow(path) : [path]
    const bytes = files.reduce(
      (total, file) => total + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
    parts.push({ path, what, files: files.length, bytes })
  }
  return parts
}

function strangers({ directory }: Warehouse): string[] {
  return readdirSync(directory).filter((name) => !ours.some(([pattern]) => pattern.test(name)))
}

function listText({ directory }: Warehouse, parts: readonly CleanPart[], stays: readonly string[]): string {
  const rows = [...Map.groupBy(parts, ({ what }) => what)].map(([what, own]) => {
    const total = (of: (part: CleanPart) => number): number => own.reduce((sum, part) => sum + of(part), 0)
    return [`  ${what}`, grouped(total(({ files }) => files)), bytesText(total(({ bytes }) => bytes))]
  })
  return [
    directory,
    columns([['  what', 'files', 'bytes'], ...rows]),
    ...(stays.length === 0 ? [] : [`  stays: ${stays.map(escapeControls).join(', ')}`]),
  ].join('\n')
}
