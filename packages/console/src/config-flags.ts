import type { Flag } from '@cryptoflow/config'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import type { Command } from 'commander'

/** What was typed of the flags below, by their names in camelCase. */
export interface ConfigFlags {
  readonly config?: string
  readonly warehouse?: string
  readonly set?: readonly string[]
  readonly [flag: string]: unknown
}

/** Flags with a name of their own, and the key of the configuration that each sets. */
const keyFlags = [
  ['--exchange <name>', 'exchange', 'exchange; default: the first that is known'],
  ['--market <market>', 'market', 'spot, linear (margined in the quote) or inverse (in the base)'],
  ['--symbols <list>', 'symbols', 'symbols as the exchange writes them, separated by commas'],
  [
    '--streams <list>',
    'streams',
    'tables (ticks,spot_delta,bbo) or the exchange’s own channels (depth@500ms); default: every table of the market',
  ],
  ['--warehouse <dir>', 'warehouse.directory', 'warehouse directory; made when it is not there'],
  ['--ws-url <url>', 'ws_url', 'WebSocket scheme, host and port other than the exchange’s own'],
  ['--rest-url <url>', 'rest_url', 'REST address other than the exchange’s own'],
  ['--seal-ms <ms>', 'seal.every_ms', 'seal files at the latest after (30000)'],
  ['--seal-rows <rows>', 'seal.rows', 'seal files at the latest after (500000)'],
  ['--commit-ms <ms>', 'commit.every_ms', 'commit every (10000)'],
  ['--threads <n>', 'threads', '1: lane and publisher in threads of their own, 0: inline (1)'],
] as const

/** Adds the flags of a command that is told what is collected, but for those that set a key in `except`. */
export function withConfigFlags(command: Command, except: readonly string[] = []): Command {
  command.option('--config <file>', 'configuration (or CONFIG_FILE); flags win over it')
  for (const [form, key, text] of keyFlags) if (!except.includes(key)) command.option(form, text)
  return command.option('--set <key=value...>', 'any key of the configuration: journal.compression=zstd')
}

/** What was typed, as keys of the configuration. */
export function flagsOf(flags: ConfigFlags): Flag[] {
  const typed: Flag[] = []
  for (const [form, key] of keyFlags) {
    const name = form.split(' ')[0] as string
    const value = flags[camelCase(name.slice(2))]
    if (typeof value === 'string') typed.push({ key, value, name })
  }
  // Without a file somebody must say which exchange; there is one that everybody begins with.
  const isFlat = flags.symbols !== undefined && flags.exchange === undefined && flags.config === undefined
  const [first] = exchangeMarkets
  if (isFlat && first !== undefined) {
    typed.push({ key: 'exchange', value: first.exchange, name: '--exchange' })
  }
  return [...typed, ...(flags.set ?? []).map(settingOf)]
}

/** `key=value`; without `=` the key is told as wrong when it is read. */
export function settingOf(pair: string): Flag {
  const at = Math.max(pair.indexOf('='), 0)
  return { key: pair.slice(0, at), value: pair.slice(at + 1), name: '--set' }
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
