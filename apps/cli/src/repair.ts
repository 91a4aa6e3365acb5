import { patiently } from '@cryptoflow/console'
import { type TableName, tables } from '@cryptoflow/model'
import {
  type HaltedTable,
  haltedTables,
  type RepairOutcome,
  repairWarehouse,
  warehouseAt,
} from '@cryptoflow/pipeline'
import { escapeControls } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { Option } from 'commander'
import { warehouseOption } from './defaults.ts'
import { asciiJson } from './text.ts'

interface RepairFlags {
  readonly warehouse: string
  readonly keep?: boolean
  readonly reapply?: boolean
  readonly table?: TableName
  readonly json?: boolean
}

/** The command `repair`. */
export function addRepair(program: Command): void {
  program
    .command('repair')
    .description('take up tables again that were rolled back or replaced by somebody else')
    .addOption(warehouseOption())
    .addOption(
      new Option('--keep', 'what a table shows is right; what was taken out is given up').conflicts(
        'reapply',
      ),
    )
    .option('--reapply', 'what was taken out comes back from the ledger, with its data files')
    .addOption(
      new Option('--table <name>', 'this table alone; default: all that are halted').choices(
        Object.keys(tables),
      ),
    )
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nWithout --keep and --reapply it says which tables are halted, and why; nothing\nis changed. Ends with 1 when a table is halted afterwards.',
    )
    .action(repair)
}

/** A halted table, and what became of it; `outcome` is null when nothing was asked for. */
interface Repaired extends HaltedTable {
  readonly outcome: RepairOutcome | null
}

async function repair(flags: RepairFlags): Promise<void> {
  const warehouse = warehouseAt(flags.warehouse)
  const clock = systemClock()
  const halted = (await patiently('looking', () => haltedTables(warehouse, clock))).filter(
    ({ table }) => flags.table === undefined || flags.table === table,
  )
  const mode = flags.keep === true ? 'keep' : flags.reapply === true ? 'reapply' : null
  const repaired: Repaired[] = []
  for (const each of halted) {
    const outcome =
      mode === null
        ? null
        : await patiently(`repairing ${each.table}`, () =>
            repairWarehouse(warehouse, each.table, mode, clock),
          )
    repaired.push({ ...each, outcome })
  }
  const isWell = repaired.every(({ outcome }) => outcome !== null && outcome.kind !== 'refused')
  const text = flags.json ? asciiJson({ warehouse: warehouse.directory, tables: repaired }) : textOf(repaired)
  process.stdout.write(`${text}\n`)
  if (!isWell) process.exitCode = 1
}

function textOf(repaired: readonly Repaired[]): string {
  if (repaired.length === 0) return 'no table is halted: nothing to repair'
  const lines = repaired.flatMap(({ table, why, outcome }) => [
    `${table}: ${escapeControls(why)}`,
    `  ${escapeControls(outcomeText(outcome))}`,
  ])
  if (repaired.every(({ outcome }) => outcome !== null)) return lines.join('\n')
  return [...lines, '', ...choices].join('\n')
}

const choices = [
  'Nothing was changed. What now?',
  '  cryptoflow repair --keep      what the tables show is right: go on from there',
  '  cryptoflow repair --reapply   bring back what was taken out, then go on',
]

function outcomeText(outcome: RepairOutcome | null): string {
  if (outcome === null) return 'halted: its rows are sealed and wait, nothing of it is deleted'
  if (outcome.kind === 'sound') return 'goes on already'
  if (outcome.kind === 'refused') return `not repaired, nothing was changed: ${outcome.why}`
  return outcome.waiting === 0
    ? 'repaired: goes on'
    : `repaired: goes on, ${outcome.waiting} epochs from the ledger are in it now`
}

/** What other commands say of halted tables. */
export function haltedLines(halted: readonly HaltedTable[]): string[] {
  return halted.map(({ table, why }) => `HALTED     ${table}: ${escapeControls(why)} (cryptoflow repair)`)
}
