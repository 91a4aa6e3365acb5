import { readInput } from '@cryptoflow/config'
import {
  bytesText,
  columns,
  grouped,
  loadSettings,
  maintainedText,
  maintenanceOf,
  openPatience,
} from '@cryptoflow/console'
import {
  type MaintainOptions,
  type MaintenanceSettings,
  maintainWarehouse,
  maintenanceDefaults,
  maintenanceTotals,
  type TableReport,
  warehouseAt,
} from '@cryptoflow/pipeline'
import { escapeControls } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { DEMO_WAREHOUSE } from './defaults.ts'
import { asciiJson, wrapped } from './text.ts'

interface MaintainFlags {
  readonly warehouse?: string
  readonly config?: string
  readonly compact?: boolean
  readonly expire?: boolean
  readonly orphans?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** The command `maintain`. */
export function addMaintain(program: Command): void {
  program
    .command('maintain')
    .description('look after the tables: join small files, forget old snapshots, delete what nothing needs')
    .option('--warehouse <dir>', 'warehouse directory; default: the configuration’s, else the demo’s')
    .option('--config <file>', 'configuration (or CONFIG_FILE) whose section maintenance counts')
    .option('--compact', 'join the small data files of hours and days that are over')
    .option('--expire', 'forget old snapshots, and delete the files that only they show')
    .option('--orphans', 'delete files that no table needs and no writer has sealed')
    .option('--dry-run', 'tell what would be done, and do nothing')
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      '\nWithout any of the three, all of them. May run beside a collector, which does\nthe same by itself. Ends with 1 when a table was left as it is.',
    )
    .action(maintain)
}

async function maintain(flags: MaintainFlags): Promise<void> {
  const { directory, settings, files } = settingsOf(flags)
  const clock = systemClock()
  const progress = openPatience(clock)
  progress.show('looking at the tables')
  const reports = await maintainWarehouse({
    warehouseDirectory: directory,
    settings: chosen(settings, flags),
    ...files,
    isDryRun: flags.dryRun === true,
    clock,
    onProgress: progress.show,
    isStopped: () => false,
  }).finally(() => progress.end())
  const totals = maintenanceTotals(reports)
  const isDryRun = flags.dryRun === true
  const text = flags.json
    ? asciiJson({ warehouse: warehouseAt(directory).directory, isDryRun, ...totals, tables: reports })
    : reportText(reports, isDryRun)
  process.stdout.write(`${text}\n`)
  if (totals.refused.length > 0) process.exitCode = 1
}

/** Of a configuration where there is one; what it says of markets does not matter here, but it must be right. */
function settingsOf({ config: path, warehouse }: MaintainFlags): {
  readonly directory: string
  readonly settings: MaintenanceSettings
  readonly files: Pick<MaintainOptions, 'compression' | 'fileBounds'>
} {
  if (readInput(path === undefined ? {} : { path }).file === null && path === undefined) {
    return {
      directory: warehouse ?? DEMO_WAREHOUSE,
      settings: maintenanceDefaults,
      files: { compression: 'zstd' },
    }
  }
  const { config, settings } = loadSettings(path, [])
  const directory = warehouse ?? settings.warehouseDirectory
  const { compression, fileBounds } = settings
  return { directory, settings: maintenanceOf(config), files: { compression, fileBounds } }
}

/** What was asked for by name is done even where the configuration has turned it off. */
function chosen(settings: MaintenanceSettings, flags: MaintainFlags): MaintenanceSettings {
  const isAll = !flags.compact && !flags.expire && !flags.orphans
  const part = <K extends keyof MaintenanceSettings>(key: K): MaintenanceSettings[K] | null => {
    if (isAll) return settings[key]
    return flags[key] === true ? (settings[key] ?? maintenanceDefaults[key]) : null
  }
  return { compact: part('compact'), expire: part('expire'), orphans: part('orphans') }
}

function reportText(reports: readonly TableReport[], isDryRun: boolean): string {
  const worth = reports.filter(
    ({ before, refused, orphans }) => before?.files !== 0 || refused !== null || orphans.files > 0,
  )
  if (worth.length === 0) return 'no table with data yet'
  const rows = worth.map((report) => {
    const { table, before, after, compacted, expired, orphans } = report
    return [
      table,
      before === null ? '-' : grouped(before.files),
      isDryRun || after === null ? '-' : grouped(after.files),
      before === null ? '-' : bytesText(before.bytes),
      isDryRun || after === null ? '-' : bytesText(after.bytes),
      `${grouped(compacted.removed)} to ${grouped(compacted.added)}`,
      grouped(expired.snapshots),
      grouped(orphans.files),
    ]
  })
  const head = ['table', 'files', 'now', 'bytes', 'now', 'joined', 'snapshots', 'orphans']
  const left = reports.flatMap(({ compacted }) => compacted.left)
  return [
    columns([head, ...rows]),
    '',
    ...(isDryRun ? ['nothing was changed; this would be done:'] : []),
    ...wrapped(escapeControls(maintainedText(maintenanceTotals(reports))), 100),
    ...(left.length === 0 ? [] : [`${grouped(left.length)} files could not be joined, the first of them:`]),
    ...left.slice(0, 1).map(({ location, why }) => `  ${escapeControls(`${location}: ${why}`)}`),
  ].join('\n')
}
