import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { loadConfig, problemText, renderTemplate, type TemplateOptions } from '@cryptoflow/config'
import { ConfigError, exchangeFacts } from '@cryptoflow/console'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import { type Command, Option } from 'commander'
import { type Ask, isAttended, withTerminal } from './ask.ts'
import { symbolExample } from './symbol-examples.ts'
import { asciiJson, listFlag, usage } from './text.ts'

interface InitFlags {
  readonly exchange?: string
  readonly market?: string
  readonly symbols?: string
  readonly streams?: string
  readonly dir?: string
  readonly out: string
  readonly yes?: boolean
  readonly force?: boolean
}

const root = join(import.meta.dirname, '..', '..', '..')

/** The command `init`: a commented configuration to begin with. */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a commented configuration, by asking or by flags')
    .option('--exchange <name>', 'exchange')
    .addOption(new Option('--market <market>', 'market').choices(['spot', 'linear', 'inverse']))
    .option('--symbols <list>', 'symbols as the exchange writes them, separated by commas')
    .option('--streams <list>', 'tables or the exchange’s own channels; default: every table')
    .option('--dir <dir>', 'warehouse directory')
    .option('--out <file>', 'where it goes', 'cryptoflow.yaml')
    .option('--yes', 'ask nothing: what is not given is the default')
    .option('--force', 'over a file that is there')
    .action(init)
}

async function init(flags: InitFlags): Promise<void> {
  if (existsSync(flags.out) && flags.force !== true) throw takenError(flags.out)
  const mayAsk = flags.yes !== true && isAttended()
  const options = mayAsk ? await withTerminal((ask) => answersOf(flags, ask)) : await answersOf(flags, null)
  const text = renderTemplate({ ...options, schema: schemaBeside(flags.out) })
  refuseProblems(flags.out, text)
  writeNew(flags.out, text, flags.force === true)
  process.stdout.write(
    [
      `written: ${flags.out}`,
      `next:    cryptoflow config check --config ${flags.out}`,
      `         cryptoflow plan --config ${flags.out}`,
      `         cryptoflow collect --config ${flags.out}`,
      '',
    ].join('\n'),
  )
}

/** What flags say, the rest by asking; without a person, the defaults. */
export async function answersOf(flags: InitFlags, ask: Ask | null): Promise<Omit<TemplateOptions, 'schema'>> {
  const answer = async (given: string | undefined, question: string, standard: string): Promise<string> => {
    if (given !== undefined || ask === null) return given ?? standard
    const typed = await ask(`${question}${standard === '' ? '' : ` [${standard}]`}: `)
    return typed === '' ? standard : typed
  }
  const exchanges = [...new Set(exchangeMarkets.map(({ exchange }) => exchange))]
  const exchange = await answer(flags.exchange, `exchange (${exchanges.join(', ')})`, exchanges[0] ?? '')
  const markets = exchangeMarkets.filter((known) => known.exchange === exchange).map(({ market }) => market)
  const market = await answer(flags.market, `market (${markets.join(', ')})`, markets[0] ?? 'spot')
  const example = symbolExample(exchange, market)
  const like = example === null ? '' : `, like ${example}`
  const symbols = listFlag(await answer(flags.symbols, `symbols, separated by commas${like}`, ''))
  const known = exchangeMarkets.find((each) => each.exchange === exchange && each.market === market)
  const tables = Object.keys(known?.collectors ?? {}).join(', ')
  const streams = listFlag(await answer(flags.streams, `tables (${tables})`, 'all'))
  const directory = await answer(flags.dir, 'warehouse directory', 'warehouse')
  if (symbols.length === 0) {
    const expected = example === null ? 'symbols by --symbols' : `--symbols ${example}`
    throw usage(`writing a configuration found no symbols; expected ${expected} or an answer`)
  }
  const isAll = streams.length === 0 || (streams.length === 1 && streams[0] === 'all')
  return { exchange, market, symbols, streams: isAll ? null : streams, directory }
}

/** What the checks would refuse is not written. */
function refuseProblems(name: string, text: string): void {
  const { problems } = loadConfig({
    file: { name, text },
    environment: [],
    flags: [],
    facts: exchangeFacts(),
  })
  if (problems.length > 0) throw new ConfigError(problems.map(problemText))
}

/** From a file in the clone, the way to the schema; elsewhere there is none. */
function schemaBeside(out: string): string | null {
  const path = resolve(out)
  if (relative(root, path).startsWith('..')) return null
  return relative(dirname(path), join(root, 'configs', 'schema.json'))
}

/** The file system decides whether it is new, not the look before. */
function writeNew(path: string, text: string, isForced: boolean): void {
  try {
    writeFileSync(path, text, { flag: isForced ? 'w' : 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw takenError(path)
    throw usage(`writing a configuration failed: ${asciiJson(String((error as Error).message))}`, { path })
  }
}

function takenError(path: string): Error {
  return usage('writing a configuration found the file there already; expected a new one, or --force', {
    path: resolve(path),
  })
}
