import type { Flag } from '@cryptoflow/config'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import type { Command } from 'commander'

/** What was typed of the flags below. */
export interface ConfigFlags {
  readonly config?: string
  readonly exchange?: string
  readonly market?: string
  readonly symbols?: string
  readonly streams?: string
  readonly warehouse?: string
  readonly wsUrl?: string
  readonly restUrl?: string
  readonly set?: readonly string[]
}

const keyFlags = [
  ['--exchange <name>', 'exchange', 'exchange', 'exchange; default: the first that is known'],
  ['--market <market>', 'market', 'market', 'spot, linear or inverse'],
  ['--symbols <list>', 'symbols', 'symbols', 'symbols as the exchange writes them, separated by commas'],
  ['--streams <list>', 'streams', 'streams', 'tables or the exchange’s own channels; default: every table'],
  ['--warehouse <dir>', 'warehouse', 'warehouse.directory', 'warehouse directory'],
  ['--ws-url <url>', 'wsUrl', 'ws_url', 'WebSocket address other than the exchange’s own'],
  ['--rest-url <url>', 'restUrl', 'rest_url', 'REST address other than the exchange’s own'],
] as const

/** Adds the flags of a command that is told what `collect` would be told. */
export function withConfigFlags(command: Command): Command {
  command.option('--config <file>', 'configuration (or CONFIG_FILE); flags win over it')
  for (const [form, , , text] of keyFlags) command.option(form, text)
  return command.option('--set <key=value...>', 'any key of the configuration: journal.compression=zstd')
}

/** What was typed, as keys of the configuration. */
export function flagsOf(flags: ConfigFlags): Flag[] {
  const typed: Flag[] = keyFlags.flatMap(([form, name, key]) => {
    const value = flags[name]
    return value === undefined ? [] : [{ key, value, name: form.split(' ')[0] as string }]
  })
  // Without a file somebody must say which exchange; there is one that everybody begins with.
  const [first] = exchangeMarkets
  const isFlat = flags.symbols !== undefined && flags.exchange === undefined && flags.config === undefined
  if (isFlat && first !== undefined)
    typed.push({ key: 'exchange', value: first.exchange, name: '--exchange' })
  return [...typed, ...(flags.set ?? []).map(settingOf)]
}

/** `key=value`; without `=` the key is told as wrong when it is read. */
export function settingOf(pair: string): Flag {
  const at = Math.max(pair.indexOf('='), 0)
  return { key: pair.slice(0, at), value: pair.slice(at + 1), name: '--set' }
}
