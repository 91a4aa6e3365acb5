import {
  explain,
  type LoadResult,
  loadConfig,
  printConfig,
  problemText,
  readInput,
  schemaText,
} from '@cryptoflow/config'
import { ConfigError, exchangeFacts, settingOf } from '@cryptoflow/console'
import type { Command } from 'commander'
import { asciiJson, usage } from './text.ts'

interface FileFlags {
  readonly config?: string
  readonly set?: readonly string[]
  readonly json?: boolean
}

/** The commands `config check`, `print`, `schema` and `explain`. */
export function addConfig(program: Command): void {
  const config = program.command('config').description('check, print and explain a configuration')
  const withFile = (command: Command): Command =>
    command
      .option('--config <file>', 'configuration; default: CONFIG_FILE of the environment')
      .option('--set <key=value...>', 'any key, over file and environment')
  withFile(config.command('check').description('tell everything that is wrong; ends with 2 if anything is'))
    .option('--json', 'one JSON object on stdout')
    .action(check)
  withFile(
    config.command('print').description('print every effective value with where it is from, as YAML'),
  ).action(print)
  config
    .command('schema')
    .description('print the JSON Schema for editors')
    .action(() => {
      process.stdout.write(schemaText())
    })
  config
    .command('explain')
    .description('say what a key does, takes and is by default; without a key, list all')
    .argument('[key]', 'for example journal.retention.days', '')
    .action(explainKey)
}

/** The configuration with all that was found out about it. */
function load({ config, set = [] }: FileFlags): LoadResult & { readonly name: string } {
  const read = readInput(config === undefined ? {} : { path: config })
  const flags = set.map(settingOf)
  const loaded = loadConfig({ ...read, flags, facts: exchangeFacts() })
  return { ...loaded, name: read.file?.name ?? 'environment and flags' }
}

function check(flags: FileFlags): void {
  const { config, problems, warnings, name } = load(flags)
  if (flags.json) {
    process.stdout.write(`${asciiJson({ ok: config !== null, problems, warnings })}\n`)
    if (config === null) process.exitCode = 2
    return
  }
  for (const warning of warnings) process.stderr.write(`warning: ${problemText(warning)}\n`)
  if (config === null) throw new ConfigError(problems.map(problemText))
  const markets = config.collectors.map(
    ({ exchange, market, symbols }) =>
      `${exchange} ${market} (${symbols.length} ${symbols.length === 1 ? 'symbol' : 'symbols'})`,
  )
  process.stdout.write(`${name}: right; collects ${markets.join(', ')}\n`)
}

function print(flags: FileFlags): void {
  const { config, problems, warnings, sources } = load(flags)
  for (const warning of warnings) process.stderr.write(`warning: ${problemText(warning)}\n`)
  if (config === null) throw new ConfigError(problems.map(problemText))
  process.stdout.write(printConfig(config, sources))
}

function explainKey(key: string): void {
  const { isKnown, text } = explain(key)
  if (!isKnown) throw usage(`explaining a key: ${text}`)
  process.stdout.write(`${text}\n`)
}
