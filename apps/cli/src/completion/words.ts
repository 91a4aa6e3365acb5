import type { Argument, Command, Option } from 'commander'

/** What may be typed for a value: one of these, a path, or something that nobody can guess. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'directory' | 'any' }

/** A flag of a command. */
export interface FlagWord {
  /** `--warehouse`. */
  readonly name: string
  readonly text: string
  /** Null: it takes no value. */
  readonly values: Values | null
}

/** A command as a shell completes it. */
export interface CommandWords {
  /** What is typed to get there, behind the program's name: `journal ls`; empty for the program. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly text: string }[]
  readonly flags: readonly FlagWord[]
  /** Of its arguments, whichever comes. */
  readonly values: Values | null
}

/** Every command of a program, as it is declared; the program first. */
export function wordsOf(command: Command, path = ''): CommandWords[] {
  const help = command.createHelp()
  const subcommands = help.visibleCommands(command)
  const own: CommandWords = {
    path,
    commands: subcommands.map((sub) => ({ name: sub.name(), text: plain(sub.description()) })),
    flags: help.visibleOptions(command).map(flagOf),
    values: together(command.registeredArguments.map(valuesOfArgument)),
  }
  // The word that asks for help has no flags of its own.
  const declared = subcommands.filter((sub) => command.commands.includes(sub))
  return [own, ...declared.flatMap((sub) => wordsOf(sub, `${path} ${sub.name()}`.trim()))]
}

function flagOf(option: Option): FlagWord {
  const takesValue = option.required || option.optional
  const values = takesValue ? valuesOf(option.argChoices, option.flags) : null
  return { name: option.long ?? option.flags, text: plain(option.description), values }
}

function valuesOfArgument(argument: Argument): Values {
  return valuesOf(argument.argChoices, `<${argument.name()}>`)
}

/** By the choices, else by the name of the value: `<dir>`, `<file>`. */
function valuesOf(choices: readonly string[] | undefined, flags: string): Values {
  if (choices !== undefined) return { kind: 'words', words: choices }
  const name = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? ''
  if (/dir|journal/.test(name)) return { kind: 'directory' }
  return { kind: /file|path/.test(name) ? 'file' : 'any' }
}

/** One kind of value for all arguments: paths win, since a shell completes them best. */
function together(all: readonly Values[]): Values | null {
  return all.find(({ kind }) => kind !== 'any') ?? all[0] ?? null
}

/** One line of printable ASCII: shells differ about everything else. */
function plain(text: string): string {
  return text.replaceAll('’', "'").replace(/[^\x20-\x7e]+/g, ' ')
}
